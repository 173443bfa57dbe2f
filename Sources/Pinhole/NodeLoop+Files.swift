import Dispatch
import PinholeCore
import PinholeCrypto
import PinholeWire

// Files and folders on their way to and from the disk. `+IncomingFiles` and `+OutgoingFiles` have the two ways.

/// Keeps progress from being told more than ten times a second.
struct Progress {
    private var lastTold: Instant?

    mutating func isDue(at now: Instant, isLast: Bool) -> Bool {
        if !isLast, let lastTold, now - lastTold < .milliseconds(100) { return false }
        lastTold = now
        return true
    }
}

/// Where the disk is waited for on behalf of one transfer.
struct FileQueue {
    let queue: DispatchQueue
    /// How often something was begun on it.
    var uses = 0

    init(on disk: DispatchQueue?) {
        queue = DispatchQueue(label: "pinhole.files", target: disk)
    }
}

extension NodeLoop {
    /// Where the disk is waited for, each transfer on its own: one whose disk is stuck holds up no other, until a contact
    /// has ``Limits/maxUnnoted`` of them there.
    func queue(of reference: TransferReference) -> DispatchQueue {
        var file = fileQueues[reference] ?? FileQueue(on: disk)
        file.uses += 1
        fileQueues[reference] = file
        return file.queue
    }

    /// The transfer needs its queue no more: it is forgotten when it has done what it was asked for, unless it is asked
    /// for something else until then.
    func retireQueue(of reference: TransferReference) {
        guard let (queue, uses) = fileQueues[reference].map({ ($0.queue, $0.uses) }) else { return }
        let node = LoopBound(self)
        let loop = loop
        queue.async {
            loop.perform {
                guard node.value.fileQueues[reference]?.uses == uses else { return }
                node.value.fileQueues[reference] = nil
            }
        }
    }

    /// A person, or the policy, wants the transfer no more.
    func giveUp(_ reference: TransferReference, _ reason: FileRecord.Refusal, at now: Instant) {
        guard isOpen(reference) else { return forgetUnopened(reference, because: Profile.cancelled) }
        endpoint.refuse(reference.number, reason, with: reference.contact.key, at: now)
        fail(reference, reason == .declined ? "it was declined here" : Profile.cancelled, .refused)
    }

    func fileRefused(_ transfer: UInt64, _ reason: FileRecord.Refusal, by key: PublicKey) {
        let incoming = TransferReference(contact: key, direction: .incoming, number: transfer)
        let outgoing = TransferReference(contact: key, direction: .outgoing, number: transfer)
        let open = [incoming, outgoing].filter { isOpen($0) }
        for reference in open { fail(reference, reason.sentence, .refused) }
        // It answers a question about what an earlier session offered.
        if open.isEmpty, incomingFiles[incoming] == nil { forgetUnopened(incoming, because: reason.sentence) }
        // Behind all that the disk was asked for, also where it is stuck: who goes on would pile up work for it.
        let isOffer = open.contains(incoming)
        offLoop(on: isOffer ? queue(of: incoming) : nil) {
        } then: { core, _, now in
            core.endpoint.refusalNoted(from: key.key, at: now)
        }
        if isOffer { retireQueue(of: incoming) }
    }

    private func isOpen(_ reference: TransferReference) -> Bool {
        switch incomingFiles[reference]?.stage {
        case .finishing: false
        case .offered, .unrecorded, .opening, .receiving, .obstructed: true
        case nil: outgoingFiles[reference] != nil
        }
    }

    /// The end of a transfer without its file.
    func fail(_ reference: TransferReference, _ sentence: Phrase, _ state: Transfer.State) {
        let incoming = incomingFiles.removeValue(forKey: reference)
        let outgoing = outgoingFiles.removeValue(forKey: reference)
        incoming?.cancel()
        outgoing?.reader?.cancel()
        let folder = configuration.downloadDirectory
        let groups = outgoing.map { profile.groupsPath($0.key) }
        let partial = incoming.map { PartialTransfer.path($0.key, in: folder) }
        queue(of: reference).async {
            incoming?.letGo(isWanted: false)
            for path in [groups, partial] { if let path { Folder.removeTree(path) } }
        }
        retireQueue(of: reference)
        record(state, of: reference, reason: sentence) { $0.hub.publish(.fileFailed(reference, reason: sentence)) }
    }

    func record(
        _ state: Transfer.State, of reference: TransferReference, reason: Phrase? = nil,
        then: @escaping @Sendable (NodeLoop) -> Void
    ) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in _ = try store.setState(state, of: reference, reason: reason) }
        } then: { core, result, _ in
            if case .failure(let error) = result {
                core.hub.publish(.notice("a transfer cannot be recorded: \(error)"))
            }
            then(core)
        }
    }

    /// What the disk did not take or give is tried again after this.
    static let storagePause = Duration.seconds(5)
}
