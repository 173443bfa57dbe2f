import PinholeWire
import Testing

@testable import Signaling

@Suite("Rate limiter")
struct RateLimiterTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    private func limiter(
        _ perSource: RateLimiter.Rate,
        total: RateLimiter.Rate = RateLimiter.Rate(perSecond: 1_000_000, burst: 1_000_000)
    ) -> RateLimiter {
        RateLimiter(perSource: perSource, total: total, capacity: 1024, seed: 7)
    }

    @Test("a source gets its burst, and then its rate")
    func burstThenRate() {
        var limiter = limiter(RateLimiter.Rate(perSecond: 10, burst: 5))
        #expect((0..<20).count { _ in limiter.admits("192.0.2.1", at: start) } == 5)
        #expect(limiter.admits("192.0.2.1", at: start + .milliseconds(99)) == false)
        #expect(limiter.admits("192.0.2.1", at: start + .milliseconds(100)) == true)
        #expect(limiter.admits("192.0.2.1", at: start + .milliseconds(101)) == false)
        let admitted = (0..<10_000).count { limiter.admits("192.0.2.1", at: start + .milliseconds(200 + $0)) }
        #expect((100...102).contains(admitted))
    }

    @Test("a bucket is full again after a pause, and no fuller")
    func refills() {
        var limiter = limiter(RateLimiter.Rate(perSecond: 10, burst: 5))
        for _ in 0..<5 { _ = limiter.admits("192.0.2.1", at: start) }
        #expect((0..<20).count { _ in limiter.admits("192.0.2.1", at: start + .seconds(3600)) } == 5)
    }

    @Test("IPv4 addresses have a bucket each, the addresses of an IPv6 /64 share one")
    func prefixes() {
        var limiter = limiter(RateLimiter.Rate(perSecond: 1, burst: 1))
        #expect(limiter.admits("192.0.2.1", at: start) == true)
        #expect(limiter.admits("192.0.2.2", at: start) == true)
        #expect(limiter.admits("192.0.2.2", at: start) == false)
        #expect(limiter.admits("2001:db8:0:1::1", at: start) == true)
        #expect(limiter.admits("2001:db8:0:1:ffff::2", at: start) == false)
        #expect(limiter.admits("2001:db8:0:2::1", at: start) == true)
    }

    @Test("the total is limited, and one source that is over its limit takes nothing of it")
    func total() {
        var limiter = limiter(
            RateLimiter.Rate(perSecond: 10, burst: 10), total: RateLimiter.Rate(perSecond: 100, burst: 30))
        let admitted = (0..<100).count { _ in limiter.admits("192.0.2.1", at: start) }
        #expect(admitted == 10)
        let others = (0..<100).count { limiter.admits(IPAddress(v4: 0x0a00_0000 + UInt32($0)), at: start) }
        #expect(others == 20)
    }

    @Test("a flood of sources neither grows the memory nor locks out one that keeps to its rate")
    func manySources() {
        var limiter = limiter(RateLimiter.Rate(perSecond: 10, burst: 5))
        for number in 0..<200_000 { _ = limiter.admits(IPAddress(v4: UInt32(number)), at: start) }
        #expect(limiter.admits("192.0.2.1", at: start) == true)
    }
}
