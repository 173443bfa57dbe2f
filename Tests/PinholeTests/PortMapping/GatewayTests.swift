import PinholeWire
import Testing

@testable import Pinhole

@Suite("the default route")
struct GatewayTests {
    @Test("IPv4: the one with the lowest metric; networks, dead routes and links without a gateway do not count")
    func ipv4() {
        let table = """
            Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
            eth0	00000000	0101A8C0	0003	0	0	600	00000000	0	0	0
            eth1	00000000	FE01A8C0	0003	0	0	100	00000000	0	0	0
            eth2	00000000	0201A8C0	0002	0	0	1	00000000	0	0	0
            ppp0	00000000	00000000	0001	0	0	0	00000000	0	0	0
            tun0	00000000	0301A8C0	0003	0	0	0	00000080	0	0	0
            eth0	0001A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
            """
        let route = DefaultRoute.best(in: table, .v4)
        #expect(route == DefaultRoute(interface: "eth1", gateway: IPAddress("192.168.1.254")!, metric: 100))
    }

    @Test("IPv6: the same")
    func ipv6() {
        let none = "00000000000000000000000000000000"
        let table = """
            20010db8000100000000000000000000 40 \(none) 00 \(none) 00000100 00000001 00000000 00000001     eth0
            \(none) 00 \(none) 00 20010db8000100000000000000000001 00000400 00000001 00000000 00000003     eth0
            \(none) 00 \(none) 00 fe800000000000000000000000000001 00000064 00000001 00000000 00450003     eth1
            \(none) 00 \(none) 00 \(none) ffffffff 00000001 00000000 00200200       lo
            """
        let route = DefaultRoute.best(in: table, .v6)
        #expect(route == DefaultRoute(interface: "eth1", gateway: IPAddress("fe80::1")!, metric: 100))
    }

    @Test(
        "what is no table has none", arguments: ["", "\n\n", "Iface\n", "eth0 x y z 0 0 0 w\n", "a b c d e f g h i j"])
    func garbage(text: String) {
        #expect(DefaultRoute.best(in: text, .v4) == nil)
        #expect(DefaultRoute.best(in: text, .v6) == nil)
    }
}

@Suite("a gateway's clock")
struct GatewayEpochTests {
    /// Seconds of this machine and of the gateway, and whether the gateway began anew.
    @Test(
        "runs on with ours, or began anew",
        arguments: [
            (0, 0, false), (100, 100, false), (100, 95, false), (100, 106, false), (3600, 3374, false),
            (3600, 3372, true), (3600, 0, true), (0, -1, false), (0, -2, true), (1, 10, true), (100, 120, true),
        ])
    func bounds(ours: Int64, theirs: Int, isReset: Bool) {
        var epoch = GatewayEpoch()
        let begin = Instant(nanoseconds: 1_000_000_000)
        let first = epoch.isReset(50_000, at: begin)
        let second = epoch.isReset(UInt32(50_000 + theirs), at: begin + .seconds(ours))
        // From then on the new clock counts.
        let third = epoch.isReset(UInt32(50_000 + theirs + 10), at: begin + .seconds(ours + 10))
        #expect(!first && second == isReset && !third)
    }
}

@Suite("what a UPnP process says")
struct IGDAnswerTests {
    private static let service = IGDService(controlURL: "http://192.168.1.1:5000/ctl", serviceType: "urn:x")

    private static func bytes(_ fields: String...) -> [UInt8] { fields.flatMap { Array($0.utf8) + [0] } }

    @Test("answers")
    func answers() {
        let add = IGDRequest.add(Self.service, externalPort: 1, lease: 2)
        let find = Self.bytes("0", Self.service.controlURL, Self.service.serviceType)
        #expect(IGDAnswer(find, to: .find) == .found(Self.service))
        #expect(
            IGDAnswer(Self.bytes("0", "7200", "192.168.1.10", "4000"), to: add)
                == .added(IGDAnswer.Entry(lease: 7200, client: IPAddress("192.168.1.10"), internalPort: 4000)))
        #expect(IGDAnswer(Self.bytes("0", "0", "", ""), to: add) == .added(IGDAnswer.Entry(lease: 0)))
        #expect(IGDAnswer(Self.bytes("0"), to: .remove(Self.service, externalPort: 1)) == .removed)
        #expect(IGDAnswer(Self.bytes("718"), to: add) == .failed(IGDAnswer.conflict))
        #expect(IGDAnswer(Self.bytes("-3"), to: .find) == .failed(-3))
    }

    @Test("silence, halves and nonsense are silence")
    func garbage() {
        let whole = Self.bytes("0", Self.service.controlURL, Self.service.serviceType)
        for length in 0..<whole.count - 1 {
            #expect(IGDAnswer(whole[..<length], to: .find) == .failed(IGDAnswer.silence), "\(length)")
        }
        #expect(IGDAnswer(Self.bytes("ok", "a", "b"), to: .find) == .failed(IGDAnswer.silence))
    }
}
