import PinholeWire
import Testing

@testable import PinholeCrypto

/// What two nodes with one identity share.
struct TwinTests {
    private struct File: Decodable {
        let seed: Hex
        let tags: [Tag]
        let instance: Hex
        let challenge: Hex
        let echo: Hex
        let side: UInt8
        let blob: Hex
        let epoch: UInt32
        let beaconNonce: Hex
        let sender: String
        let entry: Hex

        struct Tag: Decodable {
            let day: UInt64
            let tag: Hex
        }
    }

    @Test("tags, blobs and entries of beacons are those of the vectors")
    func vectors() throws {
        let file = try Vectors.load("twin.json", as: File.self)
        let twins = TwinKeys(try IdentitySecret(seed: file.seed.bytes))
        #expect(file.tags.count == 2)
        for vector in file.tags { #expect(twins.tag(day: vector.day) == RendezvousTag(vector.tag.bytes)) }
        let said = TwinBlob(
            instance: file.instance.bytes.span.bigEndian64(at: 0),
            challenge: file.challenge.bytes.span.bigEndian64(at: 0), echo: file.echo.bytes.span.bigEndian64(at: 0),
            side: try #require(Role(rawValue: file.side)))
        #expect(twins.open(file.blob.bytes) == said)
        #expect(twins.open(twins.seal(said)) == said)
        let sender = try #require(TransportAddress(file.sender))
        let entry = BeaconKey(twins, epoch: file.epoch).entry([], nonce: file.beaconNonce.bytes, from: sender)
        #expect(entry == file.entry.bytes.span.bigEndian64(at: 0))
    }

    @Test("a blob of another identity, or with a changed byte, says nothing")
    func strangers() throws {
        let file = try Vectors.load("twin.json", as: File.self)
        let twins = TwinKeys(try IdentitySecret(seed: file.seed.bytes))
        #expect(TwinKeys(try IdentitySecret.fixed(9)).open(file.blob.bytes) == nil)
        for index in file.blob.bytes.indices { #expect(twins.open(file.blob.bytes.flipped(at: index, mask: 1)) == nil) }
        #expect(twins.open(Array(file.blob.bytes.dropLast())) == nil)
    }
}
