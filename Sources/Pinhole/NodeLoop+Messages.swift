import PinholeCore
import PinholeWire

// Messages on their way to and from the disk.

extension NodeLoop {
    /// Stores a message, together with others of its contact that came meanwhile; only then is it confirmed and shown.
    func store(_ message: ChatMessage, from key: PublicKey) {
        incoming.append(Store.Incoming(contact: key, message: message, receivedAt: loop.unixMilliseconds))
        news[key, default: SessionNews()].messageArrived()
        storeNext()
    }

    private func storeNext() {
        guard !isStoring, !incoming.isEmpty else { return }
        isStoring = true
        // One transaction each: what one contact sent must not keep the others' messages from the disk.
        let batches = Dictionary(grouping: incoming, by: \.contact)
        incoming.removeAll()
        let store = profile.store
        offLoop {
            batches.mapValues { batch in Result { () throws(PinholeError) in try store.insert(batch) } }
        } then: { core, results, now in
            core.isStoring = false
            for (key, result) in results { core.stored(batches[key] ?? [], from: key, result, at: now) }
            core.storeNext()
        }
    }

    private func stored(
        _ batch: [Store.Incoming], from key: PublicKey, _ result: Result<[Bool], PinholeError>, at now: Instant
    ) {
        switch result {
        case .success(let areNew):
            for (item, isNew) in zip(batch, areNew) {
                endpoint.stored(item.message.id, from: key.key, at: now)
                if isNew { hub.publish(.message(IncomingMessage(item))) }
                publish(news[key]?.messageStored() ?? [], of: key)
            }
        case .failure(let error):
            // Nothing is confirmed, so the sender keeps it all and sends it again.
            hub.publish(.notice("messages from \(name(of: key)) cannot be stored: \(error)"))
            incoming.removeAll { $0.contact == key }
            endpoint.storingFailed(from: key.key, at: now)
            publish(news[key]?.giveUp() ?? [], of: key)
        }
    }

    /// Tells what happens to a contact's session: that it has ended, once the messages that came in it were told of.
    func publish(_ event: NodeEvent, of key: PublicKey) {
        let waits = news[key]?.add(event) ?? false
        if !waits { hub.publish(event) }
    }

    private func publish(_ events: [NodeEvent], of key: PublicKey) {
        for event in events { hub.publish(event) }
        if news[key]?.isEmpty ?? false { news[key] = nil }
    }

    /// Tells what still waits. The loop has ended.
    func publishRest() {
        for key in news.keys { publish(news[key]?.giveUp() ?? [], of: key) }
    }

    /// A reader has enough of a contact's messages for now, or wants more: they come while nobody has enough.
    func hold(_ isHeld: Bool, by reader: ObjectIdentifier, from key: PublicKey, at now: Instant) {
        if isHeld { holders[key, default: []].insert(reader) } else { holders[key]?.remove(reader) }
        if holders[key]?.isEmpty ?? false { holders[key] = nil }
        endpoint.holdMessages(holders[key] != nil, from: key.key, at: now)
    }

    /// The disk is to say that these may have been sent, before they are.
    func markSent(_ ids: [MessageID], to key: PublicKey) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in
                let mayGo = try store.markSent(ids, to: key)
                var others: [(id: MessageID, failure: Message.Failure?)] = []
                for id in ids where !mayGo.contains(id) {
                    others.append((id, try store.outgoingMessage(id, to: key)?.failure))
                }
                return (mayGo, others)
            }
        } then: { core, result, now in
            switch result {
            case .success(let (mayGo, others)):
                for (id, failure) in others {
                    core.endpoint.cancel(id, to: key.key, at: now)
                    // Somebody who waits for it did not hear what another process decided.
                    guard let failure else { continue }
                    let message = MessageReference(contact: key, epoch: id.epoch, counter: id.counter)
                    core.hub.publish(.failed(message, failure))
                }
                core.endpoint.release(mayGo, to: key.key, at: now)
            case .failure(let error):
                core.hub.publish(.notice("messages to \(core.name(of: key)) cannot be sent: \(error)"))
                core.endpoint.askAgain(ids, to: key.key, at: now)
            }
        }
    }

    func tellSent(_ id: MessageID, to key: PublicKey) {
        hub.publish(.sent(MessageReference(contact: key, epoch: id.epoch, counter: id.counter)))
    }
}

// MARK: Receipts

extension NodeLoop {
    func markDelivered(_ id: MessageID, to key: PublicKey) {
        receipts[key, default: Store.Receipts()].delivered.append(id)
        noteReceipts()
    }

    func markRead(_ id: MessageID, by key: PublicKey) {
        // As many as the store remembers of a contact: who names more of them invents them.
        if let read = receipts[key]?.read, read.count >= Self.maxEpochsRead, read[id.epoch] == nil { return }
        receipts[key, default: Store.Receipts()].read[id.epoch] = id.counter
        noteReceipts()
    }

    /// Epochs of a contact whose receipts wait for the disk at once.
    private static let maxEpochsRead = 4096

    /// Notes what came since the last time: one transaction for a contact, however many receipts it sent.
    private func noteReceipts() {
        guard !isNoting, !receipts.isEmpty else { return }
        isNoting = true
        let batches = receipts
        receipts.removeAll()
        let store = profile.store
        let time = loop.unixMilliseconds
        offLoop {
            batches.map { key, batch in
                (key, Result { () throws(PinholeError) in try store.note(batch, from: key, at: time) })
            }
        } then: { core, results, _ in
            var isWhole = true
            for (key, result) in results {
                switch result {
                case .success(let noted): core.noted(batches[key] ?? Store.Receipts(), from: key, noted.read)
                case .failure(let error):
                    guard core.contacts[key] != nil else { continue }
                    core.tell(.receipts, "a receipt cannot be stored: \(error)")
                    isWhole = false
                    core.receipts[key, default: Store.Receipts()].merge(before: batches[key] ?? Store.Receipts())
                }
            }
            guard isWhole else {
                // The contact says it once: in this process nobody else tells of it.
                return core.perform(after: Self.storagePause) { core, _ in
                    core.isNoting = false
                    core.noteReceipts()
                }
            }
            core.isNoting = false
            core.troubles.remove(.receipts)
            core.noteReceipts()
        }
    }

    private func noted(_ batch: Store.Receipts, from key: PublicKey, _ read: [MessageID]) {
        for id in batch.delivered {
            hub.publish(.delivered(MessageReference(contact: key, epoch: id.epoch, counter: id.counter)))
        }
        for id in read { hub.publish(.read(MessageReference(contact: key, epoch: id.epoch, counter: id.counter))) }
    }
}

// MARK: Who is there

extension NodeLoop {
    func sessionAnnounced(with key: PublicKey) {
        connected.insert(key)
        users.sessionBegan(with: key)
        liveSessions.insert(key)
        rememberSeen(key)
    }

    /// Returns whether the session had been announced.
    func sessionEnded(with key: PublicKey) -> Bool {
        liveSessions.remove(key)
        guard connected.remove(key) != nil else { return false }
        users.sessionEnded(with: key)
        rememberSeen(key)
        return true
    }

    private func rememberSeen(_ key: PublicKey) {
        let time = loop.unixMilliseconds
        lastSeen[key] = time
        remember(Store.SessionTimes(seen: time), of: key)
    }

    /// Whether every service that answers has said who is there, and those that do not were given up once.
    var hasHeardServices: Bool { services.all.isEmpty || endpoint.hasHeardServices }

    /// Whether contacts are there, and when they were last connected.
    var presence: [PublicKey: Presence] {
        let now = loop.unixMilliseconds
        return contacts.mapValues { contact in
            let isConnected = connected.contains(contact.key)
            return Presence(
                isOnline: isConnected || endpoint.isPresent(contact.key.key), isConnected: isConnected,
                lastSeen: isConnected ? now : lastSeen[contact.key])
        }
    }
}

extension IncomingMessage {
    fileprivate init(_ item: Store.Incoming) {
        self.init(
            contact: item.contact, epoch: item.message.id.epoch, counter: item.message.id.counter,
            text: String(decoding: item.message.body, as: UTF8.self), sentAt: item.message.time,
            receivedAt: item.receivedAt)
    }
}
