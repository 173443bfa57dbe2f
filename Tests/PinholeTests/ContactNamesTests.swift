import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole
@testable import PinholeCore

@Suite("the host names of the contacts", .timeLimit(.minutes(10)))
struct ContactNamesTests {
    private let start = Instant(nanoseconds: 0)
    private let here = TransportAddress(IPAddress("192.0.2.1")!, port: 1)
    private let there = TransportAddress(IPAddress("192.0.2.2")!, port: 1)
    private let unknown = PinholeError(.unreachableService, "unknown")
    private let home = ContactNames.Name(host: "home.example", port: 1)
    private let bob = Contact(
        name: "bob", key: Identity.generate().publicKey, addresses: ["192.0.2.9:1", "home.example:1"])
    private let carol = Contact(name: "carol", key: Identity.generate().publicKey, addresses: ["home.example:1"])

    private func begun(_ contacts: [Contact]) -> ContactNames {
        var names = ContactNames()
        names.follow(contacts, at: start)
        let wanted = names.begin(at: start)
        #expect(wanted == [home])
        return names
    }

    @Test("a name that no server knew is looked up again, ever less often, and then all who have it get its address")
    func late() {
        var names = begun([bob, carol])
        var now = start
        for pause in [10, 20, 40, 80, 160, 320, 600, 600] {
            let gains = names.finish(home, .failure(unknown), at: now)
            #expect(gains.isEmpty)
            #expect(names.dueTime == now + .seconds(pause))
            now = now + .seconds(pause)
            let wanted = names.begin(at: now)
            #expect(wanted == [home])
        }
        let gains = names.finish(home, .success([here]), at: now)
        #expect(gains == [bob.key: [here], carol.key: [here]])
        #expect(names.dueTime == nil)
    }

    @Test("a network change looks up at once, and tells only of what is new")
    func networkChange() {
        var names = begun([bob])
        _ = names.finish(home, .success([here]), at: start)
        var now = start
        let rounds: [(found: [TransportAddress], gained: [TransportAddress])] = [
            ([here], []), ([there, here], [there]), ([here], []),
        ]
        for (found, gained) in rounds {
            now = now + .seconds(100)
            names.networkChanged(at: now)
            let wanted = names.begin(at: now)
            #expect(wanted == [home])
            let gains = names.finish(home, .success(found), at: now)
            #expect(gains[bob.key] ?? [] == gained)
        }
    }

    @Test("a contact who is not reached may have moved: his names are looked up, not more often than every 30 s")
    func unreachable() {
        var names = begun([bob, carol])
        _ = names.finish(home, .success([here]), at: start)
        names.unreachable(bob.key, at: start + .seconds(5))
        names.unreachable(carol.key, at: start + .seconds(6))
        #expect(names.dueTime == start + .seconds(30))
        _ = names.begin(at: start + .seconds(30))
        let gains = names.finish(home, .success([there]), at: start + .seconds(30))
        #expect(gains == [bob.key: [there], carol.key: [there]])
        #expect(names.dueTime == nil)
        names.unreachable(bob.key, at: start + .seconds(500))
        #expect(names.dueTime == start + .seconds(500))
    }

    @Test("who is served anew, or gets a name that another has, gets what is known of it")
    func known() {
        var names = begun([bob])
        _ = names.finish(home, .success([here]), at: start)
        var found = names.found(for: carol, isNew: true)
        #expect(found == [here])
        found = names.found(for: bob, isNew: false)
        #expect(found.isEmpty)
        found = names.found(for: bob, isNew: true)
        #expect(found == [here])
    }

    @Test("a name that leads elsewhere each time does not lead to more and more places")
    func restless() {
        var names = begun([bob])
        var (now, given) = (start, 0)
        for round in 0..<100 {
            let found = (0..<4).map { TransportAddress(IPAddress(v4: UInt32(round * 4 + $0)), port: 1) }
            given += names.finish(home, .success(found), at: now)[bob.key]?.count ?? 0
            now = now + .seconds(100)
            names.networkChanged(at: now)
            _ = names.begin(at: now)
        }
        #expect(given == 32)
    }

    @Test("names that take long do not take all threads")
    func slow() {
        let many = (0..<20).map { number in
            Contact(name: "c\(number)", key: Identity.generate().publicKey, addresses: ["h\(number).example:1"])
        }
        var names = ContactNames()
        names.follow(many, at: start)
        let wanted = names.begin(at: start)
        #expect(wanted.count == 8)
        #expect(names.dueTime == nil)
        for name in wanted.prefix(2) { _ = names.finish(name, .success([here]), at: start) }
        #expect(names.dueTime == start)
        let more = names.begin(at: start)
        #expect(more.count == 2 && more.isDisjoint(with: wanted))
    }

    @Test("a contact's name that is looked up while the node runs becomes one of his addresses")
    func endpoint() async throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let dave = Contact(name: "dave", key: Identity.generate().publicKey, addresses: ["localhost:9"])
        try profile.add(dave)
        let loop = try DatagramLoop(isLoopback: true)
        let core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: loop, hub: EventHub())
        try core.loadContacts(at: MonotonicClock.now)
        let node = LoopBound(core)
        try loop.start(core)
        defer { loop.stop() }
        func addresses() async -> [TransportAddress] {
            await withCheckedContinuation { continuation in
                loop.perform {
                    let known = node.value.endpoint.with(dave.key.key) { $0.directAddresses } ?? []
                    continuation.resume(returning: known)
                }
            }
        }
        var known = await addresses()
        while known.isEmpty {
            await Task.yield()
            known = await addresses()
        }
        #expect(known.allSatisfy { $0.ip.isLoopback && $0.port == 9 })
    }
}
