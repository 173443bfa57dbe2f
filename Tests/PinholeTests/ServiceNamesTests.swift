import PinholeWire
import Testing

@testable import Pinhole

@Suite("the names of the services")
struct ServiceNamesTests {
    private let start = Instant(nanoseconds: 0)
    private let here = TransportAddress(IPAddress("192.0.2.1")!, port: 1)
    private let there = TransportAddress(IPAddress("192.0.2.2")!, port: 1)
    private let unknown = PinholeError(.unreachableService, "unknown")

    /// A reference, because an expectation cannot change a value.
    private final class Names {
        private var value: ServiceNames
        var addresses: [[TransportAddress]] { value.addresses }
        var dueTime: Instant? { value.dueTime }

        init(count: Int) { value = ServiceNames(count: count) }

        func begin(at now: Instant) -> Bool { value.begin(at: now) }
        func finish(
            _ results: [Result<[TransportAddress], PinholeError>], at now: Instant
        ) -> ServiceNames.Change {
            value.finish(results, at: now)
        }
        func networkChanged(at now: Instant) { value.networkChanged(at: now) }
        func serviceDown(_ index: Int, at now: Instant) { value.serviceDown(index, at: now) }
        func serviceUp(_ index: Int) { value.serviceUp(index) }
    }

    private func begun(_ count: Int) -> Names {
        let names = Names(count: count)
        names.networkChanged(at: start)
        #expect(names.begin(at: start))
        return names
    }

    @Test("a name without an address is told once, asked for every 10 s, and changes nothing for the others")
    func unresolvable() {
        let names = begun(2)
        let first = names.finish([.success([here]), .failure(unknown)], at: start)
        #expect(first == .init(addresses: true, failures: [.init(index: 1, sentence: "unknown")]))
        var now = start
        for _ in 0..<5 {
            #expect(names.dueTime == now + .seconds(10))
            #expect(!names.begin(at: now + .seconds(9)))
            now = now + .seconds(10)
            #expect(names.begin(at: now))
            #expect(names.finish([.success([here]), .failure(unknown)], at: now) == .init())
        }
        now = now + .seconds(10)
        #expect(names.begin(at: now))
        #expect(names.finish([.success([here]), .success([there])], at: now) == .init(addresses: true))
        #expect(names.addresses == [[here], [there]])
        #expect(names.dueTime == nil)
    }

    @Test("while a service is down its name is looked up every 30 s, and no more once it is up")
    func down() {
        let names = begun(1)
        _ = names.finish([.success([here, there])], at: start)
        #expect(names.dueTime == nil)
        names.serviceDown(0, at: start + .seconds(5))
        #expect(names.dueTime == start + .seconds(30))
        #expect(names.begin(at: start + .seconds(30)))
        #expect(names.finish([.success([there, here])], at: start + .seconds(30)) == .init())
        #expect(names.dueTime == start + .seconds(60))
        names.serviceUp(0)
        #expect(names.begin(at: start + .seconds(60)))
        #expect(names.finish([.success([there])], at: start + .seconds(60)) == .init(addresses: true))
        #expect(names.dueTime == nil)
    }

    @Test("a network change looks up at once, at most once a second, and keeps what is known when that fails")
    func networkChange() {
        let names = begun(1)
        _ = names.finish([.success([here])], at: start)
        let later = start + .seconds(100)
        names.networkChanged(at: later)
        #expect(names.begin(at: later))
        names.networkChanged(at: later)
        #expect(!names.begin(at: later + .seconds(1)))
        #expect(names.finish([.failure(unknown)], at: later + .seconds(1)) == .init())
        #expect(names.addresses == [[here]])
        #expect(names.begin(at: later + .seconds(1)))
    }
}
