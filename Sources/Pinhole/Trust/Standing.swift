/// How things are between this person and a contact.
public enum Standing: Hashable, Sendable {
    /// Each may reach the other.
    case known
    /// The contact invited this person, and has not accepted yet: what is written waits. The value is the invite.
    case invited(InviteLink)
    /// The contact gets no answer, and nothing is sent.
    case blocked
    /// Another key was given for this name: nothing is sent to either until a person has decided.
    case keyChanged(to: PublicKey)
}

extension Contact {
    /// Why nothing can be sent to the contact now, if that is so.
    package var obstacle: PinholeError? {
        switch standing {
        case .known, .invited: nil
        case .blocked:
            PinholeError(.usage, "\(name) is blocked", hint: "pinhole contact unblock \(name)")
        case .keyChanged(let other): .keyChanged(name, from: key, to: other)
        }
    }
}

extension PinholeError {
    /// Another key was given for a name that is known.
    static func keyChanged(_ name: String, from known: PublicKey, to other: PublicKey) -> PinholeError {
        PinholeError(
            .keyChanged,
            "\(name) is known by the key \(known), and \(other) was given too: nothing is sent until you decide",
            hint: "ask \(name) in person, then: pinhole contact replace-key \(name) \(other), "
                + "or to keep the old key: pinhole contact replace-key \(name) \(known)")
    }
}
