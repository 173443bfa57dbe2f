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
    /// The one of bob's that is no name.
    private let fixed = TransportAddress(IPAddress("192.0.2.9")!, port: 1)
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

    @Test("a name that no server knew is looked up again, ever less often, and then leads all who have it somewhere")
    func late() {
        var names = begun([bob, carol])
        var now = start
        for pause in [10, 20, 40, 80, 160, 320, 600, 600] {
            let moved = names.finish(home, .failure(unknown), at: now)
            #expect(moved.isEmpty)
            #expect(names.dueTime == now + .seconds(pause))
            now = now + .seconds(pause)
            let wanted = names.begin(at: now)
            #expect(wanted == [home])
        }
        let moved = names.finish(home, .success([here]), at: now)
        #expect(moved == [bob.key, carol.key])
        #expect(names.addresses(of: bob) == [fixed, here] && names.addresses(of: carol) == [here])
        #expect(names.dueTime == nil)
    }

    @Test("why somebody cannot be called who has nothing but a name is known once that was looked up in vain")
    func failure() {
        var names = begun([bob, carol])
        #expect(names.failure(of: carol) == nil)
        _ = names.finish(home, .failure(unknown), at: start)
        #expect(names.failure(of: carol)?.host == "home.example")
        #expect(names.failure(of: carol)?.reason == "unknown")
        #expect(names.failure(of: bob) == nil, "he has an address too")
        _ = names.begin(at: start + .seconds(10))
        _ = names.finish(home, .success([here]), at: start + .seconds(10))
        #expect(names.failure(of: carol) == nil)
    }

    @Test("a network change looks up at once, and tells only of what is new")
    func networkChange() {
        var names = begun([bob])
        _ = names.finish(home, .success([here]), at: start)
        var now = start
        let rounds: [(found: [TransportAddress], isNew: Bool)] = [
            ([here], false), ([there, here], true), ([here, there], false), ([there], true),
        ]
        for (found, isNew) in rounds {
            now = now + .seconds(100)
            names.networkChanged(at: now)
            let wanted = names.begin(at: now)
            #expect(wanted == [home])
            let moved = names.finish(home, .success(found), at: now)
            #expect(moved == (isNew ? [bob.key] : []))
        }
        #expect(names.addresses(of: bob) == [fixed, there])
    }

    @Test("a contact who is not reached may have moved: his names are looked up, not more often than every 30 s")
    func unreachable() {
        var names = begun([bob, carol])
        _ = names.finish(home, .success([here]), at: start)
        names.unreachable(bob.key, at: start + .seconds(5))
        names.unreachable(carol.key, at: start + .seconds(6))
        #expect(names.dueTime == start + .seconds(30))
        _ = names.begin(at: start + .seconds(30))
        let moved = names.finish(home, .success([there]), at: start + .seconds(30))
        #expect(moved == [bob.key, carol.key])
        #expect(names.dueTime == nil)
        names.unreachable(bob.key, at: start + .seconds(500))
        #expect(names.dueTime == start + .seconds(500))
    }

    @Test("who gets a name that another has is called at once where that leads")
    func known() {
        var names = begun([bob])
        _ = names.finish(home, .success([here]), at: start)
        #expect(names.addresses(of: carol) == [here])
    }

    @Test("a name that leads elsewhere each time goes on to lead there, and to no place of before")
    func restless() {
        var names = begun([bob])
        var now = start
        for round in 0..<100 {
            let found = (0..<4).map { TransportAddress(IPAddress(v4: UInt32(round * 4 + $0)), port: 1) }
            let moved = names.finish(home, .success(found), at: now)
            #expect(moved == [bob.key] && names.addresses(of: bob) == [fixed] + found)
            now = now + .seconds(100)
            names.networkChanged(at: now)
            _ = names.begin(at: now)
        }
        // Who answers for it says how many there are.
        let many = (0..<1000).map { TransportAddress(IPAddress(v4: UInt32($0)), port: 1) }
        _ = names.finish(home, .success(many), at: now)
        #expect(names.addresses(of: carol) == Array(many.prefix(32)))
    }

    @Test("where a name led before nobody is called any more")
    func former() throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let eve = Contact(name: "eve", key: Identity.generate().publicKey, addresses: ["192.0.2.9:1"])
        try profile.add(eve)
        let core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: try DatagramLoop(isLoopback: true), hub: EventHub())
        let now = MonotonicClock.now
        try core.loadContacts(at: now)
        for place in [here, there] {
            core.endpoint.setDirect([fixed, place, place], of: eve.key.key, at: now)
            let called = core.endpoint.with(eve.key.key) { $0.directAddresses }
            #expect(called == [fixed, place])
        }
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
