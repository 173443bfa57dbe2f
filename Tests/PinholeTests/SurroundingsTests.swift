import PinholeCore
import PinholeWire
import Testing

@testable import Pinhole

/// A shell without a network that counts how often it is asked where it is.
private final class CountingShell: DatagramShell {
    var interfaces: [InterfaceAddress] {
        get {
            reads += 1
            return addresses
        }
        set { addresses = newValue }
    }
    private nonisolated(unsafe) var addresses: [InterfaceAddress] = []
    nonisolated(unsafe) var preferred: IPAddress?
    nonisolated(unsafe) var reads = 0
    nonisolated(unsafe) var joined: [Set<UInt32>] = []

    func preferredAddress(_ family: IPAddress.Family) -> IPAddress? { family == .v4 ? preferred : nil }
    func localPort(_ family: IPAddress.Family) -> UInt16? { family == .v4 ? 4000 : nil }
    func start(_ delegate: any LoopDelegate) -> Bool { true }
    var isRunning: Bool { true }
    func perform(_ work: @escaping @Sendable () -> Void) -> Bool { false }
    func stop() {}
    func send(_ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route) {}
    func open(_ ids: [SocketID], _ family: IPAddress.Family) -> [UInt16?] { ids.map { _ in nil } }
    func close(_ ids: [SocketID]) {}
    func listenForBeacons(on interfaces: Set<UInt32>) { joined.append(interfaces) }
    func sendBeacon(_ bytes: [UInt8], from ip: IPAddress, through interface: UInt32) {}
}

@Suite("where a node is")
struct SurroundingsTests {
    private let ethernet = InterfaceAddress(
        name: "eth0", index: 2, ip: IPAddress("192.0.2.1")!, prefixLength: 24, isUp: true)
    private let wireless = InterfaceAddress(
        name: "wlan0", index: 3, ip: IPAddress("198.51.100.1")!, prefixLength: 24, isUp: true)

    @Test("the interfaces are listed once for a change, and what changes nothing here is not followed")
    func changes() throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let shell = CountingShell()
        let core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: shell, hub: EventHub())
        let now = MonotonicClock.now
        (shell.interfaces, shell.preferred) = ([ethernet], ethernet.ip)
        core.addressesChanged(at: now)
        #expect(shell.reads == 1 && shell.joined == [[2]])
        for _ in 0..<3 { core.addressesChanged(at: now) }
        #expect(shell.reads == 4 && shell.joined.count == 1)
        shell.interfaces = [ethernet, wireless]
        core.addressesChanged(at: now)
        #expect(shell.reads == 5 && shell.joined.last == [2, 3])
        // Another default route, though no interface changed.
        shell.preferred = wireless.ip
        core.addressesChanged(at: now)
        #expect(shell.reads == 6 && shell.joined.count == 3)
        #expect(core.localAddresses.first?.ip == wireless.ip)
    }

    @Test("names are looked up again where this machine can be reached elsewhere, and for no virtual network's sake")
    func lookUps() throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let bob = Contact(name: "bob", key: Identity.generate().publicKey, addresses: ["home.example:1"])
        try profile.add(bob)
        let shell = CountingShell()
        let core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: shell, hub: EventHub())
        let now = MonotonicClock.now
        try core.loadContacts(at: now)
        (shell.interfaces, shell.preferred) = ([ethernet], ethernet.ip)
        core.addressesChanged(at: now)
        let home = TransportAddress(IPAddress("203.0.113.1")!, port: 1)
        for name in core.contactNames.begin(at: now) { _ = core.contactNames.finish(name, .success([home]), at: now) }
        #expect(core.contactNames.dueTime == nil)
        let virtual = InterfaceAddress(
            name: "veth0", index: 9, ip: IPAddress("fe80::9")!, prefixLength: 64, isUp: true)
        let joined = shell.joined.count
        shell.interfaces = [ethernet, virtual]
        core.addressesChanged(at: now)
        #expect(shell.joined.count == joined + 1 && core.contactNames.dueTime == nil)
        shell.interfaces = [ethernet, virtual, wireless]
        core.addressesChanged(at: now)
        #expect(core.contactNames.dueTime != nil)
    }
}
