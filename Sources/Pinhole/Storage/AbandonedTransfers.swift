import Glibc
import PinholeCrypto
import PinholeWire

/// What is left in a download folder of transfers whose senders never came back.
struct AbandonedTransfers {
    let store: Store
    let own: IdentityKey
    let folder: String

    /// Milliseconds for which nothing of a transfer has come before it is given up: 30 days.
    static let patience: UInt64 = 30 * 24 * 3_600_000

    /// Gives up what has not moved for ``patience`` before `time`, Unix milliseconds by a clock that is believed: the
    /// partial folder goes, and the transfer counts as failed. Returns those that were on record.
    func giveUp(at time: UInt64) throws(PinholeError) -> [TransferReference] {
        guard time > Self.patience else { return [] }
        let limit = time - Self.patience
        var known: Set<String> = []
        var given: [TransferReference] = []
        for contact in try store.contacts() {
            for transfer in try store.transfers(with: contact.key, unfinished: true)
            where transfer.reference.direction == .incoming {
                let key = FileKey(sender: contact.key.key, receiver: own, offer: transfer.offer)
                let partial = PartialTransfer.path(key, in: folder)
                known.insert(partial)
                // Without a partial folder it waits for an answer, or its folder is elsewhere now.
                guard remove(partial, unlessNewerThan: limit) || transfer.createdAt < limit && !exists(partial) else {
                    continue
                }
                try store.setState(.failed, of: transfer.reference, reason: Self.reason)
                given.append(transfer.reference)
            }
        }
        // Of contacts who were removed since.
        for name in (try? Folder.names(in: folder)) ?? [] where name.hasPrefix(PartialTransfer.prefix) {
            let partial = "\(folder)/\(name)"
            if !known.contains(partial) { remove(partial, unlessNewerThan: limit) }
        }
        return given
    }

    static let reason: Phrase = "its sender did not come back for 30 days"

    private func exists(_ path: String) -> Bool { FileStatus(unfollowed: path) != nil }

    /// Returns whether it was a partial folder as old as that, and is gone. One that is being received is in use.
    @discardableResult
    private func remove(_ partial: String, unlessNewerThan limit: UInt64) -> Bool {
        guard let journal = try? File(opening: partial + "/journal", flags: O_RDWR | O_NOFOLLOW),
            let status = try? journal.status(), status.owner == geteuid(),
            UInt64(clamping: status.modifiedSeconds) < limit / 1000, (try? journal.lock()) == true
        else { return false }
        Folder.removeTree(partial)
        return true
    }
}
