import CDatagram
import Glibc
import PinholeWire

/// Wakes a thread that waits for descriptors when its time has come, though the machine slept meanwhile: deadlines are
/// of ``MonotonicClock``, which counts that time, and the timeout of ppoll(2) does not. Confined to one thread.
final class BootTimer {
    /// To be waited for; negative where the system gives no timer.
    let descriptor: Int32
    private var armed: Instant?

    /// A machine seldom falls asleep in a short wait, and little is lost by it: not worth a system call.
    private static let shortest: Duration = .seconds(1)

    init() {
        descriptor = boot_timer_open()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Sees to it that a wait ends at `deadline`, to which the caller gives its own timeout, too.
    func set(_ deadline: Instant?, at now: Instant) {
        guard let deadline, deadline != armed, deadline - now >= Self.shortest, descriptor >= 0 else { return }
        armed = deadline
        boot_timer_set(descriptor, deadline.nanoseconds)
    }

    /// Takes note that the descriptor was readable.
    func clear() {
        armed = nil
        boot_timer_clear(descriptor)
    }
}

@available(*, unavailable)
extension BootTimer: Sendable {}
