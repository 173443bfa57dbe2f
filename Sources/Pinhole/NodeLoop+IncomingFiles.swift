import Dispatch
import PinholeCore
import PinholeCrypto
import PinholeWire

/// What contacts offer, on its way to the disk.
extension NodeLoop {
    func fileOffered(_ offer: FileOffer, from key: PublicKey, at now: Instant) {
        let reference = TransferReference(contact: key, direction: .incoming, number: offer.transfer)
        incomingFiles[reference] = IncomingFile(
            offer: offer,
            key: FileKey(sender: key.key, receiver: profile.identity.publicKey.key, offer: offer))
        writeDown(reference, offer, after: nil)
    }

    /// Writes an offer down, or finds that it is; `trouble` is why that was not possible the last time.
    func writeDown(_ reference: TransferReference, _ offer: FileOffer, after trouble: Phrase?) {
        let store = profile.store
        let entry = StoredTransfer(reference, offer, createdAt: loop.unixMilliseconds)
        let policy = policy(of: reference.contact)
        let kept = configuration.existingFilePolicy == .skip ? FileName.sanitized(offer.name) : nil
        let folder = configuration.downloadDirectory
        // The lists of what is received are in memory.
        let lists = incomingFiles.reduce(0) { sum, file in
            file.key.contact == reference.contact ? sum + Int(file.value.offer.manifestSize) : sum
        }
        let hasRoom = lists <= Limits.maxManifestsTogether
        // Whoever looks into the folder may wait for its disk.
        offLoop(on: kept == nil ? nil : queue(of: reference)) {
            Result { () throws(PinholeError) -> OfferAnswer in
                let isTaken = kept.map { FileStatus(unfollowed: "\(folder)/\($0)") != nil } ?? false
                if let known = try store.transfer(reference) { return .recorded(known, nameIsTaken: isTaken) }
                // What is refused at once costs no room: the contact could fill the disk with offers.
                if isTaken { return .refused(.exists) }
                if policy == .refuse { return .refused(.declined) }
                guard hasRoom, try store.insertOffer(entry) else { return .refused(.tooMany) }
                return .recorded(entry, nameIsTaken: false)
            }
        } then: { core, result, now in
            core.endpoint.offerNoted(reference.number, from: reference.contact.key, at: now)
            guard case .offered = core.incomingFiles[reference]?.stage else { return }
            switch result {
            case .success(.recorded(let known, let nameIsTaken)):
                core.decide(reference, offer, known, nameIsTaken: nameIsTaken, at: now)
            case .success(.refused(let reason)): core.turnAway(reference, offer, reason, at: now)
            case .failure(let error): core.cannotWriteDown(reference, offer, error, after: trouble, at: now)
            }
        }
    }

    private func cannotWriteDown(
        _ reference: TransferReference, _ offer: FileOffer, _ error: PinholeError, after told: Phrase?, at now: Instant
    ) {
        guard error.code != .badData else { return refuse(reference, .storage, error.message, at: now) }
        incomingFiles[reference]?.stage = .unrecorded
        if told != error.message {
            endpoint.postpone(reference.number, .storage, from: reference.contact.key, at: now)
            let name = FileName.sanitized(offer.name)
            hub.publish(.fileWaiting(reference, name: name, reason: error.message))
        }
        perform(after: Self.storagePause) { core, _ in
            guard case .unrecorded = core.incomingFiles[reference]?.stage else { return }
            core.incomingFiles[reference]?.stage = .offered
            core.writeDown(reference, offer, after: error.message)
        }
    }

    private enum OfferAnswer {
        /// It was written down, now or earlier.
        case recorded(StoredTransfer, nameIsTaken: Bool)
        /// Nobody has to be asked, and nothing was written down.
        case refused(FileRecord.Refusal)
    }

    private func policy(of key: PublicKey) -> NodeConfiguration.FilePolicy {
        contacts[key]?.filePolicy ?? configuration.filePolicy
    }

    /// Refuses an offer that was not written down, and forgets it.
    private func turnAway(
        _ reference: TransferReference, _ offer: FileOffer, _ refusal: FileRecord.Refusal, at now: Instant
    ) {
        forget(reference)
        endpoint.refuse(reference.number, refusal, with: reference.contact.key, at: now)
        let name = FileName.sanitized(offer.name)
        hub.publish(.fileOffered(reference, from: reference.contact, name: name, size: offer.totalSize))
        let reason: Phrase =
            switch refusal {
            case .exists: Self.nameIsTaken
            case .tooMany: "too many files of this contact wait already: it was refused"
            case .declined, .storage, .corrupt, .unacceptable, .cancelled, .changed: "it was declined here"
            }
        hub.publish(.fileFailed(reference, reason: reason))
    }

    private static let nameIsTaken: Phrase = "there is something of that name already"

    /// What was given up on the disk was offered meanwhile: it is not wanted any more.
    func forgetOffer(of reference: TransferReference, at now: Instant) {
        guard let incoming = incomingFiles.removeValue(forKey: reference) else { return }
        incoming.cancel()
        queue(of: reference).async { incoming.letGo(isWanted: false) }
        retireQueue(of: reference)
        endpoint.refuse(reference.number, .declined, with: reference.contact.key, at: now)
    }

    /// It needs nothing here any more.
    private func forget(_ reference: TransferReference) {
        incomingFiles[reference] = nil
        retireQueue(of: reference)
    }

    /// An offer that is known goes on as it was answered; a new one by the policy.
    private func decide(
        _ reference: TransferReference, _ offer: FileOffer, _ known: StoredTransfer, nameIsTaken: Bool, at now: Instant
    ) {
        guard known.offer == offer else {
            forget(reference)
            return endpoint.refuse(reference.number, .unacceptable, with: reference.contact.key, at: now)
        }
        switch known.state {
        case .done:
            forget(reference)
            return endpoint.fileStored(offer.transfer, from: reference.contact.key, at: now)
        case .accepted:
            return accept(reference)
        case .refused, .failed:
            // The contact has not heard of it.
            if let incoming = incomingFiles.removeValue(forKey: reference) {
                let partial = PartialTransfer.path(incoming.key, in: configuration.downloadDirectory)
                queue(of: reference).async { Folder.removeTree(partial) }
                retireQueue(of: reference)
            }
            return endpoint.refuse(reference.number, .declined, with: reference.contact.key, at: now)
        case .offered:
            let name = FileName.sanitized(offer.name)
            hub.publish(.fileOffered(reference, from: reference.contact, name: name, size: offer.totalSize))
            if nameIsTaken { return refuse(reference, .exists, Self.nameIsTaken, at: now) }
        }
        switch policy(of: reference.contact) {
        case .accept: accept(reference)
        case .ask: endpoint.postpone(reference.number, .asking, from: reference.contact.key, at: now)
        case .refuse: giveUp(reference, .declined, at: now)
        }
    }

    func accept(_ reference: TransferReference) {
        guard let incoming = incomingFiles[reference] else { return acceptUnopened(reference) }
        let opening = IncomingFile.Opening()
        switch incoming.stage {
        case .offered: incomingFiles[reference]?.stage = .opening(opening, after: nil)
        case .obstructed(let reason): incomingFiles[reference]?.stage = .opening(opening, after: reason)
        case .unrecorded, .opening, .receiving, .finishing: return
        }
        let (offer, key) = (incoming.offer, incoming.key)
        let folder = configuration.downloadDirectory
        let store = profile.store
        // Behind what may still be written of it from the last session.
        offLoop(on: queue(of: reference)) {
            Result { () throws(PinholeError) -> StoredTransfer? in
                guard try store.setState(.accepted, of: reference) else { return try store.transfer(reference) }
                let transfer = try PartialTransfer(offer, key, in: folder)
                opening.opened(transfer)
                return nil
            }
        } then: { core, result, now in
            // Whoever gave it up meanwhile, or begun anew, has another.
            guard case .opening(let present, _) = core.incomingFiles[reference]?.stage, present === opening else {
                return
            }
            switch result {
            case .success(let known?):
                // It ended while this waited: perhaps in the last session, of which there was still something to write.
                core.decide(reference, offer, known, nameIsTaken: false, at: now)
            case .success(nil):
                guard let transfer = opening.take() else { return core.forget(reference) }
                core.incomingFiles[reference]?.stage = .receiving(core.makeWriter(transfer, reference))
                core.endpoint.accept(reference.number, transfer.holdings, from: reference.contact.key, at: now)
            case .failure(let error):
                core.cannotWrite(reference, error, at: now)
            }
        }
    }

    private func makeWriter(_ transfer: PartialTransfer, _ reference: TransferReference) -> FileWriter {
        let node = LoopBound(self)
        let loop = loop
        return FileWriter(transfer, on: queue(of: reference)) { result in
            loop.perform { node.value.written(result, of: reference, at: loop.now) }
        }
    }

    func fileBegan(_ reference: TransferReference, group: UInt64) {
        guard let incoming = incomingFiles[reference], let writer = incoming.writer else { return }
        writer.begin(group: group)
        // Where it begins behind what is here, which the writer finds out, nothing lies in the content.
        let offer = incoming.offer
        let done = offer.range(of: min(group, offer.groups)).lowerBound
        hub.publish(
            .fileBegan(reference, name: writer.transfer.name, done: done, total: offer.contentSize))
    }

    func fileData(_ reference: TransferReference, _ bytes: [UInt8]) {
        incomingFiles[reference]?.writer?.write(bytes)
    }

    private func written(_ result: Result<Int, PinholeError>, of reference: TransferReference, at now: Instant) {
        guard let incoming = incomingFiles[reference], let writer = incoming.writer else { return }
        let transfer = writer.transfer
        switch result {
        case .success(let count):
            for memory in writer.takeWritten() { endpoint.reuse(memory, from: reference.contact.key) }
            endpoint.fileWritten(count, of: reference.number, from: reference.contact.key, at: now)
            let (done, total) = (transfer.received, incoming.offer.contentSize)
            if incomingFiles[reference]?.progress.isDue(at: now, isLast: done == total) ?? false {
                hub.publish(.fileProgress(reference, done: done, total: total))
            }
        case .failure(let error):
            // Who finishes finds it out as well.
            if case .receiving = incoming.stage { cannotWrite(reference, error, at: now) }
        }
    }

    func fileComplete(_ reference: TransferReference) {
        guard case .receiving(let writer) = incomingFiles[reference]?.stage else { return }
        incomingFiles[reference]?.stage = .finishing(writer)
        let store = profile.store
        let existing = configuration.existingFilePolicy
        // Behind what is still to be written of it.
        offLoop(on: queue(of: reference)) {
            Result { () throws(PinholeError) in
                let placed = try writer.finish(existing)
                try store.setState(.done, of: reference, path: placed.path)
                writer.transfer.discard()
                return placed
            }
        } then: { core, result, now in
            // The session may have ended meanwhile: then nobody is to be answered, and the outcome is the same.
            let isAwaited = core.incomingFiles[reference] != nil
            switch result {
            case .success(let (path, missing)):
                core.incomingFiles.removeValue(forKey: reference)?.cancel()
                core.retireQueue(of: reference)
                if isAwaited { core.endpoint.fileStored(reference.number, from: reference.contact.key, at: now) }
                if !missing.isEmpty {
                    let name = writer.transfer.name
                    let files = Self.list(missing.map { "\($0)" })
                    core.hub.publish(
                        .notice(
                            "\(name) came without \(plural: missing.count, "file", "files") that could not be sent: \(files)"
                        ))
                }
                core.hub.publish(.fileReceived(reference, path: path))
            case .failure(let error):
                if isAwaited { return core.cannotWrite(reference, error, at: now) }
                // Damage is found again, and room may be there, when it is offered again.
                core.hub.publish(.fileWaiting(reference, name: writer.transfer.name, reason: error.message))
            }
        }
    }

    func fileInterrupted(_ reference: TransferReference) {
        guard let incoming = incomingFiles.removeValue(forKey: reference) else { return }
        if case .opening(let opening, _) = incoming.stage { opening.take()?.release() }
        // What has come is written, and is there for the next session.
        queue(of: reference).async { incoming.letGo(isWanted: true) }
        retireQueue(of: reference)
    }

    /// What is damaged is over. Where the disk does not take it, it waits until the disk does.
    private func cannotWrite(_ reference: TransferReference, _ error: PinholeError, at now: Instant) {
        guard error.code != .badData else { return refuse(reference, .corrupt, error.message, at: now) }
        guard let incoming = incomingFiles[reference] else { return }
        var told: Phrase?
        if case .opening(_, let reason) = incoming.stage { told = reason }
        incomingFiles[reference]?.stage = .obstructed(error.message)
        incoming.cancel()
        queue(of: reference).async { incoming.letGo(isWanted: true) }
        if told != error.message {
            endpoint.postpone(reference.number, .storage, from: reference.contact.key, at: now)
            let name = FileName.sanitized(incoming.offer.name)
            hub.publish(.fileWaiting(reference, name: name, reason: error.message))
        }
        perform(after: Self.storagePause) { core, _ in
            guard case .obstructed = core.incomingFiles[reference]?.stage else { return }
            core.accept(reference)
        }
    }

    private func refuse(
        _ reference: TransferReference, _ reason: FileRecord.Refusal, _ sentence: Phrase, at now: Instant
    ) {
        endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
        fail(reference, sentence, reason == .exists ? .refused : .failed)
    }
}
