import PinholeWire
import TestSupport
import Testing

@Suite("random bytes")
struct RandomInputTests {
    /// Half of the inputs are noise that begins like something, and half are true messages with a few bytes changed.
    private func attack<Value>(_ codec: Codec<Value>, seed: UInt64) {
        print("random bytes for \(codec.name): seed \(seed)")
        var random = SeededRandom(seed: seed)
        let bases = codec.samples.map(codec.encode).filter { $0.count <= 2048 }
        var decoded = 0
        for round in 0..<100_000 {
            var bytes: [UInt8]
            if round.isMultiple(of: 2) {
                let count = Int.random(in: 0...80, using: &random)
                bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                if count > 0, round.isMultiple(of: 4) { bytes[0] &= 0x3f }
            } else {
                bytes = bases.randomElement(using: &random) ?? []
                for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            }
            if codec.survives(bytes, seed: seed) { decoded += 1 }
        }
        #expect(decoded > 1000, "\(codec.name): too few inputs decoded to say anything")
    }

    @Test("frames") func frames() { attack(.frame, seed: 1) }
    @Test("STUN messages") func stun() { attack(.stun, seed: 2) }
    @Test("signaling requests") func requests() { attack(.request, seed: 3) }
    @Test("signaling replies") func replies() { attack(.reply, seed: 4) }
    @Test("registrations") func registers() { attack(.register, seed: 5) }
    @Test("challenges") func challenges() { attack(.challenge, seed: 6) }
    @Test("introductions") func introductions() { attack(.introduction, seed: 7) }
    @Test("beacons") func beacons() { attack(.beacon, seed: 15) }
    @Test("candidates") func candidates() { attack(.candidates, seed: 8) }
    @Test("chat messages") func messages() { attack(.message, seed: 9) }
    @Test("receipts") func receipts() { attack(.receipt, seed: 10) }
    @Test("file records") func files() { attack(.file, seed: 11) }
    @Test("addresses") func addresses() { attack(.address, seed: 12) }
    @Test("integers") func varints() { attack(.varint, seed: 13) }

    @Test("text that is almost an address: what parses is written as something that parses to the same")
    func text() {
        print("random text: seed 14")
        var random = SeededRandom(seed: 14)
        let letters = Array("0123456789abcdefF:::...[]%+- ")
        for _ in 0..<100_000 {
            let count = Int.random(in: 0...20, using: &random)
            let text = String((0..<count).map { _ in letters[Int.random(in: letters.indices, using: &random)] })
            if let ip = IPAddress(text), IPAddress(ip.description) != ip { Issue.record("seed 14: \(text)") }
            if let whole = TransportAddress(text), TransportAddress(whole.description) != whole {
                Issue.record("seed 14: \(text)")
            }
        }
    }
}
