import PinholeCore
import PinholeWire

// Messages on their way to and from the disk.

extension NodeLoop {
    /// Stores a message, together with others of its contact that came meanwhile; only then is it confirmed and shown.
    func store(_ message: ChatMessage, from key: PublicKey) {
        incoming.append(Store.Incoming(contact: key, message: message, receivedAt: WallClock.unixMilliseconds))
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
            }
        case .failure(let error):
            // Nothing is confirmed, so the sender keeps it all and sends it again.
            hub.publish(.notice("messages from \(name(of: key)) cannot be stored: \(error)"))
            incoming.removeAll { $0.contact == key }
            endpoint.storingFailed(from: key.key, at: now)
        }
    }

    func markDelivered(_ id: MessageID, to key: PublicKey) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in
                try store.setState(.delivered, of: id, to: key, at: WallClock.unixMilliseconds)
            }
        } then: { core, result, _ in
            if case .failure(let error) = result { core.hub.publish(.notice("a receipt cannot be stored: \(error)")) }
            core.hub.publish(
                .delivered(MessageReference(contact: key, epoch: id.epoch, counter: id.counter)))
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
