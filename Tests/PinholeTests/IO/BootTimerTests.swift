import CDatagram
import Glibc
import PinholeWire
import Testing

@testable import Pinhole

@Suite("the timer that counts the time in which the machine sleeps")
struct BootTimerTests {
    private let timer = BootTimer()
    private let now = MonotonicClock.now

    /// Whether it wakes a thread that waits so long at most.
    private func wakes(within nanoseconds: Int64) -> Bool {
        var polled = [pollfd(fd: timer.descriptor, events: Int16(POLLIN), revents: 0)]
        return wait_ready(&polled, 1, nanoseconds) == 1
    }

    @Test("wakes when its time has come, also if that is over, and not again")
    func wakes() {
        #expect(timer.descriptor >= 0)
        #expect(!wakes(within: 0))
        // As `set` sees it the time is to come; as the clock sees it, it is over: the machine slept.
        timer.set(now, at: now - .seconds(3600))
        #expect(wakes(within: 10_000_000_000))
        timer.clear()
        #expect(!wakes(within: 0))
        timer.set(now, at: now - .seconds(3600))
        #expect(wakes(within: 10_000_000_000))
    }

    @Test("a later time takes the place of an earlier one, and a short wait needs no timer")
    func replaced() {
        timer.set(now, at: now - .seconds(3600))
        timer.set(now + .seconds(3600), at: now)
        #expect(!wakes(within: 0))
        timer.set(now + .milliseconds(999), at: now)
        timer.set(nil, at: now)
        #expect(!wakes(within: 0))
    }
}
