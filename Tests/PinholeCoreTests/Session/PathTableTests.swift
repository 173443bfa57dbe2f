import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

@Suite("the table of paths")
struct PathTableTests {
    private func address(_ index: Int) -> Route {
        Route(TransportAddress(IPAddress(v4: 0xcb00_7100), port: UInt16(1000 + index)))
    }

    private func at(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: 0) + .milliseconds(milliseconds)
    }

    /// A packet comes from the address, and a challenge sent there is answered at `milliseconds`.
    private func validate(_ index: Int, at milliseconds: Int, in table: inout PathTable) {
        table.received(100, from: address(index), kind: .peerReflexive)
        table.challenge(UInt64(index), to: address(index), at: at(milliseconds - 1))
        #expect(table.response(UInt64(index), at: at(milliseconds))?.route == address(index))
    }

    @Test("after any number of rebinds the newest address is recorded and may be answered")  // [PTH-2]
    func rebinds() {
        var table = PathTable()
        for index in 0..<1000 {
            validate(index, at: 10 * index + 1, in: &table)
            table.activate(address(index))
            #expect(table.routes.count <= 32)
        }
        table.received(400, from: address(2000), kind: .peerReflexive)
        table.activate(address(2000))
        #expect(table.budget == 1200)
        #expect(table.lastValidated == address(999))
        #expect(table[address(999)]?.isValidated == true)
    }

    @Test("the path whose last answer is oldest goes first")
    func leastRecent() {
        var table = PathTable()
        for index in 0..<32 { validate(index, at: 10 * index + 1, in: &table) }
        validate(0, at: 1000, in: &table)
        table.received(100, from: address(50), kind: .host)
        #expect(table[address(1)] == nil)
        #expect(table[address(0)] != nil && table[address(2)] != nil && table[address(50)] != nil)
    }

    @Test("a new session validates anew what an old one had validated")  // [PTH-6]
    func newSession() {
        var table = PathTable()
        validate(0, at: 100, in: &table)
        validate(1, at: 300, in: &table)
        table.invalidate(before: at(200))
        #expect(table[address(0)]?.isValidated == false && table[address(1)]?.isValidated == true)
    }

    @Test("a path that never answered goes before one that did, the oldest of them first")
    func neverValidated() {
        var table = PathTable()
        for index in 0..<30 { validate(index, at: 10 * index + 1, in: &table) }
        for index in 30..<33 { table.received(100, from: address(index), kind: .host) }
        #expect(table[address(30)] == nil)
        #expect(table[address(31)] != nil && table[address(32)] != nil && table[address(0)] != nil)
    }

    @Test("neither the active path nor the one to fall back to is forgotten")
    func kept() {
        var table = PathTable()
        validate(0, at: 1, in: &table)
        table.activate(address(0))
        table.received(100, from: address(1), kind: .host)
        table.activate(address(1))
        for index in 2..<200 { validate(index, at: 10 * index, in: &table) }
        #expect(table[address(0)] != nil && table[address(1)] != nil)
        #expect(table.active == address(1) && table.lastValidated == address(0))
        #expect(table.routes.count == 32)
    }

    @Test("of many paths the one in use, those that answered last and the newest are likely")  // [CND-14]
    func likely() {
        var table = PathTable()
        for index in 0..<20 { validate(index, at: 10 * index + 1, in: &table) }
        table.activate(address(3))
        for index in 20..<32 { table.received(100, from: address(index), kind: .host) }
        #expect(table.likely.map(\.route) == [3, 16, 17, 18, 19, 29, 30, 31].map(address))
    }

    @Test("answers from addresses that were never heard from do not grow the table either")
    func responses() {
        var table = PathTable()
        for index in 0..<100 {
            table.challenge(UInt64(index), to: address(index), at: at(index))
            #expect(table.response(UInt64(index), at: at(index + 5))?.rtt == .milliseconds(5))
            #expect(table.response(UInt64(index), at: at(index + 6)) == nil)
            #expect(table.routes.count <= 32)
        }
        #expect(table[address(99)]?.isValidated == true && table[address(67)] == nil)
    }

    @Test("three bytes may be sent for each that came, until the path is validated")  // [FRM-15] [PTH-7]
    func budget() {
        var table = PathTable()
        #expect(table.budget == 0)
        table.received(100, from: address(1), kind: .host)
        table.activate(address(1))
        table.sent(250, to: address(1))
        #expect(table.budget == 50)
        table.sent(250, to: address(1))
        #expect(table.budget == 0)
        validate(1, at: 10, in: &table)
        #expect(table.budget == .max)
        table.invalidate(before: at(11))
        #expect(table.budget == 100)
    }
}

@Suite("the best of several paths")
struct PathChoiceTests {
    private let start = Instant(nanoseconds: 0)

    /// A table of validated paths with these round trips, in milliseconds; the first one is active.
    private func table(_ paths: [(String, Int)]) -> PathTable {
        var table = PathTable()
        for (index, (address, rtt)) in paths.enumerated() {
            let route = Route(TransportAddress(address)!)
            table.received(100, from: route, kind: .host)
            table.challenge(UInt64(index), to: route, at: start)
            _ = table.response(UInt64(index), at: start + .milliseconds(rtt))
        }
        table.activate(Route(TransportAddress(paths[0].0)!))
        return table
    }

    private static let local = "192.168.1.2:1"
    private static let v6 = "[2001:db8::1]:1"
    private static let v4 = "192.0.2.1:1"

    // [PTH-14]
    @Test("LAN goes before IPv6 before IPv4 where that costs at most 5 ms, and else the faster by more than 5 ms")
    func clearlyBetter() {
        func moves(_ active: (String, Int), to other: (String, Int)) -> Bool {
            let table = table([active, other])
            let candidate = table[Route(TransportAddress(other.0)!)]!
            return candidate.isClearlyBetter(than: table.activePath!)
        }
        #expect(moves((Self.v4, 20), to: (Self.v6, 25)))
        #expect(!moves((Self.v4, 20), to: (Self.v6, 26)))
        #expect(!moves((Self.v4, 20), to: ("192.0.2.2:1", 15)))
        #expect(moves((Self.v4, 20), to: ("192.0.2.2:1", 14)))
        #expect(!moves((Self.local, 20), to: (Self.v4, 15)))
        #expect(moves((Self.local, 20), to: (Self.v4, 14)))
        #expect(moves((Self.v6, 20), to: (Self.local, 25)))
        #expect(!moves((Self.v6, 20), to: (Self.local, 26)))
        #expect(moves((Self.v4, 20), to: (Self.local, 25)))
        #expect(!moves((Self.v4, 20), to: (Self.local, 26)))
    }

    @Test("no two paths are each better than the other", arguments: 0..<50 as Range<UInt64>)  // [PTH-14]
    func antisymmetric(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<100 {
            let kinds = [Self.local, Self.v6, Self.v4].map { ($0, Int.random(in: 1...20, using: &random)) }
            let paths = table(kinds)
            for one in paths.all {
                for other in paths.all where one.isClearlyBetter(than: other) {
                    #expect(!other.isClearlyBetter(than: one), "seed \(seed)")
                }
            }
        }
    }

    @Test("a narrow path is taken only where there is no other")  // [PTH-14]
    func narrow() {
        var paths = table([(Self.local, 1), (Self.v4, 50)])
        let (local, other) = (Route(TransportAddress(Self.local)!), Route(TransportAddress(Self.v4)!))
        func moves() -> Bool { paths[other]!.isClearlyBetter(than: paths[local]!) }
        func movesBack() -> Bool { paths[local]!.isClearlyBetter(than: paths[other]!) }
        #expect(!moves() && movesBack())
        paths.setCapacity(.narrow, of: local)
        #expect(moves() && !movesBack())
        paths.setCapacity(.narrow, of: other)
        #expect(!moves() && movesBack())
    }
}
