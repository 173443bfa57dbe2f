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
    ///
    /// Without `isReleased`, `messagesWait` asks for ``release(_:to:at:)`` before it leaves.
    package func send(
        _ message: ChatMessage, isReleased: Bool = true, to key: IdentityKey, at now: Instant
    ) {
        with(key) { $0.enqueue(message, isReleased: isReleased, at: now) }
        hurryBeacons(to: key, at: now)
    }

    /// The disk says of these messages that they may have been sent: now they may.
    package func release(_ ids: some Sequence<MessageID>, to key: IdentityKey, at now: Instant) {
        with(key) { $0.outbox.release(Set(ids)) }
    }

    /// The disk could not be asked: `messagesWait` comes again with the next session.
    package func askAgain(_ ids: some Sequence<MessageID>, to key: IdentityKey, at now: Instant) {
        with(key) { connection in
            connection.outbox.askAgain(Set(ids))
            // Not at once: what failed would fail again.
            connection.storingFailed(at: now)
        }
    }

    /// Gives up on a message; it may have been sent already. Returns whether it was still waiting.
    @discardableResult
    package func cancel(_ id: MessageID, to key: IdentityKey, at now: Instant) -> Bool {
        var wasWaiting = false
        with(key) { wasWaiting = $0.cancel(id) }
        return wasWaiting
    }

    /// Somebody has seen this message of a contact, and those of its epoch before it: the contact is told.
    package func read(_ id: MessageID, from key: IdentityKey, at now: Instant) {
        with(key) { $0.read(id) }
    }

    /// The person types a message to a contact, or has stopped. It may be called for each key: it is told now and then.
    package func setTyping(_ isTyping: Bool, to key: IdentityKey, at now: Instant) {
        with(key) { $0.setTyping(isTyping, at: now) }
    }

    /// Tries at once to reach the contacts that something waits for, whatever pause there was to be.
    package func retry(_ key: IdentityKey, at now: Instant) {
        with(key) { $0.connectNow(at: now) }
        hurryBeacons(to: key, at: now)
    }

    /// Tells whoever holds the invite with the key `guest`, if he is there, what comes of his introduction.
    package func answer(_ verdict: InviteRecord.Verdict, to guest: IdentityKey, at now: Instant) {
        with(guest) { $0.answer(verdict) }
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

    /// Offers a file or a folder; `fileAccepted` follows once the contact wants it.
    package func offer(_ offer: FileOffer, to key: IdentityKey, at now: Instant) {
        with(key) { $0.offer(offer, at: now) }
    }

    /// Accepts an offer, of which so much is here already.
    package func accept(_ transfer: UInt64, _ holdings: FileHoldings, from key: IdentityKey, at now: Instant) {
        with(key) { $0.accept(transfer, holdings) }
    }

    /// Takes an offer neither now nor never; what comes of it is not wanted until it is accepted again.
    package func postpone(
        _ transfer: UInt64, _ reason: FileRecord.Postponement, from key: IdentityKey, at now: Instant
    ) {
        with(key) { $0.postpone(transfer, reason) }
    }

    /// Declines an offer, or gives up a transfer in either direction.
    package func refuse(_ transfer: UInt64, _ reason: FileRecord.Refusal, with key: IdentityKey, at now: Instant) {
        with(key) { $0.refuse(transfer, reason) }
    }

    /// What `fileOffered` told is noted, or cannot be. While too much is not, the contact is read no further.
    package func offerNoted(_ transfer: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.incomingFiles.offerNoted(transfer) }
    }

    /// The same of what one `fileRefused` told.
    package func refusalNoted(from key: IdentityKey, at now: Instant) {
        with(key) { $0.incomingFiles.endNoted() }
    }

    /// Asks a connected contact about what it offered in an earlier session and not in this one: `fileRefused` follows if it
    /// never will again.
    package func inquire(_ transfer: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.inquire(transfer) }
    }

    /// Answers `fileInquired`, or tells who may ask: a transfer that is not offered never will be again.
    package func disown(_ transfer: UInt64, _ reason: FileRecord.Refusal, with key: IdentityKey, at now: Instant) {
        with(key) { $0.disown(transfer, reason) }
    }

    /// Answers `fileAccepted`: what ``provide(_:for:isLast:to:at:)`` gives begins with this group.
    package func begin(_ transfer: UInt64, group: UInt64, to key: IdentityKey, at now: Instant) {
        with(key) { $0.begin(transfer, group: group) }
    }

    /// The bytes that `fileWanted` asked for, at any time later, few or many; nothing follows them if `isLast`.
    package func provide(
        _ bytes: [UInt8], for transfer: UInt64, isLast: Bool, to key: IdentityKey, at now: Instant
    ) {
        with(key) { $0.provide(bytes, for: transfer, isLast: isLast) }
    }

    /// `count` bytes more of what `fileData` gave were written. Who falls ``Limits/maxUnwritten`` behind gets no more.
    package func fileWritten(_ count: Int, of transfer: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.incomingFiles.written(count, of: transfer) }
    }

    /// What `fileData` gave is needed no more: the next bytes come in its memory.
    package func reuse(_ memory: [UInt8], from key: IdentityKey) {
        with(key) { $0.session?.transport.reuse(memory) }
    }

    /// An incoming file was verified and stored under its final name.
    package func fileStored(_ transfer: UInt64, from key: IdentityKey, at now: Instant) {
        with(key) { $0.fileStored(transfer) }
    }

    /// The addresses at which a contact can be reached without a service, in place of those of before. One that is new
    /// is called at once where the contact is wanted.
    package func setDirect(_ addresses: [TransportAddress], of key: IdentityKey, at now: Instant) {
        with(key) { connection in
            var current: [TransportAddress] = []
            for address in addresses where !current.contains(address) { current.append(address) }
            let former = connection.directAddresses
            guard current != former else { return }
            connection.directAddresses = current
            if !current.allSatisfy({ former.contains($0) }) { connection.connectNow(at: now) }
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

    /// What `body` says of a contact's connection; nil for a key that is no contact's.
    @discardableResult
    func with<Value>(_ key: IdentityKey, _ body: (Connection) -> Value) -> Value? {
        guard let slot = slots[key], let connection = connections[slot] else { return nil }
        defer { settleLater(slot) }
        return body(connection)
    }
}
