package import PinholeWire

/// A message of the history, in either direction.
public struct Message: Identifiable, Hashable, Sendable {
    /// Who wrote it.
    public enum Direction: String, Sendable, CaseIterable {
        /// The contact.
        case incoming
        /// This person.
        case outgoing
    }

    /// How far it has come.
    public enum State: String, Sendable, CaseIterable {
        /// On this disk, and certainly not yet sent.
        case queued
        /// On its way, and not yet confirmed.
        case sent
        /// On the receiver's disk.
        case delivered
        /// Seen by the receiver.
        case read
        /// It will not be sent again; ``Message/failure`` says why.
        case failed
    }

    /// Why a message will not be sent again.
    public enum Failure: String, Sendable, CaseIterable {
        /// It was cancelled before it was sent.
        case cancelled
        /// It was cancelled when it may have been sent: whether it arrived is not known.
        case cancelledAfterSending = "cancelled-after-sending"
    }

    /// The other side.
    public let contact: PublicKey
    /// Who wrote it.
    public let direction: Direction
    /// The epoch of the sender's outbox, part of the message's name.
    public let epoch: UInt64
    /// The message's number in its epoch, from 1.
    public let counter: UInt64
    /// What was written. It may hold anything: escape control characters before showing it on a terminal.
    public let text: String
    /// Unix milliseconds by the sender's clock; for an incoming message a claim.
    public let sentAt: UInt64
    /// Unix milliseconds by this machine's clock: when it arrived here, or when its delivery was confirmed.
    public let receivedAt: UInt64?
    /// How far it has come.
    public let state: State
    /// Why it failed, where it did and that is known.
    public let failure: Failure?

    package init(
        contact: PublicKey, direction: Direction, epoch: UInt64, counter: UInt64, text: String, sentAt: UInt64,
        receivedAt: UInt64?, state: State, failure: Failure? = nil
    ) {
        self.contact = contact
        self.direction = direction
        self.epoch = epoch
        self.counter = counter
        self.text = text
        self.sentAt = sentAt
        self.receivedAt = receivedAt
        self.state = state
        self.failure = failure
    }

    /// The name in one word, the same on both sides.
    public var id: String { messageName(epoch: epoch, counter: counter) }

    package var messageID: MessageID { MessageID(epoch: epoch, counter: counter) }
}
