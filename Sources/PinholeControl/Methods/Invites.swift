package import Pinhole

extension Methods {
    static let invites: [any Method.Type] = [
        InviteCreate.self, InviteList.self, InviteRevoke.self, InviteUse.self,
    ]
}

/// An invite that you made.
package struct InviteShape: Codable, Sendable {
    package let id: String
    package let link: String
    package let state: State
    package let createdAt: String
    package let expiresAt: String
    package let boundTo: String?
    /// Who used it.
    package let key: String?

    package enum State: String, Codable, CaseIterable, Sendable {
        case open, requested, accepted, declined, revoked, expired
    }

    init(_ invite: SentInvite) {
        (id, link, boundTo) = (invite.id, invite.link.text, invite.boundTo?.text)
        (createdAt, expiresAt) = (Timestamp.text(invite.createdAt), Timestamp.text(invite.link.expiresAt))
        switch invite.state {
        case .open: (state, key) = (.open, nil)
        case .requested(let request): (state, key) = (.requested, request.key.text)
        case .accepted(let key): (state, self.key) = (.accepted, key.text)
        case .declined(let key): (state, self.key) = (.declined, key.text)
        case .revoked: (state, key) = (.revoked, nil)
        case .expired: (state, key) = (.expired, nil)
        }
    }

    static let notes = [
        "id": "A short name, to revoke it by.", "link": "The line to give away.",
        "state": "open; requested: its user waits for your answer; accepted; declined; revoked; expired.",
        "createdAt": "When it was made.", "expiresAt": "When it ends.", "boundTo": "The only key that may use it.",
        "key": "Who used it.",
    ]
}

package enum InviteCreate: Method {
    package struct Params: Codable, Sendable {
        let name: String?
        let services: [String]?
        let addresses: [String]?
        let `for`: String?
        let expires: Double?
        let token: String

        /// The call may be repeated: its token sees to it that one invite is made.
        package init(
            name: String, services: [ServiceAddress], addresses: [String], for key: PublicKey?, expires: Duration,
            token: String? = nil
        ) {
            (self.name, self.services, self.addresses) = (name, services.map(\.description), addresses)
            (self.for, self.expires) = (key?.text, expires.milliseconds / 1000)
            self.token = token ?? Token.any
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            services = try container.decodeIfPresent([String].self, forKey: .services)
            addresses = try container.decodeIfPresent([String].self, forKey: .addresses)
            self.for = try container.decodeIfPresent(String.self, forKey: .for)
            expires = try container.decodeIfPresent(Double.self, forKey: .expires)
            token = try container.decodeIfPresent(String.self, forKey: .token) ?? Token.any
        }
    }

    package static let name = "invite.create"
    package static let summary = "Makes an invite: one line by which somebody can ask to be your contact, once."
    package static let notes = InviteShape.notes.merging([
        "name": "What you call yourself.", "services": "Where you are found.",
        "addresses": "Where you are reached without a service.", "for": "The only key that may use it.",
        "expires": "After how many seconds it ends; a week without it.",
        "token": "A word of your own for this invite: asked for again with it, it is the same one, and not another.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> InviteShape {
        let services = try (params.services ?? []).map { text throws(PinholeError) in try ServiceAddress(text) }
        let seconds = params.expires ?? 7 * 86_400
        guard seconds > 0, seconds <= 366 * 86_400 else {
            throw PinholeError(.usage, "an invite is good for at most a year", hint: "--expires 7d gives it a week")
        }
        let key = try params.for.map { text throws(PinholeError) in try PublicKey(text) }
        let invite = try call.changing { () throws(PinholeError) in
            try call.profile.invite(
                as: params.name ?? "", services: services, addresses: params.addresses ?? [], for: key,
                expiresAt: Timestamp.now + UInt64(seconds * 1000), token: params.token)
        }
        return InviteShape(invite)
    }
}

package enum InviteList: Method {
    package struct Result: Codable, Sendable {
        package let invites: [InviteShape]
    }

    package static let name = "invite.list"
    package static let summary = "Lists the invites that you made."
    package static let notes = InviteShape.notes.merging(["invites": "All of them, the newest first."]) { $1 }

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Result {
        Result(invites: try call.profile.invites().map { InviteShape($0) })
    }
}

package enum InviteRevoke: Method {
    package struct Params: Codable, Sendable {
        let id: String

        package init(id: String) { self.id = id }
    }

    package static let name = "invite.revoke"
    package static let summary = "Takes back an invite that nobody has used."
    package static let notes = ["id": "The invite's short name."]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        try call.changing { () throws(PinholeError) in try call.profile.revokeInvite(params.id) }
        return Nothing()
    }
}

package enum InviteUse: Method {
    package struct Params: Codable, Sendable {
        let link: String
        let `as`: String?
        let timeout: Double?

        package init(link: InviteLink, as name: String?, timeout: Duration) {
            (self.link, self.as, self.timeout) = (link.text, name, timeout.milliseconds / 1000)
        }
    }

    package struct Result: Codable, Sendable {
        package let contact: ContactShape
        package let answer: Answer
    }

    package enum Answer: String, Codable, CaseIterable, Sendable {
        /// The maker of the invite has not been reached yet.
        case pending
        case waiting
        case accepted
    }

    package static let name = "invite.use"
    package static let summary = "Uses an invite of somebody else's: its maker becomes a contact when they accept."
    package static let notes = ContactShape.notes.merging(Notes.timeout) { $1 }.merging([
        "link": "The line that begins with pinhole://add/1.",
        "as": "What you call its maker; their own name without it.",
        "contact": "The maker.",
        "answer": "pending: not reached yet, and tried until they are; waiting: a person is to decide; accepted.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let link = try InviteLink(params.link)
        let node = try call.node()
        defer { call.host.contactsChanged() }
        call.letOthersProceed()
        let (contact, answer) = try await node.use(
            link, as: params.as, timeout: Seconds.duration(params.timeout, or: 15))
        let word: Answer =
            switch answer {
            case nil: .pending
            case .waiting: .waiting
            case .accepted: .accepted
            case .refused(let error): throw error
            }
        return Result(contact: ContactShape(contact), answer: word)
    }
}
