import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// What a session makes of what the one before it over the same path has found out.
struct PathMemoryTests {
    /// 20 Mbit/s, 40 ms of round trip, and a queue of as much.
    private static let rate = 2_500_000.0

    private func path(rate: Double = rate, knowing model: PathModel? = nil, loss: Double = 0) -> Bottleneck {
        let path = Bottleneck(rate: rate, delay: .milliseconds(20), capacity: 100_000, loss: loss, seed: 1)
        if let model { path.flows[0].sender.resumePath(model) }
        return path
    }

    /// What a session knows in the end.
    private func explore() throws -> PathModel {
        let first = path()
        first.run(for: .seconds(5))
        let model = try #require(first.flows[0].sender.pathModel)
        #expect((0.9...1.1).contains(model.rate / Self.rate), "\(model)")
        #expect((39_000_000...45_000_000).contains(model.minimumRTT), "\(model)")
        return model
    }

    @Test("one that resumes fills no queue to find out that it is full, and is no slower")
    func resumed() throws {
        let model = try explore()
        let fresh = path()
        let resumed = path(knowing: model)
        for path in [fresh, resumed] { path.run(for: .seconds(2)) }
        #expect(fresh.link.overflows > 0, "or there is nothing to gain")
        #expect(resumed.link.overflows == 0)
        #expect(resumed.flows[0].delivered > fresh.flows[0].delivered * 95 / 100)
        #expect(resumed.link.longestWait < .milliseconds(25), "the queue takes 40")
    }

    @Test("a path that has changed is found out as ever", arguments: [0.1, 0.5, 2, 8])
    func changed(by factor: Double) throws {
        let model = try explore()
        let fresh = path(rate: Self.rate * factor)
        let resumed = path(rate: Self.rate * factor, knowing: model)
        let shares = [fresh, resumed].map { path in
            path.run(for: .seconds(2))
            return path.run(for: .seconds(3))[0]
        }
        #expect(shares[1] > shares[0] * 0.8, "\(shares)")
    }

    @Test("what has not found the path's rate has nothing to remember")
    func unknown() {
        let path = path()
        #expect(path.flows[0].sender.pathModel == nil)
        path.flows[0].files = 0
        path.flows[0].chatInterval = .milliseconds(100)
        path.run(for: .seconds(5))
        #expect(path.flows[0].sender.pathModel == nil)
    }

    enum Change: CaseIterable {
        case nothing
        case time
        case peersAddress
        case ownAddress
    }

    @Test(
        "a session resumes after a restart of the peer, but not what was elsewhere or long ago",
        arguments: Change.allCases)
    func restart(_ change: Change) throws {
        let world = World(seed: 61)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(5)) { world.shareOneSession(alice, bob) })
        let connection = try #require(alice.connection(to: bob))
        let remote = try #require(connection.paths.active?.remote.ip)
        let source = connection.pathSource
        // A simulated path has no rate that could be found out.
        let model = PathModel(rate: 1_000_000, minimumRTT: 40_000_000)
        let elsewhere = IPAddress(v4: 0xc633_6463)
        connection.lastModel = (
            model, change == .peersAddress ? elsewhere : remote, change == .ownAddress ? elsewhere : source,
            change == .time ? world.now - (Limits.pathModelLifetime + .seconds(1)) : world.now
        )
        let old = alice.sessionID(with: bob)
        bob.restart(with: alice)
        bob.connect(to: alice)
        #expect(world.run(for: .seconds(5)) { world.shareOneSession(alice, bob) && alice.sessionID(with: bob) != old })
        #expect(connection.session?.transport.congestion.isResuming == (change == .nothing))
    }

    @Test("on another network nothing is remembered")
    func move() throws {
        let world = World(seed: 62)
        let (alice, bob) = world.makePair(.home("198.51.100.1"), .home("198.51.100.2"))
        alice.connect(to: bob)
        #expect(world.run(for: .seconds(5)) { world.shareOneSession(alice, bob) })
        let connection = try #require(alice.connection(to: bob))
        connection.lastModel = (PathModel(rate: 1_000_000, minimumRTT: 40_000_000), bob.address.ip, nil, world.now)
        alice.move(to: [world.home(3)])
        world.run(for: .seconds(5))
        #expect(connection.lastModel == nil)
    }
}
