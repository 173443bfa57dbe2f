import PinholeWire
import Testing

@Suite("addresses")
struct AddressTests {
    @Test(
        "the canonical text of RFC 5952",
        arguments: [
            ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:DB8::AbCd", "2001:db8::abcd"),
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("0:0:0:0:0:0:0:0", "::"), ("0:0:0:0:0:0:0:1", "::1"),
            ("1::", "1::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:c000:201", "192.0.2.1"), ("::192.0.2.1", "::c000:201"),
        ])
    func canonical(text: String, canonical: String) throws {
        let ip = try #require(IPAddress(text))
        #expect(ip.description == canonical)
        #expect(IPAddress(canonical) == ip)
        #expect(IPAddress(bytes: ip.bytes) == ip)
    }

    @Test(
        "what is not an address is refused",
        arguments: [
            "", ":", "::1::", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::1",
            "+1::", "::-1", "1:", ":1", "::1%eth0", "1.2.3.4::", "1.2.3.4::1", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3", "::256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.-4", "1..3.4", " 1.2.3.4",
            "1.2.3.4 ", "0x7f.0.0.1", "１.2.3.4", "localhost", "[::1]",
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("addresses with ports", arguments: ["192.0.2.1:443", "[2001:db8::1]:65535", "[::]:0", "0.0.0.0:1"])
    func ports(text: String) {
        #expect(TransportAddress(text)?.description == text)
    }

    @Test(
        "what is not an address with a port is refused",
        arguments: [
            "", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:+1", "192.0.2.1: 1",
            "::1:443", "[::1]", "[::1]:", "[::1:443", "::1]:443", "[192.0.2.1]:443", "[]:443", ":443", "[[::1]]:443",
            "example.org:443",
        ])
    func refusedPorts(text: String) {
        #expect(TransportAddress(text) == nil)
    }

    @Test(  // [CND-6]
        "where a peer may ask to be reached",
        arguments: [
            ("192.0.2.1:443", true), ("10.1.2.3:443", true), ("100.64.0.1:443", true), ("[2001:db8::1]:443", true),
            ("[fd00::1]:443", true), ("192.0.2.1:0", false), ("[2001:db8::1]:0", false), ("0.0.0.0:443", false),
            ("0.1.2.3:443", false), ("[::]:443", false), ("224.0.0.1:443", false), ("239.255.255.255:443", false),
            ("[ff02::1]:443", false), ("240.0.0.1:443", false), ("255.255.255.255:443", false),
            ("169.254.1.1:443", false), ("[fe80::1]:443", false), ("[febf::1]:443", false), ("[fec0::1]:443", true),
            ("[::ffff:255.255.255.255]:443", false), ("[::ffff:127.0.0.1]:443", false),
        ])
    func punchable(text: String, isPunchable: Bool) {
        #expect(address(text).isPunchable(loopback: false) == isPunchable)
    }

    // [CND-7]
    @Test("loopback only where it is asked for", arguments: ["127.0.0.1:443", "127.255.0.1:443", "[::1]:443"])
    func loopback(text: String) {
        #expect(address(text).isPunchable(loopback: true))
        #expect(!address(text).isPunchable(loopback: false))
    }

    @Test(
        "private addresses, and their neighbours",
        arguments: [
            ("10.0.0.0", true), ("172.16.0.0", true), ("172.31.255.255", true), ("192.168.0.1", true),
            ("100.64.0.0", true), ("100.127.255.255", true), ("fc00::", true), ("fdff::", true), ("11.0.0.0", false),
            ("172.15.0.1", false), ("172.32.0.0", false), ("192.169.0.1", false), ("100.63.0.1", false),
            ("100.128.0.0", false), ("fe00::", false), ("::", false),
        ])
    func privateAddresses(text: String, isPrivate: Bool) {
        #expect(IPAddress(text)?.isPrivate == isPrivate)
    }

    @Test("prefixes are shared up to the first bit that differs", arguments: [4, 16])
    func prefixes(size: Int) throws {
        let bytes = (0..<size).map { UInt8(0x20 + $0) }
        let ip = try #require(IPAddress(bytes: bytes))
        for bit in 0..<8 * size {
            var changed = bytes
            changed[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            let other = try #require(IPAddress(bytes: changed))
            let shared = (0...8 * size).filter { ip.sharesPrefix($0, with: other) }
            #expect(shared == Array(0...bit), "bit \(bit)")
        }
        #expect(ip.sharesPrefix(8 * size, with: ip))
        #expect(IPAddress(size == 4 ? "::1" : "1.2.3.4").map { ip.sharesPrefix(0, with: $0) } == false)
    }

    @Test("a link-local address keeps its zone, and no other address has one")
    func zones() throws {
        let plain = try #require(IPAddress("fe80::1"))
        let zoned = plain.inZone(7)
        #expect(zoned.zone == 7 && plain.zone == 0 && zoned != plain)
        #expect(zoned.description == "fe80::1%7" && IPAddress("fe80::1%7") == zoned)
        #expect(zoned.isLinkLocal && zoned.inZone(0) == plain && zoned.inZone(.max).inZone(0) == plain)
        #expect(zoned.sharesPrefix(64, with: plain.inZone(7)) && !zoned.sharesPrefix(64, with: plain.inZone(8)))
        for text in ["2001:db8::1", "169.254.1.1", "10.0.0.1", "::1", "ff02::1"] {
            let ip = try #require(IPAddress(text))
            #expect(ip.inZone(7) == ip && ip.zone == 0)
            #expect(IPAddress(text + "%7") == nil)
        }
        for text in ["fe80::1%", "fe80::1%0", "fe80::1%07", "fe80::1%-1", "fe80::1%x", "fe80::1%4294967296"] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }

    @Test("addresses on the wire: truncated, of no family, mapped")  // [CNV-4]
    func wire() throws {
        let codec = Codec.address
        codec.roundTrips()
        codec.samples.forEach { codec.refusesTruncation(of: $0) }
        for family in [0, 5, 7, 255] as [UInt8] {
            #expect(throws: WireError.malformed) { try codec.decode([family] + .init(repeating: 1, count: 18)) }
        }
        let mapped = try codec.decode([6] + hex("00000000 00000000 0000ffff c0000201 01bb"))
        #expect(mapped == address("192.0.2.1:443"))
        for size in [0, 3, 5, 15, 17] { #expect(IPAddress(bytes: [UInt8](repeating: 1, count: size)) == nil) }
    }

    @Test("the first address of a prefix")  // [CND-6]
    func masked() {
        for (text, length, first) in [
            ("192.0.2.77", 24, "192.0.2.0"), ("192.0.2.77", 32, "192.0.2.77"), ("192.0.2.77", 0, "0.0.0.0"),
            ("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"), ("2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::"),
            ("2001:db8:1:2:3:4:5:6", 112, "2001:db8:1:2:3:4:5:0"), ("2001:db8::1", 0, "::"),
            ("2001:db8::1", 128, "2001:db8::1"),
        ] {
            #expect(IPAddress(text)!.masked(to: length) == IPAddress(first)!)
        }
    }
}
