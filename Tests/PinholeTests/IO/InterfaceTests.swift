import PinholeWire
import Testing

@testable import Pinhole

@Suite("which of a machine's addresses are told")
struct InterfaceTests {
    private func address(
        _ ip: String, _ prefixLength: Int, on name: String = "eth0", isUp: Bool = true,
        _ flags: InterfaceAddress.Flags = []
    ) -> InterfaceAddress {
        InterfaceAddress(name: name, ip: IPAddress(ip)!, prefixLength: prefixLength, isUp: isUp, flags: flags)
    }

    private func told(_ all: [InterfaceAddress], preferred: [String] = [], loopback: Bool = false) -> [String] {
        Interfaces.candidates(all, preferred: preferred.map { IPAddress($0)! }, allowsLoopback: loopback)
            .map(\.ip.description)
    }

    @Test("a temporary address hides the lasting one beside it, but not one that a person gave")
    func temporary() {
        let lasting = address("2001:db8:1::211:22ff:fe33:4455", 64)
        let temporary = address("2001:db8:1::1234", 64, .temporary)
        let given = address("2001:db8:1::1", 64, .permanent)
        let elsewhere = address("2001:db8:2::211:22ff:fe33:4455", 64)
        let other = address("2001:db8:1::211:22ff:fe33:4456", 64, on: "eth1")
        #expect(
            told([lasting, temporary, given, elsewhere, other]) == [
                "2001:db8:1::1234", "2001:db8:1::1", elsewhere.ip.description, other.ip.description,
            ])
        #expect(told([lasting]) == [lasting.ip.description])
        // One that is no longer to be used hides nothing.
        let expired = address("2001:db8:1::1234", 64, [.temporary, .deprecated])
        #expect(told([lasting, expired]) == [lasting.ip.description])
    }

    @Test("addresses that cannot be used, or mean nothing elsewhere, are not told")
    func unusable() {
        let all = [
            address("192.0.2.1", 24, isUp: false), address("fe80::1", 64), address("127.0.0.1", 8, on: "lo"),
            address("2001:db8::1", 64, .tentative), address("2001:db8::2", 64, .failed),
            address("2001:db8::3", 64, .deprecated), address("192.0.2.2", 24),
        ]
        #expect(told(all) == ["192.0.2.2"])
        #expect(told(all, loopback: true) == ["127.0.0.1", "192.0.2.2"])
    }

    @Test("those that the rest of the world is reached from come first")
    func preferred() {
        let all = [address("10.0.0.1", 24), address("2001:db8::1", 64), address("10.1.0.1", 24, on: "eth1")]
        #expect(told(all, preferred: ["10.1.0.1"]) == ["10.1.0.1", "10.0.0.1", "2001:db8::1"])
    }

    @Test("lines of if_inet6")
    func lines() throws {
        let line = "20010db8000000000000000000001234 04 40 00 61     eth0"
        let (ip, flags) = try #require(IPv6Flags.parse(line))
        #expect(ip == IPAddress("2001:db8::1234"))
        #expect(flags == [.temporary, .deprecated, .tentative])
        for bad in ["", "20010db8 04 40 00 61 eth0", "zz010db8000000000000000000001234 04 40 00 61 eth0", "1 2 3"] {
            #expect(IPv6Flags.parse(bad) == nil)
        }
    }

    @Test("the kernel says which address its default route uses, and what an address is", .needsNetworkNamespace)
    func kernel() async throws {
        let found = try await NetworkNamespace.run {
            for command in [
                ["link", "set", "lo", "up"], ["link", "add", "one", "type", "veth", "peer", "name", "two"],
                ["address", "add", "10.0.0.1/24", "dev", "one"], ["address", "add", "10.1.0.1/24", "dev", "two"],
                ["address", "add", "2001:db8:1::1/64", "dev", "one", "nodad"], ["link", "set", "one", "up"],
                ["link", "set", "two", "up"],
            ] { try run("ip", command) }
            let none = Interfaces.preferredAddress(.v4)
            try run("ip", "route", "add", "default", "via", "10.0.0.254")
            let first = Interfaces.preferredAddress(.v4)
            try run("ip", "route", "replace", "default", "via", "10.1.0.254")
            let second = Interfaces.preferredAddress(.v4)
            let flags = Interfaces.current().first { $0.ip == IPAddress("2001:db8:1::1") }?.flags
            return (none, first, second, flags)
        }
        #expect(found.0 == nil)
        #expect(found.1 == IPAddress("10.0.0.1"))
        #expect(found.2 == IPAddress("10.1.0.1"))
        #expect(found.3?.contains(.permanent) ?? true)
    }
}
