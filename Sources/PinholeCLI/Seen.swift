import Pinhole
import PinholeControl

/// Notes which messages were shown, a little behind the screen: a program that is killed in between shows them again,
/// marked as such, rather than never.
actor Seen {
    /// Of one epoch of a contact a note about the newest says all.
    private struct Place: Hashable {
        let contact: PublicKey
        let epoch: UInt64
    }

    private let client: Client
    private var newest: [Place: MessageReference] = [:]
    private var worker: Task<Void, Never>?

    init(_ client: Client) { self.client = client }

    func show(_ message: MessageReference) {
        newest[Place(contact: message.contact, epoch: message.epoch)] = message
        if worker == nil { worker = Task { await note() } }
    }

    /// Waits until all is noted.
    func settle() async {
        await worker?.value
    }

    private func note() async {
        while let (place, message) = newest.first {
            newest[place] = nil
            // What cannot be noted is shown again by the next program.
            try? await client.markRead(message)
        }
        worker = nil
    }
}

/// Tells a contact that the person types, without a call for each key.
actor TypingNotice {
    private let client: Client
    private let contact: PublicKey
    private var toldAt: ContinuousClock.Instant?

    init(_ client: Client, to contact: PublicKey) { (self.client, self.contact) = (client, contact) }

    func edited(_ isEditing: Bool) async {
        let now = ContinuousClock.now
        if isEditing {
            if let toldAt, now - toldAt < .seconds(2) { return }
            toldAt = now
        } else {
            guard toldAt != nil else { return }
            toldAt = nil
        }
        try? await client.setTyping(isEditing, to: contact)
    }

    /// A message says by itself that nobody types it any more.
    func sent() { toldAt = nil }
}
