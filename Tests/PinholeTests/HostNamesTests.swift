import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole

@Suite("the host names of the services")
struct HostNamesTests {
    private let start = Instant(nanoseconds: 0)
    private let here = TransportAddress(IPAddress("192.0.2.1")!, port: 1)
    private let there = TransportAddress(IPAddress("192.0.2.2")!, port: 1)
    private let unknown = PinholeError(.unreachableService, "unknown")
    private let first: ServiceAddress
    private let second: ServiceAddress

    init() throws {
        let key = ServiceSecret.generate().publicKey.text
        first = try ServiceAddress("pinhole-signal://\(key)@first.example:1")
        second = try ServiceAddress("pinhole-signal://\(key)@second.example:1")
    }

    private func begun(_ services: Set<ServiceAddress>) -> HostNames<ServiceAddress> {
        var names = HostNames<ServiceAddress>()
        names.follow(services, at: start)
        let wanted = names.begin(at: start)
        #expect(wanted == services)
        return names
    }

    @Test("a name without an address is told once, asked for every 10 s, and the others are not")
    func unresolvable() {
        var names = begun([first, second])
        var changes = [names.finish(first, .success([here]), at: start)]
        changes.append(names.finish(second, .failure(unknown), at: start))
        #expect(changes == [.addresses, .failure("unknown")])
        var now = start
        for _ in 0..<5 {
            #expect(names.dueTime == now + .seconds(10))
            let early = names.begin(at: now + .seconds(9))
            #expect(early.isEmpty)
            now = now + .seconds(10)
            let wanted = names.begin(at: now)
            #expect(wanted == [second])
            changes = [names.finish(second, .failure(unknown), at: now)]
            #expect(changes == [.nothing])
        }
        now = now + .seconds(10)
        _ = names.begin(at: now)
        changes = [names.finish(second, .success([there]), at: now)]
        #expect(changes == [.addresses])
        #expect(names.addresses == [first: [here], second: [there]])
        #expect(names.dueTime == nil)
    }

    @Test("while a service is down its name is looked up every 30 s, and no more once it is up")
    func down() {
        var names = begun([first])
        _ = names.finish(first, .success([here, there]), at: start)
        #expect(names.dueTime == nil)
        names.down(first, at: start + .seconds(5))
        #expect(names.dueTime == start + .seconds(30))
        _ = names.begin(at: start + .seconds(30))
        var change = names.finish(first, .success([there, here]), at: start + .seconds(30))
        #expect(change == .nothing)
        #expect(names.dueTime == start + .seconds(60))
        names.up(first)
        _ = names.begin(at: start + .seconds(60))
        change = names.finish(first, .success([there]), at: start + .seconds(60))
        #expect(change == .addresses)
        #expect(names.dueTime == nil)
    }

    @Test("a network change looks up at once, at most once a second, and keeps what is known when that fails")
    func networkChange() {
        var names = begun([first])
        _ = names.finish(first, .success([here]), at: start)
        let later = start + .seconds(100)
        names.networkChanged(at: later)
        var wanted = names.begin(at: later)
        #expect(wanted == [first])
        names.networkChanged(at: later)
        let change = names.finish(first, .failure(unknown), at: later + .milliseconds(500))
        #expect(change == .nothing)
        #expect(names.addresses == [first: [here]])
        wanted = names.begin(at: later + .milliseconds(999))
        #expect(wanted.isEmpty)
        wanted = names.begin(at: later + .seconds(1))
        #expect(wanted == [first])
    }

    @Test("a name that takes long keeps no other waiting")
    func slow() {
        var names = begun([first, second])
        let change = names.finish(first, .success([here]), at: start + .milliseconds(20))
        #expect(change == .addresses)
        names.networkChanged(at: start + .seconds(5))
        var wanted = names.begin(at: start + .seconds(5))
        #expect(wanted == [first])
        _ = names.finish(first, .success([here]), at: start + .seconds(5))
        #expect(names.dueTime == nil)
        // The network changed while it was looked up: what is found may be the old network's.
        _ = names.finish(second, .success([here]), at: start + .seconds(20))
        wanted = names.begin(at: start + .seconds(20))
        #expect(wanted == [second])
    }

    @Test("a service that joins is looked up at once; the answer for one that left is not used")
    func joining() {
        var names = begun([first])
        _ = names.finish(first, .success([here]), at: start)
        let later = start + .seconds(9)
        names.follow([first, second], at: later)
        let wanted = names.begin(at: later)
        #expect(wanted == [second])
        names.follow([first], at: later)
        let change = names.finish(second, .success([there]), at: later)
        #expect(change == .nothing)
        #expect(names.addresses == [first: [here]])
        #expect(names.dueTime == nil)
    }
}
