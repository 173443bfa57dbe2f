import PinholeCore
import PinholeCrypto
import PinholeWire

// Invites at the endpoint: those of one's own, whose holders introduce themselves, and those of others.

extension NodeLoop {
    /// Serves the contact as its standing wants it; `record` is what the disk says of one who is known.
    func serve(_ contact: Contact, _ record: ContactRecord?, at now: Instant) throws(PinholeError) {
        let key = contact.key.key
        switch contact.standing {
        case .known:
            // Notes to oneself stay here.
            guard let record else { return }
            var state = record.state
            if !configuration.sendsReadReceipts { state.highestRead = [:] }
            try add(key, for: .contact, contact, state, at: now)
            for (message, isSent) in record.pending { endpoint.send(message, isReleased: isSent, to: key, at: now) }
            newestPending[contact.key] = record.pending.last?.message.id
        case .invited(let link):
            // Nobody hears of it before the loop runs.
            perform(after: .zero) { core, _ in core.tellIfExpired(contact) }
            let introduction = InviteIntroduction(
                name: configuration.name, places: [Place](services: configuration.services, addresses: []))
            let purpose = ConnectionPurpose.invited(
                guest: link.invite.guest, own: profile.identity.secret, introduction)
            try add(key, for: purpose, contact, ContactState(), at: now)
            endpoint.connect(to: key, at: now)
        case .blocked, .keyChanged: break
        }
    }

    private func add(
        _ key: IdentityKey, for purpose: ConnectionPurpose, _ contact: Contact, _ state: ContactState, at now: Instant
    ) throws(PinholeError) {
        do throws(KeyError) {
            try endpoint.add(
                key, for: purpose, psk: contact.presharedKey,
                directAddresses: contact.addresses.compactMap { TransportAddress($0) }, state: state, at: now)
        } catch {
            throw PinholeError(error)
        }
    }

    /// Serves the holders of these invites, and of no others.
    func follow(_ links: [InviteLink], at now: Instant) {
        let current = Dictionary(links.map { ($0.invite.guest.publicKey, $0) }) { first, _ in first }
        for key in guests where current[key] == nil {
            endpoint.remove(key, at: now)
            // Nobody will know any more that the end of its session was a guest's.
            guestLeft(key)
        }
        for key in current.keys where !guests.contains(key) {
            try? endpoint.add(key, for: .inviter, at: now)
        }
        guests = Set(current.keys)
    }

    /// Whether events of this key are about an invite, and not about a contact.
    func isForInvite(_ key: IdentityKey) -> Bool {
        if guests.contains(key) { return true }
        if case .invited = contacts[PublicKey(key)]?.standing { return true }
        return false
    }

    // MARK: Invites of one's own

    /// The holder of an invite says who he is.
    func introduced(_ key: IdentityKey, _ words: InviteIntroduction, by guest: IdentityKey) {
        introductions[guest] = (key, words)
        told[guest] = nil
        judge(guest)
    }

    /// Tells the holder of an invite, if he is there, where he stands.
    private func judge(_ guest: IdentityKey) {
        guard let (key, words) = introductions[guest] else { return }
        let store = profile.store
        let accepts = configuration.acceptsInvited
        let time = loop.unixMilliseconds
        offLoop {
            Result { () throws(PinholeError) in
                try store.introduce(PublicKey(key), words, by: guest, accepts: accepts, at: time)
            }
        } then: { core, result, now in
            switch result {
            case .success(let (verdict, request)):
                if let request {
                    core.hub.publish(.contactRequested(request, isAccepted: verdict == .accepted))
                }
                if request != nil, verdict == .accepted {
                    // He is told when he can be answered under his own key.
                    core.reloadContacts()
                } else {
                    core.tell(verdict, to: guest, at: now)
                }
            case .failure(let error):
                core.hub.publish(.notice("somebody who was invited cannot be written down: \(error)"))
            }
        }
    }

    private func tell(_ verdict: InviteRecord.Verdict?, to guest: IdentityKey, at now: Instant) {
        // Who has left meanwhile is told when he comes again.
        guard let verdict, introductions[guest] != nil, told[guest] != verdict else { return }
        told[guest] = verdict
        endpoint.answer(verdict, to: guest, at: now)
    }

    /// A person may have decided meanwhile, in another process perhaps.
    func judgeIntroductions() {
        for guest in introductions.keys { judge(guest) }
    }

    /// The session under an invite's key is over: in the next the invited one introduces himself again.
    func guestLeft(_ guest: IdentityKey) {
        introductions[guest] = nil
        told[guest] = nil
        undecided.remove(PublicKey(guest))
    }

    // MARK: Invites of others

    /// An inviter says what comes of it.
    func settle(_ verdict: InviteRecord.Verdict, of inviter: PublicKey) {
        if verdict == .waiting { undecided.insert(inviter) } else { undecided.remove(inviter) }
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try store.settle(verdict, of: inviter) }
        } then: { core, result, _ in
            switch result {
            case .success(let contact):
                guard let contact else { return }
                core.troubles.remove(.invite(inviter))
                if verdict != .waiting { core.reloadContacts(thenCalling: verdict == .accepted ? inviter : nil) }
                core.hub.publish(.inviteAnswered(inviter, name: contact.name, verdict.answer(from: contact.name)))
            case .failure(let error):
                core.hub.publish(.notice("the answer to an invite cannot be stored: \(error)"))
            }
        }
    }

    /// It is the inviter who says that it is too late; but if he says nothing, somebody must.
    func tellIfExpired(_ contact: Contact) {
        guard case .invited(let link) = contact.standing,
            loop.unixMilliseconds >= link.expiresAt + InviteLink.grace
        else { return }
        tell(
            .invite(contact.key),
            "the invite from \(contact.name) has expired by this machine's clock, and \(contact.name) has not answered: "
                + "if the clock is right, ask for a new one")
    }

    // MARK: The disk

    /// Who is served as what, for who is about to read what the others need.
    private func beginReading() -> (served: [PublicKey: Standing], number: Int) {
        readings += 1
        return (contacts.mapValues(\.standing), readings)
    }

    /// Reads anew who is a contact, if that may have changed.
    func reloadChangedContacts() {
        let (profile, reading, time) = (profile, beginReading(), loop.unixMilliseconds)
        offLoop {
            Result { () throws(PinholeError) -> People? in
                guard try profile.store.peopleChanged() else { return nil }
                return try People(of: profile, besides: reading.served, at: time)
            }
        } then: { core, result, now in
            switch result {
            case .success(let people?): core.updateContacts(.success(people), reading: reading.number, at: now)
            case .success(nil): break
            case .failure(let error): core.updateContacts(.failure(error), at: now)
            }
        }
    }

    /// Reads anew who is a contact, and then perhaps meets one.
    func reloadContacts(thenCalling key: PublicKey? = nil) {
        let (profile, reading, time) = (profile, beginReading(), loop.unixMilliseconds)
        offLoop {
            Result { () throws(PinholeError) in try People(of: profile, besides: reading.served, at: time) }
        } then: { core, result, now in
            core.updateContacts(result, reading: reading.number, at: now)
            if let key { core.endpoint.connect(to: key.key, at: now) }
        }
    }
}

/// Everybody who may reach this person: contacts, and the holders of invites.
struct People: Sendable {
    let contacts: [Contact]
    let invites: [InviteLink]
    /// Of those who are to be served as known contacts and are not yet.
    let records: [PublicKey: Result<ContactRecord, PinholeError>]

    init(_ contacts: [Contact], invites: [InviteLink] = [], of profile: Profile, besides served: [PublicKey: Standing])
    {
        (self.contacts, self.invites) = (contacts, invites)
        var records: [PublicKey: Result<ContactRecord, PinholeError>] = [:]
        for contact in contacts where contact.standing == .known && served[contact.key] != .known {
            guard contact.key != profile.identity.publicKey else { continue }
            records[contact.key] = Result { () throws(PinholeError) in
                ContactRecord(
                    state: try profile.store.state(of: contact.key),
                    pending: try profile.store.pendingMessages(to: contact.key))
            }
        }
        self.records = records
    }

    /// As they are on the disk at that time; `served` are those of whom nothing more is needed, if they are what they were.
    init(
        of profile: Profile, besides served: [PublicKey: Standing] = [:], at time: UInt64 = WallClock.unixMilliseconds
    ) throws(PinholeError) {
        self.init(
            try profile.store.contacts(), invites: try profile.store.guests(at: time), of: profile, besides: served)
    }
}

/// What the disk says of a contact when it begins to be served.
struct ContactRecord: Sendable {
    let state: ContactState
    let pending: [(message: ChatMessage, isSent: Bool)]
}
