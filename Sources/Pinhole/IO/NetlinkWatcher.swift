import CDatagram
import Glibc
import PinholeWire

/// Hears of changes to interfaces, addresses and routes, and gathers those that come together. Confined to the loop's thread.
final class NetlinkWatcher {
    let descriptor: Int32
    /// When the change that was heard of is to be told.
    private(set) var dueTime: Instant?

    /// nil where the system has no route netlink, or keeps it from this process.
    init?() {
        descriptor = netlink_open()
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Reads what the kernel has to say.
    func receive(at now: Instant) {
        if netlink_drain(descriptor) != 0, dueTime == nil {
            dueTime = now + Self.gathering
        }
    }

    /// Whether a change is due to be told now.
    func takeChange(at now: Instant) -> Bool {
        guard let dueTime, dueTime <= now else { return false }
        self.dueTime = nil
        return true
    }

    /// An interface that comes up brings its address and its routes within a few milliseconds: one change, not five.
    private static let gathering: Duration = .milliseconds(20)
}

@available(*, unavailable)
extension NetlinkWatcher: Sendable {}
