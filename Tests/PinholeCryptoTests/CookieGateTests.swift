import PinholeWire
import Testing

@testable import PinholeCrypto

/// The listener's gate under load.
struct CookieGateTests {
    private let attempt: HandshakeAttempt
    private let listener: IdentityKey
    private let source = TransportAddress(IPAddress(v4: 0xc000_0207), port: 40_000)

    init() throws {
        let alice = try IdentitySecret.fixed(1)
        listener = try IdentitySecret.fixed(2).publicKey
        attempt = HandshakeAttempt(
            pair: try PairKeys(own: alice, peer: listener), connectionID: ConnectionID(rawValue: 1), timestamp: 1,
            introID: .none)
    }

    private func seconds(_ count: Int64) -> Instant {
        Instant(nanoseconds: count * 1_000_000_000)
    }

    private func cookie(_ gate: inout CookieGate, from source: TransportAddress, at now: Instant) throws -> [UInt8] {
        let hello = attempt.hello(.direct(cookie: nil))
        let reply = gate.cookieReply(to: hello.span, from: source, at: now)
        #expect(reply.count == Limits.cookieDatagramSize)
        return try #require(CookieGate.open(reply, peer: listener, sentMAC1: CookieGate.mac1(of: hello)))
    }

    @Test("a cookie is good for its address only")  // [HS-20]
    func address() throws {
        var gate = CookieGate(own: listener)
        let hello = attempt.hello(.direct(cookie: try cookie(&gate, from: source, at: seconds(0))))
        #expect(gate.hasValidMAC1(hello))
        #expect(gate.hasValidCookie(hello, from: source, at: seconds(1)) == true)
        let others = [
            TransportAddress(source.ip, port: 40_001), TransportAddress(IPAddress(v4: 0xc000_0208), port: 40_000),
            TransportAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 7), port: 40_000),
        ]
        for other in others { #expect(gate.hasValidCookie(hello, from: other, at: seconds(1)) == false) }
    }

    @Test("a cookie lives between two and four minutes")  // [HS-20]
    func lifetime() throws {
        var gate = CookieGate(own: listener)
        _ = try cookie(&gate, from: source, at: seconds(0))
        let hello = attempt.hello(.direct(cookie: try cookie(&gate, from: source, at: seconds(119))))
        #expect(gate.hasValidCookie(hello, from: source, at: seconds(119)) == true)
        #expect(gate.hasValidCookie(hello, from: source, at: seconds(239)) == true)
        #expect(gate.hasValidCookie(hello, from: source, at: seconds(240)) == false)
        #expect(gate.hasValidCookie(hello, from: source, at: seconds(360)) == false)
    }

    @Test("after a long silence no old secret is accepted")
    func silence() throws {
        var gate = CookieGate(own: listener)
        let hello = attempt.hello(.direct(cookie: try cookie(&gate, from: source, at: seconds(0))))
        #expect(gate.hasValidCookie(hello, from: source, at: seconds(240)) == false)
    }

    @Test("every byte that the macs cover is covered, and so are the macs")  // [HS-12]
    func flips() throws {
        var gate = CookieGate(own: listener)
        let hello = attempt.hello(.direct(cookie: try cookie(&gate, from: source, at: seconds(0))))
        for index in hello.indices {
            let changed = hello.flipped(at: index, mask: 0x10)
            #expect(gate.hasValidMAC1(changed) == (index >= 240))
            #expect(gate.hasValidCookie(changed, from: source, at: seconds(1)) == false)
        }
        #expect(!gate.hasValidMAC1([UInt8](hello.dropLast())))
        #expect(gate.hasValidCookie([UInt8](hello.dropLast()), from: source, at: seconds(1)) == false)
    }

    @Test("an introduced HELLO does not pass the gate")  // [HS-13]
    func introduced() {
        #expect(!CookieGate(own: listener).hasValidMAC1(attempt.hello(.introduced)))
    }
}
