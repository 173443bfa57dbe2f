package import PinholeCrypto
package import PinholeWire

// Streams of bytes with connected contacts. A stream that is over, or whose contact is gone, is lost.

extension Endpoint {
    /// Opens a stream of a name to a connected contact; nil when there is no session, or too many are open.
    package func openStream(_ name: [UInt8], to key: IdentityKey, at now: Instant) -> UInt64? {
        with(key) { $0.openStream(name) } ?? nil
    }

    /// Takes a stream that a contact opened: from now on there are two directions.
    package func answerStream(_ handle: UInt64, of key: IdentityKey, at now: Instant) {
        with(key) { $0.answerStream(handle) }
    }

    /// Whether the contact has taken a stream of ours: `.nothing` until then, `.end` when it has.
    package func answer(ofStream handle: UInt64, of key: IdentityKey) -> ByteStreamRead {
        with(key) { $0.answer(ofStream: handle) } ?? .lost
    }

    /// How much may be written to a stream now.
    package func room(onStream handle: UInt64, of key: IdentityKey) -> ByteStreamRoom {
        with(key) { $0.room(onStream: handle) } ?? .lost
    }

    /// Writes to a stream, and ends this direction if `fin`.
    package func write(_ bytes: [UInt8], fin: Bool, toStream handle: UInt64, of key: IdentityKey, at now: Instant) {
        with(key) { $0.write(bytes, fin: fin, toStream: handle, at: now) }
    }

    /// Takes up to `limit` bytes that came, which gives the contact credit for as many.
    package func readStream(
        _ handle: UInt64, of key: IdentityKey, upTo limit: Int, at now: Instant
    ) -> ByteStreamRead {
        with(key) { $0.readStream(handle, upTo: limit, at: now) } ?? .lost
    }

    /// Gives up what has not ended of a stream, and forgets it.
    package func closeStream(_ handle: UInt64, of key: IdentityKey, code: UInt64, at now: Instant) {
        with(key) { $0.closeStream(handle, code: code) }
    }

    /// Whether messages of a contact stay unread for now, so that its credit ends and not our memory.
    package func holdMessages(_ isHeld: Bool, from key: IdentityKey, at now: Instant) {
        with(key) { $0.holdChat(isHeld) }
    }
}
