import PinholeCore
import PinholeWire

// Messages on their way to and from the disk.

extension NodeLoop {
    /// Stores a message, together with others that came meanwhile; only then is it confirmed and shown.
    func store(_ message: ChatMessage, from key: PublicKey) {
        incoming.append(Store.Incoming(contact: key, message: message, receivedAt: WallClock.unixMilliseconds))
        storeNext()
    }

    private func storeNext() {
        guard !isStoring, !incoming.isEmpty else { return }
        isStoring = true
        let batch = incoming
        incoming.removeAll()
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try store.insert(batch) }
        } then: { core, result, now in
            core.isStoring = false
            core.stored(batch, result, at: now)
            core.storeNext()
        }
    }

    private func stored(_ batch: [Store.Incoming], _ result: Result<[Bool], PinholeError>, at now: Instant) {
        switch result {
        case .success(let areNew):
            for (item, isNew) in zip(batch, areNew) {
                endpoint.stored(item.message.id, from: item.contact.key, at: now)
                if isNew { hub.publish(.message(IncomingMessage(item))) }
            }
        case .failure(let error):
            // Nothing is confirmed, so the senders keep it all and send it again.
            hub.publish(.notice("messages cannot be stored: \(error)"))
            for key in Set(batch.map(\.contact)) { storingFailed(from: key, at: now) }
        }
    }

    private func storingFailed(from key: PublicKey, at now: Instant) {
        incoming.removeAll { $0.contact == key }
        endpoint.storingFailed(from: key.key, at: now)
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
