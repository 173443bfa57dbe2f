import Glibc
package import PinholeWire

/// The clock of every timer. It also counts the time in which the machine sleeps, because NAT mappings expire then too.
package enum MonotonicClock {
    package static var now: Instant {
        Instant(nanoseconds: read(CLOCK_BOOTTIME))
    }
}

/// The calendar, as far as the protocol needs it.
package enum WallClock {
    /// Milliseconds since 1970, UTC.
    package static var unixMilliseconds: UInt64 {
        UInt64(max(0, read(CLOCK_REALTIME) / 1_000_000))
    }
}

private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
