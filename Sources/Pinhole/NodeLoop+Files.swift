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

extension NodeLoop {
    /// Where the disk is waited for, each transfer on its own: one whose disk is stuck holds up no other.
    func queue(of reference: TransferReference) -> DispatchQueue {
        if let queue = fileQueues[reference] { return queue }
        let queue = DispatchQueue(label: "pinhole.files")
        fileQueues[reference] = queue
        return queue
    }

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

    /// The end of a transfer without its file.
    func fail(_ reference: TransferReference, _ sentence: Phrase, _ state: Transfer.State) {
        let incoming = incomingFiles.removeValue(forKey: reference)
        let outgoing = outgoingFiles.removeValue(forKey: reference)
        incoming?.writer?.cancel()
        outgoing?.reader?.cancel()
        let folder = configuration.downloadDirectory
        let groups = outgoing.map { groupsPath($0.key) }
        let partial = incoming.map { PartialTransfer.path($0.key, in: folder) }
        queue(of: reference).async {
            incoming?.writer?.settle(isWanted: false)
            for path in [groups, partial] { if let path { Folder.removeTree(path) } }
        }
        record(state, of: reference, reason: sentence) { $0.hub.publish(.fileFailed(reference, reason: sentence)) }
    }

    func record(
        _ state: Transfer.State, of reference: TransferReference, reason: Phrase? = nil,
        then: @escaping @Sendable (NodeLoop) -> Void
    ) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try store.setState(state, of: reference, reason: reason) }
        } then: { core, result, _ in
            if case .failure(let error) = result {
                core.hub.publish(.notice("a transfer cannot be recorded: \(error)"))
            }
            then(core)
        }
    }

    /// Where the hashes of what was sent are kept.
    func groupsPath(_ key: FileKey) -> String { "\(profile.directory)/transfers/\(key.token)" }
}
