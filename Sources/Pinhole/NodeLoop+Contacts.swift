import PinholeCore
import PinholeWire

/// Who is served: the contacts as the store has them, and as other processes change them.
extension NodeLoop {
    /// Before the loop runs: the contacts, what is still to be delivered to them, and what is known of networks.
    func loadContacts(at now: Instant) throws(PinholeError) {
        endpoint.remember(try profile.store.networks(), try profile.store.strategies())
        endpoint.watchContacts(true, at: now)
        lastSeen = try profile.store.lastSeen()
        let people = try People(of: profile, at: loop.unixMilliseconds)
        for contact in people.contacts {
            do throws(PinholeError) {
                try add(contact, try people.records[contact.key]?.get(), at: now)
            } catch {
                // What is damaged of one keeps nobody else away. Nobody hears of it before the loop runs.
                perform(after: .zero) { core, _ in core.tellUnserved(contact, error) }
            }
        }
        follow(people.invites, at: now)
        _ = services.follow(reachable)
        names.follow(services.addresses, at: now)
        contactNames.follow(reachable, at: now)
    }

    /// Follows the contacts that another process added or removed, as they were in that reading; of another than the
    /// loop's nobody knows when it began.
    func updateContacts(_ result: Result<People, PinholeError>, reading: Int = 0, at now: Instant) {
        do throws(PinholeError) {
            let current = try result.get()
            troubles.remove(.contacts)
            follow(current, reading, at: now)
            follow(current.invites, at: now)
            judgeIntroductions()
        } catch {
            tell(.contacts, "the contacts cannot be read: \(error)")
        }
    }

    private func follow(_ people: People, _ reading: Int, at now: Instant) {
        var isOutdated = false
        for contact in people.contacts {
            if let known = contacts[contact.key], known.standing == contact.standing {
                update(contact, at: now)
                continue
            }
            let record = people.records[contact.key]
            // Something was accepted or cancelled since this reading began, or it began when he was served.
            let isChanged = unserved[contact.key].map { $0 >= reading } ?? false
            let needsRecord = contact.standing == .known && contact.key != profile.identity.publicKey
            guard !needsRecord || record != nil && !isChanged else {
                isOutdated = true
                continue
            }
            if contacts[contact.key] != nil { remove(contact.key, at: now) }
            do throws(PinholeError) {
                try add(contact, try record?.get(), at: now)
                takeUpTransfers(with: [contact.key])
                troubles.remove(.contact(contact.key))
            } catch {
                tellUnserved(contact, error)
            }
        }
        if isOutdated { reloadContacts() }
        let keys = Set(people.contacts.map(\.key))
        for key in contacts.keys where !keys.contains(key) {
            let groups = outgoingFiles.filter { $0.key.contact == key }.map { profile.groupsPath($0.value.key) }
            offLoop {
                groups.forEach(Folder.removeTree)
            } then: { _, _, _ in
            }
            remove(key, at: now)
            contacts[key] = nil
        }
        followServices(at: now)
        contactNames.follow(reachable, at: now)
    }

    /// The endpoint forgets what was offered to the contact; what he sends it ends as it ends with a session.
    private func remove(_ key: PublicKey, at now: Instant) {
        endpoint.remove(key.key, at: now)
        for reference in outgoingFiles.keys where reference.contact == key {
            outgoingFiles.removeValue(forKey: reference)?.reader?.cancel()
            retireQueue(of: reference)
        }
    }

    /// Another process may have learned of other ways to a contact.
    private func update(_ contact: Contact, at now: Instant) {
        let known = contacts.updateValue(contact, forKey: contact.key)
        if known?.addresses != contact.addresses { callWhereHeIs(contact, at: now) }
        tellIfExpired(contact)
    }

    private func tellUnserved(_ contact: Contact, _ error: PinholeError) {
        tell(.contact(contact.key), "\(contact.name) cannot be served: \(error)")
    }

    func tell(_ trouble: Trouble, _ sentence: Phrase) {
        if troubles.insert(trouble).inserted { hub.publish(.notice(sentence)) }
    }

    /// Gives the endpoint a message that was accepted. One for a contact who is not served yet comes with the rest of his
    /// outbox, and what was read of that so far may lack it.
    func send(_ message: ChatMessage, isReleased: Bool, to key: PublicKey, at now: Instant) {
        guard contacts[key]?.standing == .known else {
            return unserved[key] = readings
        }
        // It was on the disk before the outbox was read.
        if let newest = newestPending[key], newest.epoch == message.id.epoch, message.id.counter <= newest.counter {
            return
        }
        endpoint.send(message, isReleased: isReleased, to: key.key, at: now)
    }

    /// Takes back a message that was accepted. What was read of the outbox of one who is not served yet may have it.
    func cancel(_ id: MessageID, to key: PublicKey, at now: Instant) {
        guard contacts[key]?.standing == .known else { return unserved[key] = readings }
        endpoint.cancel(id, to: key.key, at: now)
    }

    private func add(_ contact: Contact, _ record: ContactRecord?, at now: Instant) throws(PinholeError) {
        contacts[contact.key] = nil
        unserved[contact.key] = nil
        try serve(contact, record, at: now)
        contacts[contact.key] = contact
        callWhereHeIs(contact, at: now)
    }

    /// At the addresses that he has by now, and at those that names led to before no more.
    private func callWhereHeIs(_ contact: Contact, at now: Instant) {
        endpoint.setDirect(contactNames.addresses(of: contact), of: contact.key.key, at: now)
    }

    /// The contacts for whom services are asked.
    var reachable: [Contact] {
        contacts.values.filter { contact in
            switch contact.standing {
            case .known, .invited: true
            case .blocked, .keyChanged: false
            }
        }
    }

    func name(of key: PublicKey) -> String {
        contacts[key]?.name ?? key.text
    }
}

// MARK: Host names among the contacts' addresses

extension NodeLoop {
    /// They are looked up off the loop, and what is found is used at once.
    func lookUpContacts(at now: Instant) {
        let node = LoopBound(self)
        let loop = loop
        for name in contactNames.begin(at: now) {
            Task {
                let result = await Resolver.find(name.host, port: name.port)
                loop.perform { node.value.found(name, result, at: loop.now) }
            }
        }
    }

    private func found(
        _ name: ContactNames.Name, _ result: Result<[TransportAddress], PinholeError>, at now: Instant
    ) {
        for key in contactNames.finish(name, result, at: now) {
            if let contact = contacts[key] { callWhereHeIs(contact, at: now) }
        }
    }

    /// Where a contact's names led to nobody they may lead elsewhere now.
    func lookUpAgain(after event: Event, at now: Instant) {
        if case .unreachable(let key, _) = event { contactNames.unreachable(PublicKey(key), at: now) }
    }
}
