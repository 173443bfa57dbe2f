/// An invite that this person made.
public struct SentInvite: Identifiable, Sendable {
    /// How far it has come.
    public enum State: Hashable, Sendable {
        /// Nobody has used it.
        case open
        /// Somebody has introduced himself, and waits for an answer.
        case requested(ContactRequest)
        /// Its user is a contact.
        case accepted(PublicKey)
        /// Its user was turned away.
        case declined(PublicKey)
        /// It was taken back before anybody used it.
        case revoked
        /// Nobody used it in time.
        case expired
    }

    /// A short name, to revoke it by.
    public let id: String
    /// The line to give away.
    public let link: InviteLink
    /// The only key that may use it, if there is one.
    public let boundTo: PublicKey?
    /// Unix milliseconds.
    public let createdAt: UInt64
    /// How far it has come.
    public let state: State
}

/// Somebody who used an invite and would like to be a contact.
public struct ContactRequest: Hashable, Sendable {
    /// Who he is: proved.
    public let key: PublicKey
    /// What he calls himself: a claim, which may be empty or hold anything.
    public let claimedName: String
    /// A name under which he could be a contact: his own as far as it can be one and is not taken.
    public let name: String
    /// The services that he uses.
    public let services: [ServiceAddress]
    /// ``SentInvite/id`` of the invite that he used.
    public let invite: String
    /// Unix milliseconds.
    public let receivedAt: UInt64

    /// Somebody who waits.
    public init(
        key: PublicKey, claimedName: String, name: String, services: [ServiceAddress], invite: String,
        receivedAt: UInt64
    ) {
        self.key = key
        self.claimedName = claimedName
        self.name = name
        self.services = services
        self.invite = invite
        self.receivedAt = receivedAt
    }
}

/// What became of an invite that this person used.
public enum InviteAnswer: Hashable, Sendable {
    /// The inviter's person is to decide.
    case waiting
    /// The inviter is a contact from now on.
    case accepted
    /// The inviter does not want this person for a contact, or cannot by this invite.
    case refused(PinholeError)

    /// The same answer, with the same sentence.
    public static func == (left: InviteAnswer, right: InviteAnswer) -> Bool {
        switch (left, right) {
        case (.waiting, .waiting), (.accepted, .accepted): true
        case (.refused(let left), .refused(let right)): left.message == right.message
        case (.waiting, _), (.accepted, _), (.refused, _): false
        }
    }

    /// Hashes the answer and its sentence.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .waiting: hasher.combine(1)
        case .accepted: hasher.combine(2)
        case .refused(let error): hasher.combine(error.message)
        }
    }
}
