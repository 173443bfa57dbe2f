import CDatagram
import Glibc
import PinholeWire

/// One UDP socket of one address family, with a bounded queue of what is to be sent.
///
/// An error of one datagram is that datagram's: it is counted and the socket stays. A socket that died is bound anew to
/// the same port, so that NAT mappings live on. Confined to the loop's thread.
final class DatagramSocket {
    /// What a socket is for, and so how it is opened.
    enum Purpose {
        /// Everything; with buffers for it.
        case main
        /// One of many that live for a short while. It has the buffers of one that carries traffic once it does.
        case extra
        /// To hear what comes to a group.
        case group(IPAddress)
    }

    /// A session packet of `size` bytes that was longer than the interface carries.
    struct Refusal: Equatable {
        let size: Int
        let destination: TransportAddress
    }

    let family: IPAddress.Family
    let port: UInt16
    /// −1 from a death until the port could be bound again.
    private(set) var descriptor: Int32
    /// Whether the kernel's buffer is full: what is queued waits until the socket is writable.
    var isBlocked = false
    /// When to try to bind again, after a death; the past means at once.
    private(set) var rebindTime: Instant?
    var statistics = DatagramStatistics()
    /// Session packets that were longer than the interface carries, until somebody takes note; a few of them will do.
    var refusals: [Refusal] = []

    private let purpose: Purpose
    private let local: datagram_ip
    /// Whether the kernel cuts runs of datagrams apart.
    private(set) var cutsRuns: Bool
    /// Datagrams that go by themselves before a run is tried again, after one was refused.
    var runPause = 0
    var hasLargeBuffers: Bool
    let queues: SendQueuePool
    /// Lent while there is something to send.
    var queue: SendQueue?

    init(
        _ purpose: Purpose = .main, family: IPAddress.Family, port: UInt16, isLoopback: Bool, queues: SendQueuePool
    ) throws(SocketError) {
        self.purpose = purpose
        self.family = family
        self.queues = queues
        local = Self.localAddress(purpose, family, isLoopback: isLoopback)
        (descriptor, hasLargeBuffers) = Self.open(purpose, local, port)
        guard descriptor >= 0 else { throw SocketError(errno: -descriptor, port: port) }
        self.port = UInt16(truncatingIfNeeded: datagram_local_port(descriptor))
        cutsRuns = datagram_can_segment(descriptor)
    }

    deinit {
        discardQueue()
        if descriptor >= 0 { close(descriptor) }
    }

    private static func open(_ purpose: Purpose, _ local: datagram_ip, _ port: UInt16) -> (Int32, Bool) {
        switch purpose {
        case .main: (datagram_open(local, port, bufferSize, flags), true)
        case .extra: (datagram_open(local, port, 0, flags), false)
        case .group: (datagram_open(local, port, 0, Int32(DATAGRAM_SHARE_GROUP)), true)
        }
    }

    private static func localAddress(
        _ purpose: Purpose, _ family: IPAddress.Family, isLoopback: Bool
    ) -> datagram_ip {
        switch (purpose, family) {
        // Linux binds to no group of one link without being told the link, and these are of all links.
        case (.group, .v6): datagram_ip(high: 0, low: 0, family: 6)
        case (.group(let group), .v4): datagram_ip(group)
        case (.main, .v4), (.extra, .v4): datagram_ip(high: 0, low: isLoopback ? 0x7f00_0001 : 0, family: 4)
        case (.main, .v6), (.extra, .v6): datagram_ip(high: 0, low: isLoopback ? 1 : 0, family: 6)
        }
    }

    private static let flags = Int32(DATAGRAM_COALESCE | DATAGRAM_WHOLE | DATAGRAM_CODEPOINT)

    /// Bytes asked for in each direction.
    static let bufferSize: Int32 = 4 * 1024 * 1024
}

// MARK: Groups

extension DatagramSocket {
    /// Hears what comes to its group through the interfaces with these indices. Where one cannot, it hears nothing.
    func join(_ interfaces: Set<UInt32>) {
        guard case .group(let group) = purpose, descriptor >= 0 else { return }
        for interface in interfaces { _ = datagram_join(descriptor, datagram_ip(group), interface) }
    }

    func leave(_ interfaces: Set<UInt32>) {
        guard case .group(let group) = purpose, descriptor >= 0 else { return }
        for interface in interfaces { datagram_leave(descriptor, datagram_ip(group), interface) }
    }
}

// MARK: Death

extension DatagramSocket {
    /// Whether the descriptor is a working socket no more: closed or replaced under us, or destroyed by an administrator.
    static func isDeath(_ code: Int32) -> Bool {
        code == EBADF || code == ENOTSOCK || code == ECONNABORTED
    }

    func die(_ code: Int32) {
        if descriptor >= 0, code != EBADF { close(descriptor) }
        descriptor = -1
        rebindTime = Instant(nanoseconds: 0)
    }

    /// Binds the same port again, or sets the time of the next try.
    func rebind(at now: Instant) {
        let (reopened, isLarge) = Self.open(purpose, local, port)
        guard reopened >= 0 else {
            fail(-reopened, 1)
            rebindTime = now + .milliseconds(500)
            return
        }
        descriptor = reopened
        hasLargeBuffers = isLarge
        cutsRuns = datagram_can_segment(reopened)
        runPause = 0
        isBlocked = false
        rebindTime = nil
        statistics.rebinds += 1
    }
}

extension SocketError {
    init(errno code: Int32, port: UInt16) {
        switch code {
        case EADDRINUSE: self = .portInUse(port)
        case EACCES: self = .notPermitted(port)
        default: self = .unavailable(code)
        }
    }
}

@available(*, unavailable)
extension DatagramSocket: Sendable {}
