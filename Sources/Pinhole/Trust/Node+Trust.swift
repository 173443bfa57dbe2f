extension Node {
    /// What an inviter's answer means for who wants to reach him now.
    static func refusal(in event: NodeEvent, of key: PublicKey) -> PinholeError? {
        switch event {
        case .inviteAnswered(key, let name, .waiting): .undecided(name)
        case .inviteAnswered(key, _, .refused(let error)): error
        default: nil
        }
    }

    /// Uses an invite (``Profile/use(_:as:)``) and waits for what its maker answers: `waiting` or `accepted`; nil if the
    /// maker is not reached within `timeout`, and then goes on in later runs until he is. A maker who is a contact already
    /// has `accepted`.
    ///
    /// Throws where the invite cannot be used, or its maker says so; also where the task is cancelled or the node stopped,
    /// and then the invite is used all the same.
    public func use(
        _ link: InviteLink, as name: String? = nil, timeout: Duration
    ) async throws(PinholeError) -> (contact: Contact, answer: InviteAnswer?) {
        let events = events()
        let contact = try profile.use(link, as: name)
        // Asked again, after an answer that was lost for instance.
        if contact.standing == .known { return (contact, .accepted) }
        contactsChanged()
        let answer: InviteAnswer
        do throws(PinholeError) {
            answer = try await first(in: events, within: timeout) { event in
                if case .inviteAnswered(contact.key, _, let answer) = event { .success(answer) } else { nil }
            } orThrow: {
                PinholeError(.timedOut, "")
            }
        } catch {
            guard error.code == .timedOut else { throw error }
            return (contact, nil)
        }
        switch answer {
        case .waiting, .accepted: return (contact, answer)
        case .refused(let error): throw error
        }
    }
}

extension PinholeError {
    /// Somebody whose invite was used has not accepted yet.
    static func undecided(_ name: String) -> PinholeError {
        PinholeError(
            .peerOffline, "\(name) has not accepted you yet", hint: "what you write waits until \(name) has")
    }
}
