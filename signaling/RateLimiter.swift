package import PinholeWire

/// Admits at most so many events per second from each source and from all together, in memory of fixed size.
///
/// Each source, a /32 of IPv4 or a /64 of IPv6, has a token bucket. Where more sources appear than there is room for, the
/// fullest bucket of a few is forgotten, which can only forgive.
package struct RateLimiter: Sendable {
    /// What one bucket admits.
    package struct Rate: Equatable, Sendable {
        package var perSecond: Int
        /// How many events may come at once.
        package var burst: Int

        package init(perSecond: Int, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }

        /// A rate whose bursts may be as large as four seconds of it.
        package init(sustained perSecond: Int) {
            self.init(perSecond: perSecond, burst: 4 * perSecond)
        }

        fileprivate var interval: Int64 { 1_000_000_000 / Int64(max(perSecond, 1)) }
        /// How far ahead of the present a bucket's time may run.
        fileprivate var tolerance: Int64 { Int64(max(burst, 1) - 1) * interval }
    }

    /// A token bucket, kept as the time at which it would be full again (the generic cell rate algorithm).
    package struct Bucket: Sendable {
        /// In nanoseconds; a bucket that was never used has always been full.
        fileprivate var fullAt = Int64.min

        package init() {}

        /// Takes a token, or says that there is none.
        package mutating func admits(_ rate: Rate, at now: Instant) -> Bool {
            guard hasToken(rate, at: now) else { return false }
            take(rate, at: now)
            return true
        }

        fileprivate func hasToken(_ rate: Rate, at now: Instant) -> Bool {
            max(fullAt, now.nanoseconds) - now.nanoseconds <= rate.tolerance
        }

        fileprivate mutating func take(_ rate: Rate, at now: Instant) {
            fullAt = max(fullAt, now.nanoseconds) + rate.interval
        }
    }

    private struct Source {
        var prefix: UInt64 = 0
        var bucket = Bucket()
    }

    private let perSource: Rate
    private let total: Rate
    private let seed: UInt64
    private let shift: UInt64
    private var sources: [Source]
    private var totalBucket = Bucket()

    /// `capacity` sources, a power of two from 8, are remembered; `seed` is secret, so that no one can choose addresses
    /// that collide.
    package init(perSource: Rate, total: Rate, capacity: Int = 32_768, seed: UInt64) {
        precondition(capacity >= 8 && capacity & (capacity - 1) == 0, "the capacity is a power of two")
        self.perSource = perSource
        self.total = total
        self.seed = seed
        shift = UInt64(64 - (capacity / Self.ways).trailingZeroBitCount)
        sources = Array(repeating: Source(), count: capacity)
    }

    /// Takes a token for `source`, or says that there is none. A source that is refused costs the others nothing.
    package mutating func admits(_ source: IPAddress, at now: Instant) -> Bool {
        admits(source.limitedPrefix, at: now)
    }

    /// The same for a source's ``IPAddress/limitedPrefix``.
    mutating func admits(_ prefix: UInt64, at now: Instant) -> Bool {
        let index = index(of: prefix)
        guard sources[index].bucket.hasToken(perSource, at: now), totalBucket.hasToken(total, at: now) else {
            return false
        }
        sources[index].bucket.take(perSource, at: now)
        totalBucket.take(total, at: now)
        return true
    }

    /// The place of `prefix`; a new source takes that of the one whose bucket is soonest full.
    private mutating func index(of prefix: UInt64) -> Int {
        let hash = ((prefix ^ seed) &* 0x9e37_79b9_7f4a_7c15) ^ (seed >> 32)
        let first = Int(truncatingIfNeeded: (hash &* 0xd6e8_feb8_6659_fd93) >> shift) * Self.ways
        var oldest = first
        for index in first..<first + Self.ways {
            if sources[index].prefix == prefix, sources[index].bucket.fullAt != .min { return index }
            if sources[index].bucket.fullAt < sources[oldest].bucket.fullAt { oldest = index }
        }
        sources[oldest] = Source(prefix: prefix)
        return oldest
    }

    /// How many buckets a source may be in.
    private static let ways = 4
}

extension IPAddress {
    /// What one customer of a network can be expected to hold: an IPv4 address, or a /64 of IPv6, as one number.
    package var limitedPrefix: UInt64 {
        switch family {
        // No IPv6 unicast prefix begins with these bits (RFC 4291 §2.7: multicast).
        case .v4: 0xffff_ffff_0000_0000 | UInt64(v4Bits)
        case .v6: v6Bits.high
        }
    }
}
