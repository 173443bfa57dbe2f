import PinholeWire
import Testing

@testable import PinholeCrypto

/// Offers, manifests and hashes of files, byte by byte, against an independent computation.
struct FileVectorTests {
    struct Case: Decodable, CustomTestStringConvertible {
        let sender: Hex
        let receiver: Hex
        let transfer: Hex
        let name: String
        let manifest: Hex
        let contentSize: UInt64
        let totalSize: UInt64
        let data: [Data]
        let offer: Hex
        let leaves: [Hex]
        let digests: [Hex]
        let root: Hex
        let rootWhenTheLastChanged: Hex

        var testDescription: String { name }

        /// What the manifest is followed by: bytes that count from `start`.
        struct Data: Decodable {
            let start: UInt8
            let size: Int
        }

        var content: [UInt8] {
            manifest.bytes
                + data.flatMap { data in (0..<data.size).map { data.start &+ UInt8(truncatingIfNeeded: $0) } }
        }
    }

    static let cases: [Case] = {
        do {
            return try Vectors.load("files.json", as: [Case].self)
        } catch {
            Issue.record(error, "the vectors cannot be read")
            return []
        }
    }()

    @Test("the vectors are there")
    func count() {
        #expect(Self.cases.map(\.leaves.count) == [1, 6])
    }

    @Test("an offer, its manifest and all hashes are those of the vectors", arguments: cases)  // [FIL-13] [FIL-14]
    func hashes(test: Case) throws {
        guard case .offer(let offer) = try FileRecord(test.offer.bytes.span) else {
            Issue.record("no offer")
            return
        }
        #expect(offer.encoded == test.offer.bytes)
        #expect(offer.name == test.name && offer.totalSize == test.totalSize && offer.contentSize == test.contentSize)
        let manifest = try FileManifest(test.manifest.bytes.span, of: offer)
        #expect(manifest.encoded == test.manifest.bytes)
        #expect(manifest.entries.count == Int(offer.entries))

        let (sender, receiver) = (try IdentityKey(raw: test.sender.bytes), try IdentityKey(raw: test.receiver.bytes))
        let key = FileKey(sender: sender, receiver: receiver, offer: offer)
        let content = test.content
        var tree = FileTree()
        var digests = [tree.holdings(key).digest]
        for group in 0..<offer.groups {
            let range = offer.range(of: group)
            let leaf = key.leaf(Array(content[Int(range.lowerBound)..<Int(range.upperBound)]).span, group: group)
            #expect(leaf == test.leaves[Int(group)].bytes)
            tree.append(leaf, key)
            digests.append(tree.holdings(key).digest)
        }
        #expect(content.count == Int(offer.contentSize))
        #expect(digests == test.digests.map(\.bytes))
        #expect(tree.root(key, trailer: [0, 0, 0, 0]) == test.root.bytes)
        let last = UInt8(manifest.entries.count - 1)
        #expect(tree.root(key, trailer: [0, 0, 0, 1, 0, 0, 0, last]) == test.rootWhenTheLastChanged.bytes)
    }
}
