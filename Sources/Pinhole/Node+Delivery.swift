import PinholeCore
package import PinholeWire

// MARK: What was seen

extension Node {
    /// Notes that somebody has seen a message of a contact, and those before it; the contact is told so unless
    /// ``NodeConfiguration/sendsReadReceipts`` is off.
    ///
    /// A message that was not noted is given again by ``Profile/unread(from:limit:)``, also after a crash.
    public func markRead(_ message: MessageReference) async throws(PinholeError) {
        try await onDisk { node throws(PinholeError) in try node.profile.markRead(message) }
        guard configuration.sendsReadReceipts else { return }
        perform { $0.endpoint.read(message.messageID, from: message.contact.key, at: $1) }
    }

    /// The person types a message to a contact, or has stopped without sending one. It may be called for each key;
    /// with ``NodeConfiguration/tellsTyping`` off nobody hears of it.
    public func setTyping(_ isTyping: Bool, to key: PublicKey) {
        guard configuration.tellsTyping else { return }
        perform { $0.endpoint.setTyping(isTyping, to: key.key, at: $1) }
    }

    /// Who is there at the moment, as far as anybody tells.
    public func presence() async -> [PublicKey: Presence] {
        await ask(\.presence) ?? [:]
    }

    /// Waits until the services have said who is there, or for `timeout`: a node that has just started knows nobody.
    public func presenceSettled(within timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        while ContinuousClock.now < deadline {
            if await ask(\.hasHeardServices) ?? true { return }
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }
}

// MARK: The outbox

extension Node {
    /// What became of an attempt to cancel a message.
    public enum Cancellation: Hashable, Sendable {
        /// It has certainly not been sent, and never will be.
        case cancelled
        /// It will not be sent again, but may have arrived.
        case mayHaveArrived
        /// The contact has it.
        case delivered
        /// It had been given up before.
        case failedBefore
    }

    /// Gives up on a message that has not arrived.
    ///
    /// Throws ``PinholeError/Code/usage`` when there is no such message.
    public func cancel(_ message: MessageReference) async throws(PinholeError) -> Cancellation {
        let outcome = try await onDisk { node throws(PinholeError) in try node.profile.cancel(message) }
        switch outcome {
        case .cancelled, .mayHaveArrived:
            perform { $0.cancel(message.messageID, to: message.contact, at: $1) }
            let failure: Message.Failure = outcome == .cancelled ? .cancelled : .cancelledAfterSending
            hub.publish(.failed(message, failure))
        case .delivered, .failedBefore: break
        }
        return outcome
    }

    /// Tries at once to reach the contacts that something waits for, whatever pause there was to be: one, or all.
    public func retryOutbox(to key: PublicKey? = nil) async throws(PinholeError) {
        let waiting = try await fromDisk { node throws(PinholeError) in
            Set(try node.profile.outbox(to: key).map(\.contact))
        }
        perform { core, now in
            for key in waiting { core.endpoint.retry(key.key, at: now) }
        }
    }
}

extension Profile {
    /// What was accepted and has not arrived, in order: for one contact or for all; with `failed` also what was given up.
    public func outbox(to key: PublicKey? = nil, failed: Bool = false) throws(PinholeError) -> [Message] {
        try store.outbox(to: key, failed: failed).map(\.message)
    }

    /// The messages that nobody has seen, in order: of one contact, or of all.
    public func unread(from key: PublicKey? = nil, limit: Int = .max) throws(PinholeError) -> [Message] {
        try store.unread(from: key, limit: limit).map(\.message)
    }

    /// Notes that somebody has seen a message of a contact, and those before it. Where a node runs with this profile,
    /// ``Node/markRead(_:)`` tells the contact too.
    public func markRead(_ message: MessageReference) throws(PinholeError) {
        try store.markRead(message.messageID, from: message.contact)
    }

    /// When contacts were last connected, unix milliseconds by this machine's clock at that time.
    public func lastSeen() throws(PinholeError) -> [PublicKey: UInt64] {
        try store.lastSeen()
    }

    /// Gives up on a message that has not arrived, where no node runs with this profile. See ``Node/cancel(_:)``.
    public func cancel(_ message: MessageReference) throws(PinholeError) -> Node.Cancellation {
        switch try store.cancel(message.messageID, to: message.contact, at: WallClock.unixMilliseconds) {
        case .cancelled(.cancelled): return .cancelled
        case .cancelled(.cancelledAfterSending): return .mayHaveArrived
        case .tooLate(.failed): return .failedBefore
        case .tooLate: return .delivered
        case .unknown:
            throw PinholeError(.usage, "there is no message \(message.id)", hint: "pinhole outbox list names them")
        }
    }
}

extension MessageReference {
    package var messageID: MessageID { MessageID(epoch: epoch, counter: counter) }

    /// Names a message that was received.
    public init(_ message: IncomingMessage) {
        self.init(contact: message.contact, epoch: message.epoch, counter: message.counter)
    }

    /// Names a message of the history.
    public init(_ message: Message) {
        self.init(contact: message.contact, epoch: message.epoch, counter: message.counter)
    }
}
