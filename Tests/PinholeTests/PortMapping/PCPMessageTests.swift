import PinholeWire
import TestSupport
import Testing

@testable import Pinhole

@Suite("PCP messages")
struct PCPMessageTests {
    private static let nonce = PCP.Nonce(high: 0x0102_0304, low: 0x0506_0708_090a_0b0c)
    /// What follows the header of a MAP, RFC 6887 §11.1, up to the suggested or assigned address.
    private static let map: [UInt8] =
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] + [17, 0, 0, 0] + [0x9c, 0x40] + [0xc3, 0x50]
    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    private static func response(
        opcode: UInt8 = 0x81, result: UInt8 = 0, body: [UInt8] = map + mapped + [203, 0, 113, 10]
    ) -> [UInt8] {
        [2, opcode, 0, result] + [0, 0, 0x1c, 0x20] + [0, 0, 1, 0] + [UInt8](repeating: 0, count: 12) + body
    }

    private static func parse(_ bytes: [UInt8]) throws -> PCPResponse {
        try PCPResponse(bytes.span)
    }

    @Test("a request has the form of RFC 6887 §7.1 and §11.1")  // [MAP-1]
    func request() {
        let request = PCPRequest(
            client: IPAddress("192.168.1.10")!, nonce: Self.nonce, internalPort: 40_000, suggestedPort: 50_000,
            lifetime: 7200)
        let header: [UInt8] = [2, 1, 0, 0] + [0, 0, 0x1c, 0x20] + Self.mapped + [192, 168, 1, 10]
        #expect(request.encoded == header + Self.map + Self.mapped + [0, 0, 0, 0])
    }

    @Test("a request over IPv6 names the client's own address, and wants one of the family")
    func request6() {
        let client = IPAddress("2001:db8:1::10")!
        let request = PCPRequest(
            client: client, nonce: Self.nonce, internalPort: 40_000, suggestedPort: 50_000, lifetime: 0)
        let header = [2, 1, 0, 0] + [0, 0, 0, 0] + client.bytes
        #expect(request.encoded == header + Self.map + [UInt8](repeating: 0, count: 16))
    }

    @Test("a response says what was mapped")
    func response() throws {
        let response = try Self.parse(Self.response())
        #expect(response.result == 0 && response.lifetime == 7200 && response.epoch == 256)
        #expect(
            response.body
                == .map(
                    PCPResponse.Map(
                        nonce: Self.nonce, protocolNumber: 17, internalPort: 40_000, externalPort: 50_000,
                        externalAddress: IPAddress("203.0.113.10")!)))
    }

    @Test("an announcement is a header alone")
    func announcement() throws {
        let response = try Self.parse(Self.response(opcode: 0x80, body: []))
        #expect(response.body == .announce && response.epoch == 256)
    }

    @Test("NAT-PMP's refusal of a version is told from garbage")
    func otherVersion() {
        let natPMP: [UInt8] = [0, 0x81, 0, 1, 0, 0, 0, 9]
        #expect(throws: WireError.unknownType) { try Self.parse(natPMP) }
        #expect(throws: WireError.unknownType) { try Self.parse([1] + Self.response().dropFirst()) }
    }

    @Test("requests, other operations, cut and overlong responses are dropped")
    func garbage() {
        let whole = Self.response()
        for length in 1..<whole.count {
            #expect(throws: WireError.self, "\(length) bytes") { try Self.parse(Array(whole[..<length])) }
        }
        #expect(throws: WireError.malformed) { try Self.parse(Self.response(opcode: 0x01)) }
        #expect(throws: WireError.malformed) { try Self.parse(Self.response(opcode: 0x82)) }
        let long = whole + [UInt8](repeating: 0, count: 1044)
        #expect(throws: WireError.malformed) { try Self.parse(long) }
        // Options behind it are for others.
        #expect(throws: Never.self) { try Self.parse(whole + [1, 0, 0, 0]) }
        #expect(throws: WireError.malformed) { try Self.parse(whole + [1]) }
    }

    @Test("no bytes make it fail in another way", arguments: UInt64(1)...4)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var parsed = 0
        for _ in 0..<5000 {
            var bytes = Self.response()
            for _ in 0..<Int(random.next() % 6) {
                bytes[Int(random.next() % 60)] = UInt8(truncatingIfNeeded: random.next())
            }
            if (try? Self.parse(bytes)) != nil { parsed += 1 }
        }
        #expect(parsed > 0 && parsed < 5000, "seed \(seed)")
    }
}
