import Dispatch
import PinholeCore
import PinholeCrypto
import PinholeWire

/// What a contact was offered.
struct OutgoingTransfer {
    let source: FileSource
    let offer: FileOffer
    let key: FileKey
    let sent: SentGroups
    var stage = Stage.offered
    var progress = Progress()

    enum Stage {
        /// The receiver has not accepted it, or postponed it.
        case offered
        case sending(Content)
    }

    /// What is on its way.
    struct Content {
        let reader: FileReader
        /// Where it began this time, and how many groups were given since.
        let begun: UInt64
        var given: UInt64 = 0
        /// Whether the endpoint wants more and has not got it.
        var isWanted = false
    }

    var content: Content? {
        get {
            switch stage {
            case .offered: nil
            case .sending(let content): content
            }
        }
        set { stage = newValue.map { .sending($0) } ?? .offered }
    }

    var reader: FileReader? { content?.reader }
}

extension NodeLoop {
    /// Offers again what was not brought to its end: by earlier processes, or before the contact was what he is now.
    func takeUpTransfers(with keys: [PublicKey]) {
        let store = profile.store
        offLoop {
            keys.flatMap { (try? store.transfers(with: $0, unfinished: true)) ?? [] }
        } then: { core, transfers, now in
            for transfer in transfers where transfer.reference.direction == .outgoing { core.takeUp(transfer) }
        }
    }

    private func takeUp(_ transfer: StoredTransfer) {
        guard let path = transfer.path, outgoingFiles[transfer.reference] == nil,
            isServed(transfer.reference.contact)
        else { return }
        offLoop(on: queue(of: transfer.reference)) {
            Result { () throws(PinholeError) in
                let source = try FileSource(path)
                guard source.fingerprint == transfer.fingerprint else {
                    throw PinholeError(.badData, "\(path) changed since it was offered", hint: "send it again")
                }
                return source
            }
        } then: { core, result, now in
            switch result {
            case .success(let source): core.offer(transfer, source, at: now)
            case .failure(let error):
                guard core.outgoingFiles[transfer.reference] == nil else { return }
                core.fail(transfer.reference, error.message, .failed)
            }
        }
    }

    func offer(_ transfer: StoredTransfer, _ source: FileSource, at now: Instant) {
        let reference = transfer.reference
        guard outgoingFiles[reference] == nil, isServed(reference.contact) else { return }
        let contact = reference.contact.key
        let key = FileKey(sender: profile.identity.publicKey.key, receiver: contact, offer: transfer.offer)
        do throws(PinholeError) {
            let sent = try SentGroups(groupsPath(key))
            outgoingFiles[reference] = OutgoingTransfer(source: source, offer: transfer.offer, key: key, sent: sent)
            endpoint.offer(transfer.offer, to: contact, at: now)
        } catch {
            fail(reference, error.message, .failed)
        }
    }

    /// Whether files can be offered to the contact: if not, they are once that is so.
    private func isServed(_ key: PublicKey) -> Bool { contacts[key]?.standing == .known }

    func fileAccepted(_ reference: TransferReference, _ holdings: FileHoldings, at now: Instant) {
        guard let transfer = outgoingFiles[reference] else { return }
        transfer.reader?.cancel()
        outgoingFiles[reference]?.stage = .offered
        let (source, offer, key, sent) = (transfer.source, transfer.offer, transfer.key, transfer.sent)
        let store = profile.store
        offLoop(on: queue(of: reference)) {
            Result { () throws(PinholeError) in
                try store.setState(.accepted, of: reference)
                return try source.start(after: holdings, of: offer, key, sent)
            }
        } then: { core, result, now in
            guard core.outgoingFiles[reference] != nil else { return }
            switch result {
            case .success(let tree): core.begin(reference, after: tree, at: now)
            case .failure(let error): core.cannotRead(reference, error, at: now)
            }
        }
    }

    private func begin(_ reference: TransferReference, after tree: FileTree, at now: Instant) {
        guard let transfer = outgoingFiles[reference] else { return }
        let node = LoopBound(self)
        let loop = loop
        // The receiver may have accepted it anew while the source was looked at.
        transfer.reader?.cancel()
        let reader = FileReader(
            transfer.source, transfer.offer, transfer.key, after: tree, sent: transfer.sent, on: queue(of: reference)
        ) {
            loop.perform { node.value.provide(reference, at: MonotonicClock.now) }
        }
        outgoingFiles[reference]?.stage = .sending(OutgoingTransfer.Content(reader: reader, begun: tree.groups))
        hub.publish(
            .fileBegan(
                reference, name: transfer.source.name, done: transfer.offer.range(of: tree.groups).lowerBound,
                total: transfer.offer.contentSize))
        endpoint.begin(reference.number, group: tree.groups, to: reference.contact.key, at: now)
    }

    func fileWanted(_ reference: TransferReference, at now: Instant) {
        outgoingFiles[reference]?.content?.isWanted = true
        provide(reference, at: now)
    }

    /// Gives the endpoint what it wants, if that has been read.
    private func provide(_ reference: TransferReference, at now: Instant) {
        guard let transfer = outgoingFiles[reference], case .sending(var content) = transfer.stage, content.isWanted
        else { return }
        switch content.reader.next() {
        case .given(let bytes, let isLast):
            content.isWanted = false
            content.given += isLast ? 0 : 1
            outgoingFiles[reference]?.stage = .sending(content)
            endpoint.provide(bytes, for: reference.number, isLast: isLast, to: reference.contact.key, at: now)
            let done = transfer.offer.range(of: content.begun + content.given).lowerBound
            if outgoingFiles[reference]?.progress.isDue(at: now, isLast: isLast) ?? false {
                hub.publish(.fileProgress(reference, done: done, total: transfer.offer.contentSize))
            }
        case .later:
            break
        case .failed(let error):
            cannotRead(reference, error, at: now)
        }
    }

    private func cannotRead(_ reference: TransferReference, _ error: PinholeError, at now: Instant) {
        let reason: FileRecord.Refusal = error.code == .badData ? .changed : .cancelled
        endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
        fail(reference, error.message, .failed)
    }

    func filePostponed(_ reference: TransferReference, _ reason: FileRecord.Postponement) {
        guard let transfer = outgoingFiles[reference] else { return }
        transfer.reader?.cancel()
        outgoingFiles[reference]?.stage = .offered
        hub.publish(.fileWaiting(reference, name: transfer.source.name, reason: reason.sentence))
    }

    func fileDone(_ reference: TransferReference) {
        guard let transfer = outgoingFiles.removeValue(forKey: reference) else { return }
        transfer.reader?.cancel()
        let groups = groupsPath(transfer.key)
        let (source, changed) = (transfer.source, transfer.source.changed)
        queue(of: reference).async { Folder.removeTree(groups) }
        retireQueue(of: reference)
        record(.done, of: reference) { core in
            for index in changed {
                let path = source.manifest.entries[index].path
                core.hub.publish(
                    .notice("\(source.name)/\(path) changed while it was being sent, and was left out: send it again"))
            }
            core.hub.publish(.fileSent(reference))
        }
    }
}
