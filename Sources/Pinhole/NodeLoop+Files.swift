import PinholeCore
import PinholeWire

// Files on their way to and from the disk.

/// An offer from a contact, and the partial file once it was accepted.
struct IncomingFile {
    let offer: FileOffer
    var writer: FileWriter?
    /// Whether all of it is here and it is getting its name: too late to give it up.
    var isFinishing = false
    var progress = Progress()
}

/// A file that a contact was offered.
struct OutgoingTransfer {
    let file: OutgoingFile
    let reader: FileReader
    /// What the endpoint wants and has not got.
    var wanted: (offset: UInt64, count: Int)?
    var progress = Progress()
}

/// Keeps progress from being told more than ten times a second.
struct Progress {
    private var lastTold: Instant?

    mutating func isDue(at now: Instant, isLast: Bool) -> Bool {
        if !isLast, let lastTold, now - lastTold < .milliseconds(100) { return false }
        lastTold = now
        return true
    }
}

// MARK: Outgoing

extension NodeLoop {
    func offer(_ file: OutgoingFile, hash: [UInt8], as reference: TransferReference, at now: Instant) {
        let node = LoopBound(self)
        let loop = loop
        let reader = FileReader(file, on: filesOut) {
            loop.perform { node.value.provide(reference, at: MonotonicClock.now) }
        }
        outgoingFiles[reference] = OutgoingTransfer(file: file, reader: reader)
        endpoint.offer(
            reference.number, size: file.size, hash: hash, name: file.name, to: reference.contact.key, at: now)
    }

    func fileWanted(_ reference: TransferReference, offset: UInt64, count: Int, at now: Instant) {
        outgoingFiles[reference]?.wanted = (offset, count)
        provide(reference, at: now)
    }

    /// Gives the endpoint what it wants, if that has been read.
    private func provide(_ reference: TransferReference, at now: Instant) {
        guard let transfer = outgoingFiles[reference], let (offset, count) = transfer.wanted else { return }
        switch transfer.reader.read(at: offset, upTo: count) {
        case .given(let bytes):
            outgoingFiles[reference]?.wanted = nil
            endpoint.provide(bytes, for: reference.number, to: reference.contact.key, at: now)
            tellProgress(reference, done: offset + UInt64(bytes.count), total: transfer.file.size, at: now)
        case .later:
            break
        case .failed(let error):
            endpoint.refuse(reference.number, .cancelled, with: reference.contact.key, at: now)
            fail(reference, error.message, .failed)
        }
    }

    func fileDone(_ reference: TransferReference) {
        guard outgoingFiles.removeValue(forKey: reference) != nil else { return }
        record(.done, of: reference) { $0.hub.publish(.fileSent(reference)) }
    }

    private func tellProgress(_ reference: TransferReference, done: UInt64, total: UInt64, at now: Instant) {
        let isLast = done == total
        let isDue =
            switch reference.direction {
            case .incoming: incomingFiles[reference]?.progress.isDue(at: now, isLast: isLast)
            case .outgoing: outgoingFiles[reference]?.progress.isDue(at: now, isLast: isLast)
            }
        if isDue ?? false { hub.publish(.fileProgress(reference, done: done, total: total)) }
    }
}

// MARK: Incoming

extension NodeLoop {
    func fileOffered(_ offer: FileOffer, from key: PublicKey, at now: Instant) {
        let reference = TransferReference(contact: key, direction: .incoming, number: offer.transfer)
        let store = profile.store
        let entry = StoredTransfer(
            reference, name: offer.name, size: offer.size, hash: offer.hash, path: nil, state: .offered,
            createdAt: WallClock.unixMilliseconds)
        incomingFiles[reference] = IncomingFile(offer: offer)
        offLoop {
            Result { () throws(PinholeError) in
                try store.insert(entry)
                return try store.transfer(reference)
            }
        } then: { core, result, now in
            switch result {
            case .success(let known): core.decide(reference, offer, known, at: now)
            case .failure(let error): core.refuse(reference, .storage, error.message, at: now)
            }
        }
    }

    /// An offer that is known goes on as it was answered; a new one by the policy.
    private func decide(_ reference: TransferReference, _ offer: FileOffer, _ known: StoredTransfer?, at now: Instant) {
        guard incomingFiles[reference] != nil else { return }
        guard known?.hash == offer.hash, known?.size == offer.size else {
            return refuse(reference, .unacceptable, "its content changed since it was first offered", at: now)
        }
        switch known?.state {
        case .done:
            incomingFiles[reference] = nil
            return endpoint.fileStored(offer.transfer, from: reference.contact.key, at: now)
        case .accepted:
            return accept(reference)
        case .offered, .refused, .failed, nil:
            hub.publish(
                .fileOffered(
                    reference, from: reference.contact, name: FileName.sanitized(offer.name), size: offer.size))
        }
        switch configuration.filePolicy {
        case .accept: accept(reference)
        case .ask: break
        case .refuse: giveUp(reference, .declined, at: now)
        }
    }

    func accept(_ reference: TransferReference) {
        guard let offer = incomingFiles[reference]?.offer else { return }
        let folder = configuration.downloadDirectory
        let store = profile.store
        // Behind what may still be written of it from the last session.
        offLoop(on: filesIn) {
            Result { () throws(PinholeError) in
                try store.setState(.accepted, of: reference)
                return try ReceivedFile(reference, name: offer.name, size: offer.size, hash: offer.hash, in: folder)
            }
        } then: { core, result, now in
            guard core.incomingFiles[reference] != nil else { return }
            switch result {
            case .success(let file):
                core.incomingFiles[reference]?.writer = core.makeWriter(file, reference)
                core.endpoint.accept(reference.number, offset: file.length, from: reference.contact.key, at: now)
            case .failure(let error):
                core.refuse(reference, .storage, error.message, at: now)
            }
        }
    }

    private func makeWriter(_ file: ReceivedFile, _ reference: TransferReference) -> FileWriter {
        let node = LoopBound(self)
        let loop = loop
        return FileWriter(file, on: filesIn) { result in
            loop.perform { node.value.written(result, of: reference, at: MonotonicClock.now) }
        }
    }

    func fileData(_ reference: TransferReference, offset: UInt64, _ bytes: [UInt8], at now: Instant) {
        incomingFiles[reference]?.writer?.write(bytes, at: offset)
    }

    private func written(_ result: Result<Int, PinholeError>, of reference: TransferReference, at now: Instant) {
        guard let incoming = incomingFiles[reference], let file = incoming.writer?.file else { return }
        switch result {
        case .success(let count):
            endpoint.fileWritten(count, of: reference.number, from: reference.contact.key, at: now)
            tellProgress(reference, done: file.length, total: file.size, at: now)
        case .failure(let error):
            // Who finishes finds it out as well.
            if !incoming.isFinishing { refuse(reference, .storage, error.message, at: now) }
        }
    }

    func fileComplete(_ reference: TransferReference) {
        guard let writer = incomingFiles[reference]?.writer else { return }
        incomingFiles[reference]?.isFinishing = true
        let store = profile.store
        // Behind what is still to be written of it.
        offLoop(on: filesIn) {
            Result { () throws(PinholeError) in
                do throws(PinholeError) {
                    let path = try writer.finish()
                    try store.setState(.done, of: reference, path: path)
                    return path
                } catch {
                    writer.file.discard()
                    throw error
                }
            }
        } then: { core, result, now in
            // The session may have ended meanwhile: then nobody is to be answered, and the outcome is the same.
            let isAwaited = core.incomingFiles.removeValue(forKey: reference) != nil
            switch result {
            case .success(let path):
                if isAwaited { core.endpoint.fileStored(reference.number, from: reference.contact.key, at: now) }
                core.hub.publish(.fileReceived(reference, path: path))
            case .failure(let error):
                let refusal: FileRecord.Refusal = error.code == .badData ? .corrupt : .storage
                if isAwaited { core.endpoint.refuse(reference.number, refusal, with: reference.contact.key, at: now) }
                core.fail(reference, error.message, .failed)
            }
        }
    }

    private func refuse(
        _ reference: TransferReference, _ reason: FileRecord.Refusal, _ sentence: Phrase, at now: Instant
    ) {
        endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
        fail(reference, sentence, .failed)
    }
}

// MARK: Giving up

extension NodeLoop {
    /// A person, or the policy, wants the transfer no more.
    func giveUp(_ reference: TransferReference, _ reason: FileRecord.Refusal, at now: Instant) {
        guard isOpen(reference) else { return }
        endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
        fail(reference, reason == .declined ? "it was declined here" : "it was cancelled here", .refused)
    }

    func fileRefused(_ transfer: UInt64, _ reason: FileRecord.Refusal, by key: PublicKey) {
        for direction in [TransferReference.Direction.incoming, .outgoing] {
            let reference = TransferReference(contact: key, direction: direction, number: transfer)
            if isOpen(reference) { fail(reference, reason.sentence, .refused) }
        }
    }

    private func isOpen(_ reference: TransferReference) -> Bool {
        if let file = incomingFiles[reference] { return !file.isFinishing }
        return outgoingFiles[reference] != nil
    }

    private func fail(_ reference: TransferReference, _ sentence: Phrase, _ state: StoredTransfer.State) {
        let writer = incomingFiles.removeValue(forKey: reference)?.writer
        writer?.cancel()
        outgoingFiles[reference] = nil
        record(state, of: reference) { core in
            writer?.file.discard()
            core.hub.publish(.fileFailed(reference, reason: sentence))
        }
    }

    private func record(
        _ state: StoredTransfer.State, of reference: TransferReference,
        then: @escaping @Sendable (NodeLoop) -> Void
    ) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try store.setState(state, of: reference) }
        } then: { core, result, _ in
            if case .failure(let error) = result {
                core.hub.publish(.notice("a transfer cannot be recorded: \(error)"))
            }
            then(core)
        }
    }
}
