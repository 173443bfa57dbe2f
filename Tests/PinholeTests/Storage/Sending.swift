import Dispatch
import PinholeCrypto
import PinholeWire
import Synchronization

@testable import Pinhole

/// A source with everything that its sender and its receiver need, both in one process.
final class Sending: Sendable {
    let folder: TemporaryDirectory
    let source: FileSource
    let offer: FileOffer
    let key: FileKey
    let sent: SentGroups

    /// A file `a.bin` with this content.
    convenience init(_ content: [UInt8]) throws {
        let folder = try TemporaryDirectory()
        try folder.write(content, to: "a.bin")
        try self.init(folder.path("a.bin"), in: folder)
    }

    init(_ path: String, in folder: TemporaryDirectory) throws {
        self.folder = folder
        source = try FileSource(path)
        offer = source.offer(.random(in: 1 ... .max), salt: (0..<32).map { _ in .random(in: 0 ... .max) })
        key = FileKey(
            sender: Identity.generate().publicKey.key, receiver: Identity.generate().publicKey.key, offer: offer)
        sent = SentGroups(folder.path("sent/" + key.token))
    }

    /// What the stream brings from a group on: a piece for each group, and the end.
    func stream(from group: UInt64) throws -> [[UInt8]] {
        var tree = FileTree()
        while tree.groups < group {
            let content = try source.read(offer.range(of: tree.groups))
            tree.append(key.leaf(content.span, group: tree.groups), key)
        }
        return try stream(after: tree)
    }

    func stream(after tree: FileTree) throws -> [[UInt8]] {
        let queue = DispatchQueue(label: "test")
        let reader = FileReader(source, offer, key, after: tree, sent: sent, on: queue) {}
        var pieces: [[UInt8]] = []
        while true {
            switch reader.next() {
            case .given(let bytes, let isLast):
                pieces.append(bytes)
                if isLast { return pieces }
            case .later: queue.sync {}
            case .failed(let error): throw error
            }
        }
    }

    /// What a sender does that is told what the receiver has: the rest of the stream, and where that begins.
    func resume(_ transfer: PartialTransfer) throws -> (group: UInt64, pieces: [[UInt8]]) {
        let tree = try source.start(after: transfer.holdings, of: offer, key, sent)
        return (tree.groups, try stream(after: tree))
    }

    /// Sends what is missing and puts everything in its place. Returns the path.
    func finish(
        _ transfer: PartialTransfer, _ existing: NodeConfiguration.ExistingFilePolicy = .rename
    ) throws -> String {
        let (group, pieces) = try resume(transfer)
        try transfer.begin(group: group)
        for piece in pieces { try transfer.append(piece) }
        return try place(transfer, existing)
    }

    func place(
        _ transfer: PartialTransfer, _ existing: NodeConfiguration.ExistingFilePolicy = .rename
    ) throws -> String {
        let (manifest, leftOut) = try transfer.verify()
        try transfer.synchronize()
        return try Placement(transfer: transfer, manifest: manifest, leftOut: leftOut, existing: existing).place()
    }
}
