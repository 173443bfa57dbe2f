/// Something that happened at a ``Node``, in the order in which it happened.
public enum NodeEvent: Sendable {
    /// The service answers, and sees this node at the `observed` addresses (`host:port`).
    case serviceUp(ServiceAddress, observed: [String])
    /// The service does not answer; the node keeps trying.
    case serviceDown(ServiceAddress, reason: Phrase)
    /// A session with the contact is being set up.
    case connecting(PublicKey)
    /// A session is up, over the path named.
    case connected(PublicKey, PathReport)
    /// The session goes on over another path.
    case pathChanged(PublicKey, PathReport)
    /// The session has ended.
    case disconnected(PublicKey, reason: Phrase)
    /// No session could be set up.
    case unreachable(PublicKey, PinholeError)
    /// A message arrived and is on disk.
    case message(IncomingMessage)
    /// A message was accepted here and is on disk; `sentAt` is in Unix milliseconds by this machine's clock.
    case queued(MessageReference, text: String, sentAt: UInt64)
    /// The message is on its way, for the first time since the node started.
    case sent(MessageReference)
    /// The contact has the message on disk.
    case delivered(MessageReference)
    /// Somebody has seen the message.
    case read(MessageReference)
    /// The message will not be sent again.
    case failed(MessageReference, Message.Failure)
    /// The contact types a message, or has stopped.
    case typing(PublicKey, Bool)
    /// The contact came online, or went.
    case presence(PublicKey, isOnline: Bool)
    /// Another node runs with this identity, seen at that address: contacts reach only one of the two.
    case identityElsewhere(String?)
    /// A contact offers a file; under ``NodeConfiguration/FilePolicy/ask`` it waits for an answer.
    case fileOffered(TransferReference, from: PublicKey, name: String, size: UInt64)
    /// The bytes of a file begin to flow: from the start, or behind the `done` bytes that the receiver has already.
    case fileBegan(TransferReference, name: String, done: UInt64, total: UInt64)
    /// A file waits at the receiver, for an answer or for room; it goes on by itself.
    case fileWaiting(TransferReference, name: String, reason: Phrase)
    /// Bytes of a file, in either direction, that are done.
    case fileProgress(TransferReference, done: UInt64, total: UInt64)
    /// A file is complete, verified and on disk at `path`.
    case fileReceived(TransferReference, path: String)
    /// The contact has the whole file, verified and on disk.
    case fileSent(TransferReference)
    /// A transfer ended without its file.
    case fileFailed(TransferReference, reason: Phrase)
    /// Somebody used an invite of this person's: he waits for an answer, or is a contact already
    /// (``NodeConfiguration/acceptsInvited``).
    case contactRequested(ContactRequest, isAccepted: Bool)
    /// The maker of an invite that was used here has answered.
    case inviteAnswered(PublicKey, name: String, InviteAnswer)
    /// Something that a person may want to know.
    case notice(Phrase)
}

extension NodeEvent {
    /// Whom the event is about.
    package var contact: PublicKey? {
        switch self {
        case .connecting(let key), .connected(let key, _), .pathChanged(let key, _), .disconnected(let key, _),
            .unreachable(let key, _), .fileOffered(_, let key, _, _), .typing(let key, _), .presence(let key, _),
            .inviteAnswered(let key, _, _):
            key
        case .message(let message): message.contact
        case .queued(let message, _, _), .sent(let message), .delivered(let message), .read(let message),
            .failed(let message, _):
            message.contact
        case .fileBegan(let transfer, _, _, _), .fileWaiting(let transfer, _, _), .fileProgress(let transfer, _, _),
            .fileReceived(let transfer, _), .fileSent(let transfer), .fileFailed(let transfer, _):
            transfer.contact
        case .serviceUp, .serviceDown, .identityElsewhere, .contactRequested, .notice: nil
        }
    }
}

/// The name of a message, in either direction.
public struct MessageReference: Hashable, Sendable {
    /// The other side.
    public let contact: PublicKey
    /// The epoch of the sender's outbox, part of the message's name.
    public let epoch: UInt64
    /// The message's number in its epoch, from 1.
    public let counter: UInt64

    /// Names the message `counter` of `epoch` to or from `contact`.
    public init(contact: PublicKey, epoch: UInt64, counter: UInt64) {
        self.contact = contact
        self.epoch = epoch
        self.counter = counter
    }

    /// The name in one word, the same on both sides.
    public var id: String { messageName(epoch: epoch, counter: counter) }
}

/// A message from a contact.
public struct IncomingMessage: Hashable, Sendable {
    /// Who sent it: proved by the session it came in.
    public let contact: PublicKey
    /// The epoch of the sender's outbox, part of the message's name.
    public let epoch: UInt64
    /// The message's number in its epoch, from 1.
    public let counter: UInt64
    /// What was written. It may hold anything: escape control characters before showing it on a terminal.
    public let text: String
    /// Unix milliseconds by the sender's clock: a claim.
    public let sentAt: UInt64
    /// Unix milliseconds by this machine's clock.
    public let receivedAt: UInt64

    /// A message as it was received.
    public init(
        contact: PublicKey, epoch: UInt64, counter: UInt64, text: String, sentAt: UInt64, receivedAt: UInt64
    ) {
        self.contact = contact
        self.epoch = epoch
        self.counter = counter
        self.text = text
        self.sentAt = sentAt
        self.receivedAt = receivedAt
    }

    /// The name in one word, the same on both sides.
    public var id: String { messageName(epoch: epoch, counter: counter) }
}

/// The name of a file transfer, in either direction.
public struct TransferReference: Hashable, Sendable {
    /// Which way the bytes go.
    public enum Direction: String, Sendable, CaseIterable {
        /// From the contact to here.
        case incoming
        /// From here to the contact.
        case outgoing
    }

    /// The other side.
    public let contact: PublicKey
    /// Which way the bytes go.
    public let direction: Direction
    /// The transfer's number, chosen by the sender of the file.
    public let number: UInt64

    /// Names transfer `number` with `contact`.
    public init(contact: PublicKey, direction: Direction, number: UInt64) {
        self.contact = contact
        self.direction = direction
        self.number = number
    }
}

func messageName(epoch: UInt64, counter: UInt64) -> String {
    let hex = String(epoch, radix: 16)
    return String(repeating: "0", count: 16 - hex.count) + hex + "-" + String(counter)
}
