import Glibc
import PinholeCrypto
import PinholeWire

/// What is left of transfers that do not go on: in a download folder of those whose senders never came back, and in the
/// profile of those that are over.
struct AbandonedTransfers {
    let store: Store
    let own: IdentityKey
    /// Where files are put.
    let folder: String
    /// Where the hashes of what was sent are kept.
    let groups: String

    struct GivenUp: Equatable, Sendable {
        let transfer: TransferReference
        let reason: Phrase
    }

    /// Milliseconds for which nothing of a transfer has come, or after which its source is still not there, before it is
    /// given up: 30 days.
    static let patience: UInt64 = 30 * 24 * 3_600_000

    /// Gives up what has not moved for ``patience`` before `time`, Unix milliseconds by a clock that is believed: the
    /// partial folder goes, and the transfer counts as failed. So does one that was offered before that, and whose source
    /// is not there. Returns those that were on record.
    func giveUp(at time: UInt64) throws(PinholeError) -> [GivenUp] {
        guard time > Self.patience else { return [] }
        let limit = time - Self.patience
        var known: Set<String> = []
        var given: [GivenUp] = []
        func end(_ transfer: StoredTransfer, _ reason: Phrase) throws(PinholeError) {
            guard try store.setState(.failed, of: transfer.reference, reason: reason) else { return }
            given.append(GivenUp(transfer: transfer.reference, reason: reason))
        }
        for contact in try store.contacts() {
            for transfer in try store.transfers(with: contact.key, unfinished: true) {
                guard transfer.reference.direction == .incoming else {
                    if transfer.createdAt < limit, let path = transfer.path, isMissing(path) {
                        try end(transfer, Self.sourceReason)
                    }
                    continue
                }
                let key = FileKey(sender: contact.key.key, receiver: own, offer: transfer.offer)
                let partial = PartialTransfer.path(key, in: folder)
                known.insert(partial)
                // Without a partial folder it waits for an answer, or its folder is elsewhere now.
                guard remove(partial, unlessNewerThan: limit) || transfer.createdAt < limit && !exists(partial) else {
                    continue
                }
                try end(transfer, Self.senderReason)
            }
        }
        // Of contacts who were removed since.
        for name in (try? Folder.names(in: folder)) ?? [] where name.hasPrefix(PartialTransfer.prefix) {
            let partial = "\(folder)/\(name)"
            if !known.contains(partial) { remove(partial, unlessNewerThan: limit) }
        }
        return given
    }

    static let senderReason: Phrase = "its sender did not come back for 30 days"
    static let sourceReason: Phrase = "it was offered 30 days ago, and is not where it was"

    /// Removes the hashes of what is sent no more: of contacts who were removed while no node had the transfer, for instance.
    func forgetGroups() throws(PinholeError) {
        // In this order: what is begun meanwhile is on record before it has a file.
        let names = (try? Folder.names(in: groups)) ?? []
        guard !names.isEmpty else { return }
        var wanted: Set<String> = []
        for contact in try store.contacts() {
            for transfer in try store.transfers(with: contact.key, unfinished: true)
            where transfer.reference.direction == .outgoing {
                wanted.insert(FileKey(sender: own, receiver: contact.key.key, offer: transfer.offer).token)
            }
        }
        for name in names where !wanted.contains(name) { Folder.removeTree("\(groups)/\(name)") }
    }

    private func exists(_ path: String) -> Bool { FileStatus(unfollowed: path) != nil }

    private func isMissing(_ path: String) -> Bool {
        do throws(PinholeError) {
            _ = try FileStatus(of: path)
            return false
        } catch {
            return error.code == .noSuchFile
        }
    }

    /// Returns whether it was a partial folder as old as that, and is gone. One that is being received is in use.
    @discardableResult
    private func remove(_ partial: String, unlessNewerThan limit: UInt64) -> Bool {
        guard let journal = try? File(opening: partial + "/journal", flags: O_RDWR | O_NOFOLLOW),
            let status = try? journal.status(), status.isOwn(inFolderOf: try? FileStatus(of: folder).owner),
            UInt64(clamping: status.modifiedSeconds) < limit / 1000, (try? journal.lock()) == true
        else { return false }
        Folder.removeTree(partial)
        return true
    }
}
