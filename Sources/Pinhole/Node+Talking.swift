import Dispatch
import PinholeCore
import PinholeWire

/// Sessions, messages and pings.
extension Node {
    /// Sets up a session with a contact, or reports the one that there is.
    ///
    /// Throws what kept it from happening: ``PinholeError/Code/peerOffline``, ``PinholeError/Code/noDirectPath``,
    /// ``PinholeError/Code/unreachableService``, or ``PinholeError/Code/timedOut``.
    @discardableResult
    public func connect(to key: PublicKey, timeout: Duration) async throws(PinholeError) -> PathReport {
        let name = try await fromDisk { node throws(PinholeError) in try node.requireOther(key) }
        let (events, isInMemory) = (events(), isInMemory)
        perform { $0.endpoint.connect(to: key.key, at: $1) }
        if let path = await ask({ $0.path(to: key) }) ?? nil { return path }
        if await ask({ $0.undecided.contains(key) }) ?? false { throw .undecided(name) }
        return try await first(in: events, within: timeout) { event in
            switch event {
            case .connected(key, let path): .success(path)
            // In memory there is no service to ask: who is not there yet may come at any moment.
            case .unreachable(key, let error):
                isInMemory && error.code == .unreachableService ? nil : .failure(error)
            default: Self.refusal(in: event, of: key).map { .failure($0) }
            }
        } orThrow: {
            PinholeError(.timedOut, "\(name) could not be reached within \(timeout.seconds) s")
        }
    }

    /// Ends the session with a contact.
    public func disconnect(from key: PublicKey) {
        perform { $0.endpoint.disconnect(from: key.key, at: $1) }
    }

    /// Accepts a message: when this returns it is on disk, and it will be delivered, by a later run if need be.
    ///
    /// A note to oneself, that is to a contact with one's own key, is read at once.
    ///
    /// Who cannot know whether an earlier call was carried out, as the process that was asked died, asks again with the
    /// same `token`, which should be random: a message that was accepted with it is not accepted twice.
    public func send(
        _ text: String, to key: PublicKey, token: String? = nil
    ) async throws(PinholeError) -> MessageReference {
        try await accept(text, to: key, token: token) { _ in }
    }

    /// The same; `stored` hears the message's name before anything can be heard of its delivery.
    func accept(
        _ text: String, to key: PublicKey, token: String? = nil,
        stored: @escaping @Sendable (MessageReference) -> Void
    ) async throws(PinholeError) -> MessageReference {
        try await onDisk { node throws(PinholeError) in
            try node.keep(text, to: key, token: token, stored: stored)
        }
    }

    /// One message after another: they must reach the loop in the order in which the store numbered them.
    private func keep(
        _ text: String, to key: PublicKey, token: String?, stored: (MessageReference) -> Void
    ) throws(PinholeError) -> MessageReference {
        try requireContact(key)
        if let token, let known = try profile.store.message(withToken: token, to: key) {
            return MessageReference(contact: key, epoch: known.epoch, counter: known.counter)
        }
        let isNote = key == profile.identity.publicKey
        let time = WallClock.unixMilliseconds
        // What goes to a live session is on its way as soon as it is stored: no second word of the disk is waited for.
        let isLive = liveSessions.contains(key)
        let state: Message.State = isNote ? .read : isLive ? .sent : .queued
        let message = try profile.store.append([text], to: key, sentAt: time, as: state, token: token)[0]
        let reference = MessageReference(contact: key, epoch: message.id.epoch, counter: message.id.counter)
        stored(reference)
        hub.publish(.queued(reference, text: text, sentAt: time))
        if isNote {
            hub.publish(.delivered(reference))
            hub.publish(.read(reference))
        } else {
            perform { $0.send(message, isReleased: isLive, to: key, at: $1) }
        }
        return reference
    }

    /// Waits until the contact has a message on disk.
    ///
    /// Throws when the contact turns out to be unreachable, or after `timeout`; the message stays in the outbox. Of messages
    /// that were removed from the history the newest 10,000 are remembered; of others nothing is known, and
    /// ``PinholeError/Code/usage`` is thrown.
    public func delivered(_ message: MessageReference, timeout: Duration) async throws(PinholeError) {
        let events = events()
        let recipient = try await fromDisk { node throws(PinholeError) in try node.recipient(awaiting: message) }
        guard let name = recipient else { return }
        try await first(in: events, within: timeout) { event in
            switch event {
            case .delivered(message): .success(())
            case .failed(message, let reason): .failure(Self.failure(reason))
            case .unreachable(message.contact, let error): .failure(error)
            default: Self.refusal(in: event, of: message.contact).map { .failure($0) }
            }
        } orThrow: {
            PinholeError(
                .peerOffline, "\(name) has not received the message within \(timeout.seconds) s",
                hint: "it stays in the outbox and is delivered when you are both online")
        }
    }

    /// The name of the contact who has not got a message yet; nil where he has it.
    private func recipient(awaiting message: MessageReference) throws(PinholeError) -> String? {
        let id = message.messageID
        let known = try profile.store.outgoingMessage(id, to: message.contact)
        let state: Message.State? =
            if let known { known.state } else { try profile.store.outcome(of: id, to: message.contact) }
        switch state {
        case .delivered, .read: return nil
        case .failed: throw Self.failure(known?.failure)
        case .queued, .sent: return try requireContact(message.contact)
        case nil:
            throw PinholeError(
                .usage, "nothing is known of a message \(message.id)",
                hint: "it was never accepted here, or its record was removed long ago")
        }
    }

    private static func failure(_ reason: Message.Failure?) -> PinholeError {
        switch reason {
        case .cancelled: PinholeError(.other, "the message was cancelled")
        case .cancelledAfterSending:
            PinholeError(.other, "the message was cancelled, and may have arrived all the same")
        case nil: PinholeError(.other, "the message will not be sent again")
        }
    }

    /// Measures the round trip to a contact, connecting first if need be.
    public func ping(_ key: PublicKey, timeout: Duration) async throws(PinholeError) -> PingReport {
        try await connect(to: key, timeout: timeout)
        let name = try await fromDisk { node throws(PinholeError) in try node.requireOther(key) }
        let pong = Expectation<Duration> {
            PinholeError(.timedOut, "\(name) did not answer the ping within \(timeout.seconds) s")
        }
        perform { $0.ping(key, pong, at: $1) }
        let rtt = try await value(of: pong.task, within: timeout)
        guard let path = await ask({ $0.path(to: key) }) ?? nil else {
            throw PinholeError(.peerOffline, "\(name) left while being pinged")
        }
        return PingReport(rtt: rtt, path: path)
    }

    /// The name of a contact who is somebody else.
    @discardableResult
    func requireOther(_ key: PublicKey) throws(PinholeError) -> String {
        let name = try requireContact(key)
        guard key != profile.identity.publicKey else {
            throw PinholeError(.usage, "\(name) is you", hint: "only messages can be sent to oneself, as notes")
        }
        return name
    }

    @discardableResult
    func requireContact(_ key: PublicKey) throws(PinholeError) -> String {
        guard let contact = try profile.contact(with: key) else {
            throw PinholeError(.usage, "\(key) is not a contact", hint: "add it first: pinhole contact add NAME \(key)")
        }
        if let obstacle = contact.obstacle { throw obstacle }
        return contact.name
    }

    /// Runs what waits for the disk where no other task waits with it: one after another, in the order of the calls.
    func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable (Node) throws(PinholeError) -> Value
    ) async throws(PinholeError) -> Value {
        try await result(of: body, on: profile.disk)
    }

    /// The same for what only reads, in any order: what is written meanwhile does not hold it up.
    func fromDisk<Value: Sendable>(
        _ body: @escaping @Sendable (Node) throws(PinholeError) -> Value
    ) async throws(PinholeError) -> Value {
        try await result(of: body, on: profile.reads)
    }

    private func result<Value: Sendable>(
        of body: @escaping @Sendable (Node) throws(PinholeError) -> Value, on queue: DispatchQueue
    ) async throws(PinholeError) -> Value {
        let result: Result<Value, PinholeError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { () throws(PinholeError) in try body(self) })
            }
        }
        return try result.get()
    }
}
