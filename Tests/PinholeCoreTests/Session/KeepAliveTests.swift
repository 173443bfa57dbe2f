import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

@Suite("when a mapping needs a packet")
struct KeepAliveTests {
    /// One side of an idle session: it pings, or answers at once.
    private struct Side {
        var keepAlive: KeepAlive
        var activity: KeepAlive.Activity
        let lifetime: Duration?
        var entropy: Entropy
        var pings: [Instant] = []

        init(_ role: Role, lifetime: Duration?, seed: UInt64) {
            keepAlive = KeepAlive(role)
            keepAlive.mappingMade(at: at(0))
            activity = KeepAlive.Activity(lastSent: at(0), lastReceived: at(0), lastApplicationData: at(0))
            self.lifetime = lifetime
            entropy = Entropy(SeededRandom(seed: seed))
        }

        var due: Instant { keepAlive.due(activity, lifetime: lifetime) }

        /// Whether it pings now.
        mutating func handleTimeout(at now: Instant) -> Bool {
            guard keepAlive.handleTimeout(activity, lifetime: lifetime, at: now, &entropy) else { return false }
            pings.append(now)
            activity.lastSent = now
            return true
        }

        /// The other side's packet arrived, and went back.
        mutating func exchange(at now: Instant) {
            activity.lastReceived = now
            activity.lastSent = now
        }
    }

    private static func at(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: 0) + .milliseconds(milliseconds)
    }

    /// Two sides and a path that loses nothing, for `limit`.
    private func idle(_ lo: Duration?, _ hi: Duration?, for limit: Duration, seed: UInt64) -> (lo: Side, hi: Side) {
        var one = Side(.lo, lifetime: lo, seed: seed)
        var other = Side(.hi, lifetime: hi, seed: seed &+ 1)
        var now = Self.at(0)
        while true {
            now = min(one.due, other.due)
            if now > Self.at(0) + limit { return (one, other) }
            if one.handleTimeout(at: now) {
                one.exchange(at: now)
                other.exchange(at: now)
            }
            if other.handleTimeout(at: now) {
                one.exchange(at: now)
                other.exchange(at: now)
            }
        }
    }

    private func gaps(_ pings: [Instant], after milliseconds: Int) -> [Duration] {
        let late = pings.filter { $0 > Self.at(milliseconds) }
        return zip(late, late.dropFirst()).map { $1 - $0 }
    }

    // [PTH-19]
    @Test("of two that know nothing of their NATs only Lo pings, each 20–25 s", arguments: 0..<20 as Range<UInt64>)
    func unknown(seed: UInt64) {
        let (lo, hi) = idle(nil, nil, for: .seconds(3600), seed: seed)
        #expect(hi.pings.isEmpty)
        #expect(gaps(lo.pings, after: 40_000).allSatisfy { $0 >= .seconds(20) && $0 <= .seconds(25) })
    }

    @Test("what silent sessions send falls on whole seconds, so that many of them wake the machine once")
    func wholeSeconds() {
        for lifetime in [nil, .seconds(110), .seconds(290)] as [Duration?] {
            let (lo, _) = idle(lifetime, lifetime, for: .seconds(3600), seed: 8)
            let late = lo.pings.filter { $0 > Self.at(40_000) }
            #expect(late.count > 10 && late.allSatisfy { $0.nanoseconds.isMultiple(of: 1_000_000_000) })
        }
        // Where the range has no whole second the time stays in the range.
        let (lo, _) = idle(.seconds(8), nil, for: .seconds(600), seed: 9)
        #expect(gaps(lo.pings, after: 40_000).allSatisfy { $0 >= .seconds(5.4) && $0 <= .seconds(5.7) })
    }

    @Test("the side whose NAT forgets sooner pings, whichever it is", arguments: 0..<20 as Range<UInt64>)
    func shorter(seed: UInt64) {
        let (lo, hi) = idle(.seconds(290), .seconds(110), for: .seconds(7200), seed: seed)
        #expect(lo.pings.allSatisfy { $0 < Self.at(40_000) })
        let gaps = gaps(hi.pings, after: 40_000)
        #expect(gaps.count > 80)
        #expect(gaps.allSatisfy { $0 > .seconds(75) && $0 <= .milliseconds(82_500) })
        let (other, silent) = idle(.seconds(110), .seconds(290), for: .seconds(7200), seed: seed)
        #expect(silent.pings.allSatisfy { $0 < Self.at(40_000) })
        #expect(other.pings.count > 80)
    }

    @Test("three quarters of the measured life, but at most 240 s and at least 1 s")  // [PTH-21]
    func bounds() {
        for (lifetime, longest) in [(2, 1500), (60, 45_000), (300, 225_000), (320, 240_000), (86_400, 240_000)] {
            let (lo, _) = idle(.seconds(lifetime), .seconds(lifetime), for: .seconds(7200), seed: 1)
            let gaps = gaps(lo.pings, after: 40_000)
            #expect(gaps.allSatisfy { $0 <= .milliseconds(longest) && $0 >= .milliseconds(longest) * 0.9 })
        }
        let (lo, _) = idle(.milliseconds(10), nil, for: .seconds(60), seed: 1)
        #expect(gaps(lo.pings, after: 40_000).allSatisfy { $0 >= .milliseconds(900) })
    }

    @Test("while people talk neither side is silent for longer than 2.2 s")  // [PTH-20]
    func talking() {
        var hi = Side(.hi, lifetime: .seconds(110), seed: 3)
        for _ in 0..<10 {
            let before = hi.activity.lastSent
            #expect(hi.due - before <= .milliseconds(2200))
            let pings = hi.handleTimeout(at: hi.due)
            #expect(pings)
        }
        #expect(hi.activity.lastSent < Self.at(30_000))
    }

    @Test("a mapping is promoted by a ping after 2.5 s, or by what went both ways meanwhile")  // [PTH-22]
    func promotion() {
        var lo = Side(.lo, lifetime: nil, seed: 4)
        // Nobody has talked for an hour.
        lo.activity.lastApplicationData = Self.at(-3_600_000)
        #expect(lo.due == Self.at(2500))
        let pings = lo.handleTimeout(at: Self.at(2500))
        #expect(pings)
        #expect(lo.due >= Self.at(22_500))
        lo.keepAlive.mappingMade(at: Self.at(10_000))
        lo.exchange(at: Self.at(12_300))
        #expect(lo.due == Self.at(12_500))
        let pingsAgain = lo.handleTimeout(at: Self.at(12_500))
        #expect(!pingsAgain)
        #expect(lo.due >= Self.at(32_300))
        // One way is not enough.
        lo.keepAlive.mappingMade(at: Self.at(20_000))
        lo.activity.lastSent = Self.at(22_300)
        let pingsAlone = lo.handleTimeout(at: Self.at(22_500))
        #expect(pingsAlone)
    }

    @Test("a ping that could not be sent is not due again at once")
    func blocked() {
        var keepAlive = KeepAlive(.lo)
        let activity = KeepAlive.Activity(
            lastSent: Self.at(0), lastReceived: Self.at(0), lastApplicationData: Self.at(-100_000))
        var entropy = Entropy(SeededRandom(seed: 5))
        let due = keepAlive.due(activity, lifetime: nil)
        let pings = keepAlive.handleTimeout(activity, lifetime: nil, at: due, &entropy)
        #expect(pings)
        #expect(keepAlive.due(activity, lifetime: nil) >= due + .seconds(20))
    }

    @Test("a mapping that was lost too soon is kept more closely, and stretched again while it lives")  // [PTH-23]
    func lessons() {
        var side = Side(.lo, lifetime: .seconds(300), seed: 6)
        side.keepAlive.mappingMade(at: Self.at(-100_000))
        side.activity.lastApplicationData = Self.at(-100_000)
        _ = side.handleTimeout(at: side.due)
        func interval() -> Duration { side.due - side.activity.lastSent }
        #expect(interval() > .seconds(200))
        side.keepAlive.mappingWasLost(after: .seconds(210))
        #expect(interval() <= .seconds(20) && interval() >= .seconds(18))
        side.keepAlive.mappingWasLost(after: .seconds(19))
        #expect(interval() <= .seconds(10) && interval() >= .seconds(8))
        for _ in 0..<1000 { side.keepAlive.survived(interval()) }
        #expect(interval() > .seconds(200))
        side.keepAlive.mappingWasLost(after: .seconds(210))
        side.keepAlive.forget()
        #expect(interval() > .seconds(200))
        // An outage while packets flow says nothing about mappings.
        side.keepAlive.mappingWasLost(after: .milliseconds(300))
        #expect(interval() > .seconds(200))
    }
}
