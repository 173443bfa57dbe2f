import Pinhole
import PinholeCrypto
import Testing

@Suite("service addresses")
struct ServiceAddressTests {
    let key = ServiceSecret.generate().publicKey.text

    @Test(
        "an address comes back as it was written",  // [KEY-8]
        arguments: ["signal.example.org:3478", "192.0.2.1:1", "[2001:db8::1]:65535"])
    func roundTrip(place: String) throws {
        let text = "pinhole-signal://\(key)@\(place)"
        let address = try ServiceAddress(text)
        #expect("\(address)" == text)
        #expect(try ServiceAddress("\(address)") == address)
    }

    @Test("an IPv6 host has no brackets")  // [KEY-8]
    func host() throws {
        let address = try ServiceAddress("pinhole-signal://\(key)@[2001:db8::1]:3478")
        #expect(address.host == "2001:db8::1")
        #expect(address.port == 3478)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "pinhole-signal://", "http://KEY@host:1", "pinhole-signal://KEY@host", "pinhole-signal://KEY@:1",
            "pinhole-signal://KEY@host:0", "pinhole-signal://KEY@host:70000", "pinhole-signal://KEY@a b:1",
            "pinhole-signal://KEY@2001:db8::1:5", "KEY@host:1", "pinhole-signal://KEY@host:1/path",
        ])
    func refused(text: String) {
        let error = failure { _ = try ServiceAddress(text.replacing("KEY", with: key)) }
        #expect(error?.code == .usage)
    }

    @Test("a damaged key is named as such")
    func badKey() {
        let damaged = String(key.dropLast()) + (key.last == "q" ? "p" : "q")
        #expect(failure { _ = try ServiceAddress("pinhole-signal://\(damaged)@host:1") }?.code == .badKey)
        #expect(failure { _ = try ServiceAddress("pinhole-signal://@host:1") }?.code == .badKey)
    }
}
