import PinholeCore
package import PinholeCrypto

/// What came on a stream.
package struct ByteStreamLog: Equatable {
    package var name: String
    package var bytes: [UInt8] = []
    /// The end of it, or the code with which the peer gave it up.
    package var end: End?

    package init(name: String, bytes: [UInt8] = [], end: End? = nil) {
        self.name = name
        self.bytes = bytes
        self.end = end
    }

    package enum End: Equatable { case fin, reset(UInt64), lost }
}

extension Peer {
    /// Opens a stream and returns its handle.
    package func openStream(_ name: String, to key: IdentityKey) -> UInt64? {
        let handle = endpoint.openStream(Array(name.utf8), to: key, at: world.now)
        if let handle { streams[handle] = ByteStreamLog(name: name) }
        return handle
    }

    /// Opens a stream, and writes all of `content` and its end as there is room. Returns whether there is a stream.
    package func openStream(_ name: String, _ content: [UInt8], to key: IdentityKey) -> Bool {
        guard let handle = openStream(name, to: key) else { return false }
        unwritten[handle] = content[...]
        writeStream(handle, of: key)
        drain()
        return true
    }

    func writeStream(_ handle: UInt64, of key: IdentityKey) {
        guard let rest = unwritten[handle] else { return }
        switch endpoint.room(onStream: handle, of: key) {
        case .full: return
        case .stopped, .lost: unwritten[handle] = nil
        case .room(let room):
            let part = rest.prefix(room)
            unwritten[handle] = part.count < rest.count ? rest.dropFirst(part.count) : nil
            endpoint.write(
                Array(part), fin: part.count == rest.count, toStream: handle, of: key, at: world.now)
        }
    }

    /// Reads what has come, unless the test wants it to stay.
    package func readStream(_ handle: UInt64, of key: IdentityKey) {
        guard readsStreams, streams[handle] != nil else { return }
        while true {
            switch endpoint.readStream(handle, of: key, upTo: 65_536, at: world.now) {
            case .bytes(let bytes): streams[handle]?.bytes += bytes
            case .nothing: return
            case .end: streams[handle]?.end = .fin
            case .reset(let code): streams[handle]?.end = .reset(code)
            case .lost: if streams[handle]?.end == nil { streams[handle]?.end = .lost }
            }
            guard streams[handle]?.end != nil else { continue }
            if closesStreams {
                endpoint.write([], fin: true, toStream: handle, of: key, at: world.now)
                if unwritten[handle] == nil { endpoint.closeStream(handle, of: key, code: 0, at: world.now) }
            }
            return
        }
    }
}
