import PinholeCrypto
import PinholeWire

// Invites, requests, and what a person decides about contacts. A node that runs with the profile, in this process or in
// another, notices within two seconds, or at once by ``Node/contactsChanged()``.

extension Profile {
    /// Makes an invite that is good until `expiresAt`, in unix milliseconds; with a key it is good for its owner alone.
    ///
    /// `name` is what this person calls himself; services and addresses say where he is found, at most four in all. Whoever
    /// opens the line becomes a ``ContactRequest``.
    ///
    /// Who cannot know whether an earlier call was carried out asks again with the same `token`, which should be random, and
    /// gets the invite that was made then.
    public func invite(
        as name: String, services: [ServiceAddress], addresses: [String] = [], for key: PublicKey? = nil,
        expiresAt: UInt64, token: String? = nil
    ) throws(PinholeError) -> SentInvite {
        try invite(
            as: name, services: services, addresses: addresses, for: key, expiresAt: expiresAt, token: token,
            at: WallClock.unixMilliseconds)
    }

    func invite(
        as name: String, services: [ServiceAddress], addresses: [String], for key: PublicKey?, expiresAt: UInt64,
        token: String? = nil, at now: UInt64
    ) throws(PinholeError) -> SentInvite {
        guard expiresAt > now else {
            throw PinholeError(.usage, "the invite would have expired already", hint: "--expires 7d gives it a week")
        }
        guard name.utf8.count <= Limits.maxInviteName else {
            throw PinholeError(.usage, "the name in an invite has at most \(Limits.maxInviteName) bytes")
        }
        for address in addresses where Contact.hostAndPort(address) == nil {
            throw PinholeError(.usage, "“\(address)” is not an address", hint: "it reads host:port or [ipv6]:port")
        }
        guard key != identity.publicKey else {
            throw PinholeError(.badKey, "the key is your own", hint: "--for takes the key of whom you invite")
        }
        let link = InviteLink(
            Invite.make(
                by: identity.secret, expiry: UInt32(clamping: expiresAt / 1000), for: key?.key, name: name,
                places: [Place](services: services, addresses: addresses)))
        let stored = StoredInvite(link: link.text, boundTo: key?.text, createdAt: now, state: .open, token: token)
        return try store.insert(stored, at: now)
    }

    /// The invites that this person made, the newest first.
    public func invites() throws(PinholeError) -> [SentInvite] {
        try store.invites(at: WallClock.unixMilliseconds)
    }

    /// Takes an invite back that nobody has used.
    public func revokeInvite(_ id: String) throws(PinholeError) {
        try store.revokeInvite(id, at: WallClock.unixMilliseconds)
    }

    /// Uses an invite: its maker becomes a contact, called `name` or what he calls himself, and a running node introduces
    /// this person to him until he answers.
    ///
    /// Throws ``PinholeError/Code/badData`` where it has expired, is for somebody else, is one's own or was used, and
    /// ``PinholeError/Code/keyChanged`` where its maker has the name of a contact with another key.
    public func use(_ link: InviteLink, as name: String? = nil) throws(PinholeError) -> Contact {
        try use(link, as: name, at: WallClock.unixMilliseconds)
    }

    func use(_ link: InviteLink, as name: String?, at now: UInt64) throws(PinholeError) -> Contact {
        guard link.inviter != identity.publicKey else {
            throw PinholeError(.badData, "the invite is your own", hint: "give it to whom you invite")
        }
        guard now < link.expiresAt else {
            throw PinholeError.expiredInvite(of: link.name.isEmpty ? "its maker" : "\(link.name)")
        }
        guard link.isFor(identity.publicKey) else { throw PinholeError.foreignInvite }
        return try store.use(link, as: name, at: now)
    }

    /// Those who used an invite and wait for an answer, the oldest first.
    public func requests() throws(PinholeError) -> [ContactRequest] {
        try store.requests()
    }

    /// Makes somebody who waits a contact, under a name of one's own choice or his.
    public func accept(_ request: ContactRequest, as name: String? = nil) throws(PinholeError) -> Contact {
        guard let contact = try store.decide(request.key, accepting: true, as: name) else {
            throw PinholeError(.usage, "the request is not there any more")
        }
        return contact
    }

    /// Turns somebody away who waits; he is told so.
    public func decline(_ request: ContactRequest) throws(PinholeError) {
        _ = try store.decide(request.key, accepting: false, as: nil)
    }

    /// Gives a contact another key, or confirms the one it has after ``PinholeError/Code/keyChanged``: messages go out
    /// again, also those that waited. Whether another key is the right one is to be verified anew.
    public func replaceKey(of name: String, by key: PublicKey) throws(PinholeError) -> Contact {
        guard key != identity.publicKey else { throw PinholeError(.badKey, "the key is your own") }
        return try store.replaceKey(of: name, by: key)
    }

    /// A contact that is blocked gets no answer, and nothing is sent to it.
    public func setBlocked(_ name: String, _ isBlocked: Bool) throws(PinholeError) {
        try store.setBlocked(isBlocked, name)
    }

    /// Calls a contact otherwise.
    public func rename(_ name: String, to other: String) throws(PinholeError) {
        try store.rename(name, to: other)
    }
}

extension Identity {
    /// Eighteen words, the same on both sides: the safety number for those who would rather read words aloud.
    public func safetyWords(with key: PublicKey) -> [String] {
        SafetyWords.words(publicKey.key, key.key)
    }

    /// The words that somebody typed, in full; nil where one was misheard or mistyped, as their checksum tells.
    public static func readSafetyWords(_ text: String) -> [String]? {
        SafetyWords.read(text)
    }
}
