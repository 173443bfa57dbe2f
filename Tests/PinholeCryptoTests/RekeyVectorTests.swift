import PinholeWire
import Testing

@testable import PinholeCrypto

/// Rekeys, byte by byte, against an independent computation.
struct RekeyVectorTests {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let epochs: [Epoch]

        var testDescription: String { name }
    }

    struct Epoch: Decodable {
        let epoch: UInt32
        let transcriptHash: Hex
        let lo: Side
        let hi: Side
    }

    struct Side: Decodable {
        let ephemeralSecret: Hex
        let ephemeralPublic: Hex
        let rekeyFrame: Hex
        let signature: Hex
        let reauthFrame: Hex
        let packetNumber: UInt64
        let plaintext: Hex
        let datagram: Hex
    }

    static let cases: [Case] = {
        do {
            return try Vectors.load("rekey.json", as: [Case].self)
        } catch {
            Issue.record(error, "the vectors cannot be read")
            return []
        }
    }()

    @Test("the vectors are there")
    func count() {
        #expect(Self.cases.map(\.epochs.count) == [5, 5])
        #expect(Self.cases.map(\.name) == HandshakeVectorTests.cases.map(\.name))
    }

    // [EPO-1]
    @Test("frames, transcripts, signatures and packets of five epochs are those of the vectors", arguments: cases)
    func epochs(test: Case) throws {
        let handshake = try #require(HandshakeVectorTests.cases.first { $0.name == test.name })
        for role in [Role.lo, .hi] {
            var schedule = try start(handshake, role)
            for epoch in test.epochs {
                let (own, peer) = role == .lo ? (epoch.lo, epoch.hi) : (epoch.hi, epoch.lo)
                let offer = RekeyOffer(secret: own.ephemeralSecret.bytes)
                #expect(offer.key == own.ephemeralPublic.bytes)
                schedule = try #require(schedule.next(offer, peer: peer.ephemeralPublic.bytes))
                #expect(schedule.epoch == epoch.epoch)
                #expect(schedule.transcriptHash == epoch.transcriptHash.bytes)
                #expect(schedule.sign() == own.signature.bytes)
                #expect(schedule.verify(peer.signature.bytes))
                #expect(!schedule.verify(own.signature.bytes))
                let keys = schedule.makeSessionKeys()
                #expect(keys.seal(own.plaintext.bytes, packetNumber: own.packetNumber) == own.datagram.bytes)
                let opened = try #require(keys.open(peer.datagram.bytes))
                #expect(opened.packetNumber == peer.packetNumber && opened.plaintext == peer.plaintext.bytes)
                expectFrame(.rekey(epoch: epoch.epoch, key: offer.key), own.rekeyFrame.bytes)
                expectFrame(.reauth(epoch: epoch.epoch, signature: schedule.sign()), own.reauthFrame.bytes)
            }
        }
    }

    private func expectFrame(_ frame: Frame, _ bytes: [UInt8]) {
        var writer = ByteWriter()
        writer.frame(frame)
        #expect(writer.bytes == bytes)
    }

    private func start(_ test: HandshakeVectorTests.Case, _ role: Role) throws -> KeySchedule {
        let (own, other) = role == .lo ? (test.lo, test.hi) : (test.hi, test.lo)
        let side = try HandshakeVectorTests.Side(own, peer: other, psk: test.psk.bytes)
        let hello = try #require(PeerHello.open(other.hello.bytes, pair: side.pair))
        return try #require(HandshakeKeys(pair: side.pair, attempt: side.attempt, peer: hello)).makeKeySchedule()
    }
}
