import PinholeCore
import PinholeCrypto
import PinholeWire

/// What the endpoint tells: most is passed on to the subscribers, some is first stored.
extension NodeLoop {
    func handle(_ event: Event, at now: Instant) {
        guard !handleInvite(event, at: now) else { return }
        switch event {
        case .serviceUp(let index, let observed, let rtt): serviceUp(index, observed, rtt)
        case .serviceDown(let index, let failure): serviceDown(index, failure, at: now)
        case .serviceNotice(let index, let text):
            hub.publish(.notice("\(services.all[index].address.host): \(String(decoding: text, as: UTF8.self))"))
        case .networkMeasured(let record, let isComplete):
            if isComplete { rememberNetwork { store throws(PinholeError) in try store.remember(record) } }
            tellMeasured()
        case .strategyWorked(let strategy):
            rememberNetwork { store throws(PinholeError) in try store.remember(strategy) }
        case .mappingVerified(let address):
            portMapper?.verdict(true, on: address.port, address.family)
            tellMeasured()
        case .mappingUnreachable(let port, let family): portMapper?.verdict(false, on: port, family)
        case .connecting(let key):
            rememberOwnTimestamp(key)
            publish(.connecting(PublicKey(key)), of: PublicKey(key))
        case .connected(let key, let path):
            sessionAnnounced(with: PublicKey(key))
            rememberOwnTimestamp(key)
            publish(.connected(PublicKey(key), PathReport(path)), of: PublicKey(key))
        case .pathChanged(let key, let path):
            publish(.pathChanged(PublicKey(key), PathReport(path)), of: PublicKey(key))
        case .disconnected(let key, let reason):
            // A session that was never announced ends unannounced.
            if sessionEnded(with: PublicKey(key)) {
                publish(.disconnected(PublicKey(key), reason: reason.sentence), of: PublicKey(key))
            }
        case .unreachable(let key, let reason):
            publish(.unreachable(PublicKey(key), explain(reason, of: PublicKey(key))), of: PublicKey(key))
        case .authenticated(let key, let timestamp):
            remember(Store.SessionTimes(authenticated: timestamp), of: PublicKey(key))
            rememberOwnTimestamp(key)
        case .pong(let key, let rtt):
            for pong in pongs.removeValue(forKey: PublicKey(key)) ?? [] { pong.fulfil(rtt) }
        case .message(let message, let key): store(message, from: PublicKey(key))
        case .messagesWait(let ids, let key): markSent(ids, to: PublicKey(key))
        case .sent(let id, let key): tellSent(id, to: PublicKey(key))
        case .delivered(let id, let key): markDelivered(id, to: PublicKey(key))
        case .read(let id, let key): markRead(id, by: PublicKey(key))
        case .typing(let key, let isTyping):
            if configuration.tellsTyping { hub.publish(.typing(PublicKey(key), isTyping)) }
        case .presence(let key, let isOnline): hub.publish(.presence(PublicKey(key), isOnline: isOnline))
        case .twin(let address): hub.publish(.identityElsewhere(address.map { "\($0)" }))
        case .fileOffered(let offer, let key): fileOffered(offer, from: PublicKey(key), at: now)
        case .fileAccepted(let transfer, let holdings, let key):
            fileAccepted(outgoing(transfer, key), holdings, at: now)
        case .filePostponed(let transfer, let reason, let key): filePostponed(outgoing(transfer, key), reason)
        case .fileWanted(let transfer, _, _, let key): fileWanted(outgoing(transfer, key), at: now)
        case .fileBegan(let transfer, let group, let key): fileBegan(incoming(transfer, key), group: group)
        case .fileData(let transfer, let bytes, let key): fileData(incoming(transfer, key), bytes)
        case .fileComplete(let transfer, let key): fileComplete(incoming(transfer, key))
        case .fileDone(let transfer, let key): fileDone(outgoing(transfer, key))
        case .fileRefused(let transfer, let reason, let key): fileRefused(transfer, reason, by: PublicKey(key))
        case .sessionBegan(let key): inquireLater(of: PublicKey(key))
        case .fileInquired(let transfer, let key): fileInquired(outgoing(transfer, key))
        case .fileInterrupted(let transfer, let key): fileInterrupted(incoming(transfer, key))
        case .streamOpened(let handle, let name, let key): streamOpened(handle, name, by: PublicKey(key), at: now)
        case .streamChanged(let handle, let key): streamChanged(handle, of: key, at: now)
        case .introduced, .inviteAnswered: break
        }
    }

    /// Sessions under an invite's key are nobody's business but that of the invite. Returns whether that was all.
    private func handleInvite(_ event: Event, at now: Instant) -> Bool {
        switch event {
        case .introduced(let key, let words, let guest): introduced(key, words, by: guest)
        case .inviteAnswered(let verdict, let inviter): settle(verdict, of: PublicKey(inviter))
        case .disconnected(let key, _) where isForInvite(key): guestLeft(key)
        case .connecting(let key), .connected(let key, _), .pathChanged(let key, _), .disconnected(let key, _),
            .authenticated(let key, _), .presence(let key, _):
            return isForInvite(key)
        case .unreachable(let key, _): return guests.contains(key)
        case .serviceUp, .serviceDown, .serviceNotice, .networkMeasured, .strategyWorked, .mappingVerified,
            .mappingUnreachable, .pong, .message, .messagesWait, .sent, .delivered, .read, .typing, .twin, .fileOffered,
            .fileAccepted, .filePostponed, .fileWanted, .fileBegan, .fileData, .fileComplete, .fileDone, .fileRefused,
            .sessionBegan, .fileInquired, .fileInterrupted, .streamOpened, .streamChanged:
            return false
        }
        return true
    }

    private func incoming(_ transfer: UInt64, _ key: IdentityKey) -> TransferReference {
        TransferReference(contact: PublicKey(key), direction: .incoming, number: transfer)
    }

    private func outgoing(_ transfer: UInt64, _ key: IdentityKey) -> TransferReference {
        TransferReference(contact: PublicKey(key), direction: .outgoing, number: transfer)
    }

    private func rememberOwnTimestamp(_ key: IdentityKey) {
        guard let timestamp = endpoint.ownTimestamp(for: key) else { return }
        remember(Store.SessionTimes(own: timestamp), of: PublicKey(key))
    }

    private func rememberNetwork(_ change: @escaping @Sendable (Store) throws(PinholeError) -> Void) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try change(store) }
        } then: { core, result, _ in
            guard case .failure(let error) = result else { return }
            core.tell(.networks, "what was measured of this network cannot be stored: \(error)")
        }
    }
}

// MARK: The times of sessions

extension NodeLoop {
    /// Has these times stored, with those of other contacts that come meanwhile: when a service returns, a thousand
    /// sessions may begin in a second, and messages are not to wait for a thousand writes.
    func remember(_ new: Store.SessionTimes, of key: PublicKey) {
        var times = new
        if let earlier = sessionTimes[key] { times.merge(before: earlier) }
        sessionTimes[key] = times
        noteTimes()
    }

    private func noteTimes() {
        guard !isNotingTimes, !sessionTimes.isEmpty else { return }
        isNotingTimes = true
        let batch = sessionTimes
        sessionTimes.removeAll()
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try store.note(batch) }
        } then: { core, result, _ in
            switch result {
            case .success:
                core.isNotingTimes = false
                core.troubles.remove(.handshakeTimes)
                core.noteTimes()
            case .failure(let error):
                core.tell(.handshakeTimes, "the time of a handshake cannot be stored: \(error)")
                for (key, earlier) in batch {
                    core.sessionTimes[key, default: Store.SessionTimes()].merge(before: earlier)
                }
                core.perform(after: Self.storagePause) { core, _ in
                    core.isNotingTimes = false
                    core.noteTimes()
                }
            }
        }
    }

    /// Stores what has come since the last time. The loop has ended, and nothing is being stored.
    func noteLastTimes() {
        guard !sessionTimes.isEmpty else { return }
        try? profile.store.note(sessionTimes)
    }
}
