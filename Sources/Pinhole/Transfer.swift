import PinholeCrypto
import PinholeWire

/// A file or a folder on its way to or from a contact, or the end of that.
public struct Transfer: Identifiable, Hashable, Sendable {
    /// How far it has come.
    public enum State: String, Sendable, CaseIterable {
        /// The receiver has not answered.
        case offered
        /// The receiver wants it.
        case accepted
        /// It is whole, verified and on the receiver's disk.
        case done
        /// One of the two did not want it, or not any more.
        case refused
        /// It could not be sent, or did not arrive as it was sent.
        case failed
    }

    /// Its name.
    public let reference: TransferReference
    /// What it is called; it may hold no control characters and no path.
    public let name: String
    /// Whether it is a folder with everything in it.
    public let isFolder: Bool
    /// The files and folders in it, itself among them.
    public let entries: Int
    /// The bytes that go over the network, when nothing is sent twice.
    public let size: UInt64
    /// The sizes of all its files together; more than ``size`` where files have holes.
    public let totalSize: UInt64
    /// Where the source is, or where it was put.
    public let path: String?
    /// How far it has come.
    public let state: State
    /// Unix milliseconds by this machine's clock.
    public let createdAt: UInt64

    /// The name.
    public var id: TransferReference { reference }

    init(_ transfer: StoredTransfer) {
        reference = transfer.reference
        name = FileName.sanitized(transfer.offer.name)
        isFolder = transfer.offer.shape == .folder
        entries = Int(transfer.offer.entries)
        size = transfer.offer.contentSize
        totalSize = transfer.offer.totalSize
        path = transfer.path
        state = transfer.state
        createdAt = transfer.createdAt
    }
}

extension Profile {
    /// The transfers with a contact, the oldest first.
    public func transfers(with key: PublicKey) throws(PinholeError) -> [Transfer] {
        try store.transfers(with: key, unfinished: false).map { Transfer($0) }
    }

    /// The first transfers after a place, 0 for the beginning, each with its place and why it ended without its file.
    package func transfers(
        with key: PublicKey?, unfinished: Bool, after place: Int64, limit: Int
    ) throws(PinholeError) -> [(place: Int64, transfer: Transfer, failure: Phrase?)] {
        try store.transfers(with: key, unfinished: unfinished, after: place, limit: limit)
            .map { ($0.place, Transfer($0.transfer), $0.failure) }
    }

    /// A transfer; nil when there is none of that name.
    public func transfer(_ reference: TransferReference) throws(PinholeError) -> Transfer? {
        try store.transfer(reference).map { Transfer($0) }
    }

    /// Gives up a transfer that no node has open: it is not taken up again. Returns false for one that is over. What has
    /// arrived of it goes at once where the download folder is known, and otherwise when it is offered again, or with age.
    @discardableResult
    package func forget(
        _ reference: TransferReference, because reason: Phrase = cancelled, partialIn folder: String? = nil
    ) throws(PinholeError) -> Bool {
        guard let transfer = try store.transfer(reference),
            try store.setState(.refused, of: reference, reason: reason)
        else { return false }
        switch reference.direction {
        case .outgoing: Folder.removeTree(groupsPath(of: transfer))
        case .incoming:
            guard let folder else { break }
            let key = FileKey(
                sender: reference.contact.key, receiver: identity.publicKey.key, offer: transfer.offer)
            Folder.removeTree(PartialTransfer.path(key, in: folder))
        }
        return true
    }

    package static let cancelled: Phrase = "it was cancelled here"

    /// Where the hashes of what was sent are kept.
    func groupsPath(_ key: FileKey) -> String { "\(groupsFolder)/\(key.token)" }

    var groupsFolder: String { "\(directory)/transfers" }

    func groupsPath(of transfer: StoredTransfer) -> String {
        groupsPath(
            FileKey(
                sender: identity.publicKey.key, receiver: transfer.reference.contact.key, offer: transfer.offer))
    }

    /// Decides what happens to a file that a contact offers; nil for what is configured.
    public func setFilePolicy(_ policy: NodeConfiguration.FilePolicy?, of key: PublicKey) throws(PinholeError) {
        try store.setFilePolicy(policy, for: key)
    }
}
