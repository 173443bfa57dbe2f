package import PinholeCrypto
package import PinholeWire

// What the application asks for. Keys that are no contact's are ignored.

extension Endpoint {
    /// Asks for a session with a contact; `connected` or `unreachable` follows.
    package func connect(to key: IdentityKey, at now: Instant) {
        with(key) { $0.connect(at: now) }
        hurryBeacons(to: key, at: now)
    }

    /// Ends the session with a contact, politely.
    package func disconnect(from key: IdentityKey, at now: Instant) {
        with(key) { $0.disconnect(at: now) }
    }

    /// Whether a connected contact still has something to acknowledge, or to be told that it arrived here.
    package var hasUnacknowledged: Bool {
        connections.values.contains { $0.session?.transport.hasUnacknowledged ?? false }
    }

    /// Says goodbye to everybody: sessions are closed and registrations ended.
    package func shutDown(at now: Instant) {
        for (slot, connection) in connections {
            connection.disconnect(at: now)
            settleLater(slot)
        }
        for index in clients.indices { clients[index].unregister(at: now) }
        settleClients(at: now)
    }

    /// Accepts a message for a contact; `delivered` follows when the contact has it on disk.
    package func send(_ message: ChatMessage, to key: IdentityKey, at now: Instant) {
        with(key) { $0.enqueue(message, at: now) }
        hurryBeacons(to: key, at: now)
    }

    /// The application has a message of `key` on disk.
    package func stored(_ id: MessageID, from key: IdentityKey, at now: Instant) {
        with(key) { $0.stored(id) }
    }

    /// The application could not store a message: nothing more is taken from the contact until a new session.
    package func storingFailed(from key: IdentityKey, at now: Instant) {
        forgetMessages(from: key)
        with(key) { $0.storingFailed(at: now) }
    }

    /// Measures the round trip to a connected contact; `pong` follows.
    package func ping(_ key: IdentityKey, at now: Instant) {
        with(key) { $0.ping(at: now) }
    }

    /// Offers a file; its bytes are asked for by `fileWanted` once the contact accepts.
    package func offer(
        _ transfer: UInt64, size: UInt64, hash: [UInt8], name: String, to key: IdentityKey, at now: Instant
    ) {
        with(key) { $0.offer(transfer, size: size, hash: hash, name: name, at: now) }
    }

    /// Accepts an offered file, of which the first `offset` bytes are here already.
    package func accept(_ transfer: UInt64, offset: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.accept(transfer, offset: offset) }
    }

    /// Declines an offer, or gives up a transfer in either direction.
    package func refuse(_ transfer: UInt64, _ reason: FileRecord.Refusal, with key: IdentityKey, at now: Instant) {
        with(key) { $0.refuse(transfer, reason) }
    }

    /// The bytes that `fileWanted` asked for, at any time later; or the first of them.
    package func provide(_ bytes: [UInt8], for transfer: UInt64, to key: IdentityKey, at now: Instant) {
        with(key) { $0.provide(bytes, for: transfer) }
    }

    /// `count` bytes more of what `fileData` gave were written. Who falls ``Limits/maxUnwritten`` behind gets no more.
    package func fileWritten(_ count: Int, of transfer: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.incomingFiles.written(count, of: transfer) }
    }

    /// An incoming file was verified and stored under its final name.
    package func fileStored(_ transfer: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.fileStored(transfer) }
    }

    /// More addresses at which a contact can be reached without a service.
    package func addDirect(_ addresses: [TransportAddress], of key: IdentityKey, at now: Instant) {
        with(key) { connection in
            connection.directAddresses += addresses.filter { !connection.directAddresses.contains($0) }
            connection.connectNow(at: now)
        }
    }

    /// The shell opened the socket that ``Output/openSockets(_:_:)`` asked for, at this local port; `nil` if it could not.
    package func didOpen(_ socket: SocketID, port: UInt16?, at now: Instant) {
        environment.sockets.didOpen(socket, port: port)
        measurementDidOpen(socket, port: port, at: now)
    }

    /// A contact that is called and may be near hears so now, and not with the next beacon.
    private func hurryBeacons(to key: IdentityKey, at now: Instant) {
        guard let slot = slots[key], connections[slot]?.isCalling ?? false else { return }
        beacons.hurry(at: now)
    }

    private func with(_ key: IdentityKey, _ body: (Connection) -> Void) {
        guard let slot = slots[key], let connection = connections[slot] else { return }
        body(connection)
        settleLater(slot)
    }
}
