import Dispatch
import PinholeCore
import PinholeCrypto
import PinholeWire
import Synchronization

/// What a contact was offered.
struct OutgoingTransfer {
    let source: FileSource
    let offer: FileOffer
    let key: FileKey
    var stage = Stage.offered
    let answers = Answers()
    var progress = Progress()

    /// How often the receiver has answered. It goes with the transfer: what the disk still does for an earlier answer, or
    /// for a transfer that is gone, is in vain.
    final class Answers: Sendable {
        private let count = Atomic(0)

        var latest: Int { count.load(ordering: .relaxed) }

        func add() { count.add(1, ordering: .relaxed) }
    }

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
        /// Why it could not be read the last time.
        var trouble: Phrase?
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
            Result { () throws(PinholeError) in
                var all: [StoredTransfer] = []
                for key in keys { all += try store.transfers(with: key, unfinished: true) }
                return all
            }
        } then: { core, result, now in
            switch result {
            case .success(let transfers):
                core.troubles.remove(.transfers)
                for transfer in transfers where transfer.reference.direction == .outgoing { core.takeUp(transfer) }
            case .failure(let error):
                core.tell(.transfers, "the transfers cannot be read: \(error)")
                core.takeUpLater()
            }
        }
    }

    /// The disk that holds it may not be there yet, or the database be in use.
    private func takeUpLater() {
        guard !isTakingUpLater else { return }
        isTakingUpLater = true
        perform(after: .seconds(30)) { core, _ in
            core.isTakingUpLater = false
            core.takeUpTransfers(with: Array(core.contacts.keys))
        }
    }

    private func takeUp(_ transfer: StoredTransfer) {
        guard let path = transfer.path, outgoingFiles[transfer.reference] == nil,
            isServed(transfer.reference.contact)
        else { return }
        let store = profile.store
        offLoop(on: queue(of: transfer.reference)) {
            Result { () throws(PinholeError) -> FileSource? in
                // It may have been given up since it was read.
                switch try store.transfer(transfer.reference)?.state {
                case .offered, .accepted: try transfer.source(at: path)
                case .refused, .failed, .done, nil: nil
                }
            }
        } then: { core, result, now in
            switch result {
            case .success(let source?): core.offer(transfer, source, at: now)
            case .success(nil): core.retireQueue(of: transfer.reference)
            case .failure(let error):
                guard core.outgoingFiles[transfer.reference] == nil else { return }
                // Of all other reasons one cannot know that they stay.
                guard error.code != .badData, error.code != .noSuchFile else {
                    let groups = core.profile.groupsPath(of: transfer)
                    core.queue(of: transfer.reference).async { Folder.removeTree(groups) }
                    // The receiver may have asked already.
                    core.endpoint.disown(
                        transfer.reference.number, .changed, with: transfer.reference.contact.key, at: now)
                    return core.fail(transfer.reference, error.phrase, .failed)
                }
                core.retireQueue(of: transfer.reference)
                if core.troubles.insert(.source(transfer.reference)).inserted {
                    let name = FileName.sanitized(transfer.offer.name)
                    core.hub.publish(.fileWaiting(transfer.reference, name: name, reason: error.phrase))
                }
                core.takeUpLater()
            }
        }
    }

    func offer(_ transfer: StoredTransfer, _ source: FileSource, at now: Instant) {
        let reference = transfer.reference
        guard outgoingFiles[reference] == nil, isServed(reference.contact) else { return }
        let contact = reference.contact.key
        let key = FileKey(sender: profile.identity.publicKey.key, receiver: contact, offer: transfer.offer)
        troubles.remove(.source(reference))
        outgoingFiles[reference] = OutgoingTransfer(source: source, offer: transfer.offer, key: key)
        endpoint.offer(transfer.offer, to: contact, at: now)
    }

    /// What was offered was given up on the disk: it is not offered any more, and the receiver may have asked why not.
    func forgetSource(of reference: TransferReference, _ reason: FileRecord.Refusal, at now: Instant) {
        guard let transfer = outgoingFiles.removeValue(forKey: reference) else {
            return endpoint.disown(reference.number, reason, with: reference.contact.key, at: now)
        }
        transfer.reader?.cancel()
        retireQueue(of: reference)
        endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
    }

    /// Whether files can be offered to the contact: if not, they are once that is so.
    private func isServed(_ key: PublicKey) -> Bool { contacts[key]?.standing == .known }

    func fileAccepted(_ reference: TransferReference, _ holdings: FileHoldings, at now: Instant) {
        outgoingFiles[reference]?.answers.add()
        lookAtSource(reference, holdings, after: nil)
    }

    private typealias SourceStart = (tree: FileTree, sent: SentGroups)

    /// Finds where to go on for a receiver that has so much; `trouble` is why that was not found the last time.
    private func lookAtSource(_ reference: TransferReference, _ holdings: FileHoldings, after trouble: Phrase?) {
        guard let transfer = outgoingFiles[reference] else { return }
        transfer.reader?.cancel()
        outgoingFiles[reference]?.stage = .offered
        let (source, offer, key) = (transfer.source, transfer.offer, transfer.key)
        let (answers, number) = (transfer.answers, transfer.answers.latest)
        let (store, groups) = (profile.store, profile.groupsPath(key))
        // nil where nobody waits for it any more.
        offLoop(on: queue(of: reference)) { [weak answers] () -> Result<SourceStart?, PinholeError>? in
            guard answers?.latest == number else { return nil }
            // That it is wanted is remembered for who lists the transfers: it goes on where that finds no room.
            let isOpen = (try? store.setState(.accepted, of: reference)) ?? true
            let sent = SentGroups(groups)
            return Result { () throws(PinholeError) -> SourceStart? in
                guard isOpen else { return nil }
                let tree = try source.start(after: holdings, of: offer, key, sent) { answers?.latest == number }
                return (tree, sent)
            }
        } then: { [weak answers] core, result, now in
            guard let result, let answers, answers.latest == number,
                core.outgoingFiles[reference]?.answers === answers
            else { return }
            switch result {
            case .success((let tree, let sent)?): core.begin(reference, after: tree, sent, at: now)
            case .success(nil): core.giveUp(reference, .cancelled, at: now)
            case .failure(let error):
                core.cannotRead(reference, error, after: trouble, at: now) { core, _ in
                    guard answers.latest == number, core.outgoingFiles[reference]?.answers === answers else { return }
                    core.lookAtSource(reference, holdings, after: error.message)
                }
            }
        }
    }

    private func begin(
        _ reference: TransferReference, after tree: FileTree, _ sent: SentGroups, at now: Instant
    ) {
        guard let transfer = outgoingFiles[reference] else { return }
        let node = LoopBound(self)
        let loop = loop
        // The receiver may have accepted it anew while the source was looked at.
        transfer.reader?.cancel()
        let reader = FileReader(
            transfer.source, transfer.offer, transfer.key, after: tree, sent: sent, on: queue(of: reference)
        ) {
            loop.perform { node.value.provide(reference, at: loop.now) }
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
            (content.isWanted, content.trouble) = (false, nil)
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
            let reader = content.reader
            cannotRead(reference, error, after: content.trouble, at: now) { core, _ in
                if core.outgoingFiles[reference]?.reader === reader { reader.retry() }
            }
            outgoingFiles[reference]?.content?.trouble = error.message
        }
    }

    /// What changed, is gone or may not be read is over. Where the disk does not give it, that is told, unless it was `told`,
    /// and it is tried again.
    private func cannotRead(
        _ reference: TransferReference, _ error: PinholeError, after told: Phrase?, at now: Instant,
        again: @escaping (NodeLoop, Instant) -> Void
    ) {
        guard let transfer = outgoingFiles[reference] else { return }
        if [.badData, .noSuchFile, .configuration, .usage].contains(error.code) {
            let isLost = error.code == .badData || error.code == .noSuchFile
            let reason: FileRecord.Refusal = isLost ? .changed : .cancelled
            endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
            return fail(reference, error.message, .failed)
        }
        if told != error.message {
            hub.publish(.fileWaiting(reference, name: transfer.source.name, reason: error.message))
        }
        perform(after: Self.storagePause, again)
    }

    func filePostponed(_ reference: TransferReference, _ reason: FileRecord.Postponement) {
        guard let transfer = outgoingFiles[reference] else { return }
        outgoingFiles[reference]?.answers.add()
        transfer.reader?.cancel()
        outgoingFiles[reference]?.stage = .offered
        hub.publish(.fileWaiting(reference, name: transfer.source.name, reason: reason.sentence))
    }

    func fileDone(_ reference: TransferReference) {
        guard let transfer = outgoingFiles.removeValue(forKey: reference) else { return }
        transfer.reader?.cancel()
        let groups = profile.groupsPath(transfer.key)
        let source = transfer.source
        queue(of: reference).async { Folder.removeTree(groups) }
        retireQueue(of: reference)
        let missing = source.missing
        guard !missing.isEmpty else {
            return record(.done, of: reference) { core in core.hub.publish(.fileSent(reference)) }
        }
        let reason: Phrase =
            "\(plural: missing.count, "file", "files") of it could not be sent, the rest was: \(Self.list(missing))"
        record(.failed, of: reference, reason: reason) { core in
            for left in source.leftOut { core.hub.publish(.notice("left out: \(left.reason)")) }
            core.hub.publish(.fileFailed(reference, reason: reason))
        }
    }

    /// The first of them, in one sentence.
    static func list(_ phrases: [Phrase]) -> Phrase {
        let first = phrases.prefix(3)
        let list = Phrase.joined(Array(first)) ?? ""
        return phrases.count > first.count ? "\(list) …" : list
    }
}
