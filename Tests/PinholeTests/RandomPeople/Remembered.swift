import PinholeCrypto
import PinholeWire
import Simulator

@testable import Pinhole

/// A transfer as it was offered.
struct Offered {
    let from: Int
    let to: Int
    let transfer: StoredTransfer
    let name: String
    let path: String
    let tree: SourceTree
    /// Files of it that were written to since.
    var changed: Set<String> = []
    var isGivenUp = false
    /// Whether its sender has written to its receiver since.
    var isReminded = false

    init(from: Int, to: Int, transfer: StoredTransfer, name: String, path: String, tree: SourceTree) {
        (self.from, self.to, self.transfer, self.name, self.path, self.tree) = (from, to, transfer, name, path, tree)
    }

    /// What the receiver calls it.
    func incoming(_ people: [RandomPerson]) -> TransferReference {
        TransferReference(contact: people[from].key, direction: .incoming, number: transfer.reference.number)
    }

    func isNamed(_ reference: TransferReference, by person: Int, _ people: [RandomPerson]) -> Bool {
        person == from && transfer.reference == reference || person == to && incoming(people) == reference
    }

    func key(_ people: [RandomPerson]) -> FileKey {
        FileKey(sender: people[from].key.key, receiver: people[to].key.key, offer: transfer.offer)
    }

    /// The name of the receiver's partial folder.
    func partial(_ people: [RandomPerson]) -> String { PartialTransfer.prefix + key(people).token }
}

/// An invite, and how it was seen the last time.
struct InviteLine {
    let maker: Int
    let sent: SentInvite
    let bound: Int?
    /// Who opened it.
    var users: Set<Int> = []
    private var state: SentInvite.State = .open

    init(maker: Int, sent: SentInvite, bound: Int?) {
        (self.maker, self.sent, self.bound) = (maker, sent, bound)
    }

    var acceptedKey: PublicKey? { if case .accepted(let key) = state { key } else { nil } }

    var hasBeenRequested: Bool { user != nil }

    private var user: PublicKey? {
        switch state {
        case .requested(let request): request.key
        case .accepted(let key), .declined(let key): key
        case .open, .revoked, .expired: nil
        }
    }

    /// What is wrong with how the invite is `now`, nil where it is forgotten; it was looked at last at `time`.
    mutating func fault(now: SentInvite.State?, _ people: [RandomPerson], since time: Instant) -> String? {
        guard let now else { return nil }
        let old = self
        state = now
        guard let key = user else {
            if old.user != nil { return "an invite of \(people[maker].name) is unused again" }
            return nil
        }
        if let first = old.user, first != key { return "an invite of \(people[maker].name) was used by two" }
        switch old.state {
        case .open, .expired:
            guard let user = people.firstIndex(where: { $0.key == key }), users.contains(user) else {
                return "an invite of \(people[maker].name) was used by somebody who has not got it"
            }
            if let bound, bound != user {
                return "an invite for \(people[bound].name) was used by \(people[user].name)"
            }
            let last = World.unixMilliseconds + UInt64(time.nanoseconds / 1_000_000)
            if last >= sent.link.expiresAt { return "an invite was used after its end" }
        case .revoked: return "an invite was used after it was taken back"
        case .accepted, .declined:
            if now != old.state { return "an answer to an invite changed" }
        case .requested: break
        }
        return nil
    }
}
