import CDatagram
import Glibc
import PinholeWire
import Synchronization

/// Keeps the node's ports mapped by this network's gateways, on a thread of its own: nothing that a gateway does or does
/// not do is waited for elsewhere.
final class PortMappingService: Sendable {
    /// A port that the gateway of a family gave.
    struct Grant: Hashable {
        var method: PortMappingMethod
        var externalPort: UInt16
        /// Counts: the same port that was given once more is another grant.
        var generation: Int
    }

    /// What is known of a family's gateway.
    enum State: Hashable {
        case searching
        case mapped(Grant)
        /// There is no gateway that maps.
        case none
    }

    private enum Message {
        case network(ports: [IPAddress.Family: UInt16])
        case verdict(isReachable: Bool, port: UInt16, IPAddress.Family)
    }

    private struct Mailbox {
        var messages: [Message] = []
        var isStopping = false
        var thread: pthread_t?
    }

    private let mailbox = Mutex(Mailbox())
    private let wakeup: Int32
    private let tell: @Sendable (IPAddress.Family, State) -> Void

    /// `tell` is called on the service's thread, whenever the state of a family becomes another one.
    init(tell: @escaping @Sendable (IPAddress.Family, State) -> Void) {
        self.tell = tell
        wakeup = wakeup_open()
    }

    deinit {
        if wakeup >= 0 { close(wakeup) }
    }

    /// The node's ports, or this machine's addresses and routes, may have changed. Starts the thread the first time.
    func networkChanged(ports: [IPAddress.Family: UInt16]) {
        post(.network(ports: ports))
        mailbox.withLock { mailbox in
            guard wakeup >= 0, mailbox.thread == nil, !mailbox.isStopping else { return }
            mailbox.thread = try? startThread { self.run() }
        }
    }

    /// Whether a port that was told is reached from outside.
    func verdict(_ isReachable: Bool, on port: UInt16, _ family: IPAddress.Family) {
        post(.verdict(isReachable: isReachable, port: port, family))
    }

    /// Gives all ports back, for which gateways get ``farewell``, and waits until that is done.
    func stop() {
        let thread = mailbox.withLock { mailbox in
            defer {
                mailbox.isStopping = true
                mailbox.thread = nil
            }
            return mailbox.thread
        }
        guard let thread else { return }
        wakeup_ring(wakeup)
        pthread_join(thread, nil)
    }

    /// What the end of a node may wait for its gateways.
    private static let farewell: Duration = .milliseconds(800)

    private func post(_ message: Message) {
        mailbox.withLock { $0.messages.append(message) }
        if wakeup >= 0 { wakeup_ring(wakeup) }
    }
}

// MARK: On the thread

extension PortMappingService {
    private func run() {
        var links: [IPAddress.Family: GatewayLink] = [:]
        var told: [IPAddress.Family: State] = [:]
        let announcements = AnnouncementSocket()
        let timer = BootTimer()
        while true {
            let (messages, isStopping) = mailbox.withLock { mailbox in
                defer { mailbox.messages = [] }
                return (mailbox.messages, mailbox.isStopping)
            }
            if isStopping { break }
            let now = MonotonicClock.now
            for message in messages { handle(message, &links, at: now) }
            announcements?.receive { datagram, source in
                links.values.first { $0.gateway.address == source }?.receiveAnnouncement(datagram, at: now)
            }
            for link in links.values { link.advance(at: now) }
            for family in IPAddress.Family.allCases {
                let state = state(of: links[family])
                if told.updateValue(state, forKey: family) != state { tell(family, state) }
            }
            announcements?.join(Set(links.values.map(\.gateway)))
            wait(links, announcements?.descriptor ?? -1, timer, until: nil)
        }
        giveBack(links, timer)
    }

    private func state(of link: GatewayLink?) -> State {
        guard let link else { return .none }
        if let grant = link.grant { return .mapped(grant) }
        return link.isResting ? .none : .searching
    }

    private func handle(_ message: Message, _ links: inout [IPAddress.Family: GatewayLink], at now: Instant) {
        switch message {
        case .verdict(let isReachable, let port, let family):
            links[family]?.verify(port, isReachable: isReachable, at: now)
        case .network(let ports):
            for family in IPAddress.Family.allCases {
                let gateway = ports[family] == nil ? nil : Gateway.current(family)
                if let link = links[family] {
                    guard gateway != link.gateway || ports[family] != link.internalPort else { continue }
                    // The way to it may be gone: who can be told is told, and nobody is waited for.
                    link.close(at: now)
                    link.advance(at: now)
                    links[family] = nil
                }
                guard let gateway, let port = ports[family] else { continue }
                links[family] = GatewayLink(gateway, internalPort: port, at: now)
            }
        }
    }

    private func giveBack(_ links: [IPAddress.Family: GatewayLink], _ timer: BootTimer) {
        let begin = MonotonicClock.now
        for link in links.values { link.close(at: begin) }
        while true {
            let now = MonotonicClock.now
            for link in links.values { link.advance(at: now) }
            guard links.values.contains(where: { !$0.isFinished }), now - begin < Self.farewell else { return }
            wait(links, -1, timer, until: begin + Self.farewell)
        }
    }

    private func wait(
        _ links: [IPAddress.Family: GatewayLink], _ other: Int32, _ timer: BootTimer, until limit: Instant?
    ) {
        var polled = [wakeup, timer.descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        for link in links.values {
            polled += link.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        }
        let now = MonotonicClock.now
        let wakeTime = (links.values.map { $0.nextTimeout(at: now) } + [limit]).compactMap { $0 }.min()
        timer.set(wakeTime, at: now)
        let timeout = wakeTime.map { max(0, ($0 - now).nanoseconds) } ?? -1
        _ = wait_ready(&polled, UInt32(polled.count), timeout)
        if polled[0].revents != 0 { wakeup_clear(wakeup) }
        if polled[1].revents != 0 { timer.clear() }
    }
}
