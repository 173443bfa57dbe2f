import CDatagram
import Glibc
import PinholeWire

/// The sockets beside the main ones: hundreds of them for a punch, most of which are closed again a few seconds later.
///
/// The loop waits for all of them through one descriptor, and they share a few queues for sending; what they did is
/// settled socket by socket, so that a turn costs what happened in it. Confined to the loop's thread.
final class ExtraSockets {
    private let isLoopback: Bool
    private let queues = SendQueuePool(limit: 8)
    private var sockets: [UInt32: DatagramSocket] = [:]
    /// −1 until there is a socket to wait for.
    private var readySet: Int32 = -1
    /// Sockets that were given something to send in this turn.
    private var queued: [UInt32] = []
    /// Sockets that wait until the kernel takes more.
    private var blocked: Set<UInt32> = []
    /// What was too long for an interface, until somebody takes note.
    private var refusals: [(SocketID, DatagramSocket.Refusal)] = []
    /// Sockets that died and are to be bound again.
    private var dead: Set<UInt32> = []

    init(isLoopback: Bool) {
        self.isLoopback = isLoopback
    }

    deinit {
        sockets = [:]
        if readySet >= 0 { Glibc.close(readySet) }
    }

    /// What to poll for all sockets together; nil when there are none.
    var descriptor: Int32? { sockets.isEmpty ? nil : readySet }

    subscript(id: SocketID, family: IPAddress.Family) -> DatagramSocket? { sockets[Self.token(id, family)] }

    private static func token(_ id: SocketID, _ family: IPAddress.Family) -> UInt32 {
        id.rawValue << 1 | (family == .v6 ? 1 : 0)
    }
}

// MARK: Opening and closing

extension ExtraSockets {
    /// Opens a socket on any free port, or on `port`, and returns its port; nil when the system gives none.
    func open(
        _ id: SocketID, _ family: IPAddress.Family, purpose: DatagramSocket.Purpose = .extra, port: UInt16 = 0
    ) -> UInt16? {
        let token = Self.token(id, family)
        if let known = sockets[token] { return known.port }
        if readySet < 0 { readySet = ready_set_open() }
        guard readySet >= 0, let socket = makeSocket(purpose, family, port) else { return nil }
        guard ready_set_watch(readySet, socket.descriptor, token, Int32(POLLIN)) == 0 else { return nil }
        sockets[token] = socket
        return socket.port
    }

    private func makeSocket(
        _ purpose: DatagramSocket.Purpose, _ family: IPAddress.Family, _ port: UInt16
    ) -> DatagramSocket? {
        for _ in 0..<2 {
            do throws(SocketError) {
                return try DatagramSocket(
                    purpose, family: family, port: port, isLoopback: isLoopback, queues: queues)
            } catch .unavailable(EMFILE) {
                guard DescriptorLimit.raise() else { return nil }
            } catch {
                return nil
            }
        }
        return nil
    }

    /// Closes what is open under `id`. What was queued leaves before.
    func close(_ id: SocketID) {
        for family in IPAddress.Family.allCases {
            let token = Self.token(id, family)
            guard let socket = sockets.removeValue(forKey: token) else { continue }
            if !socket.isBlocked { socket.flush() }
            blocked.remove(token)
            dead.remove(token)
        }
    }

    func closeAll() {
        sockets = [:]
        blocked = []
        dead = []
    }
}

// MARK: Sending

extension ExtraSockets {
    /// Sends one datagram, or several of `size` bytes, by the socket that the route names. Where that is closed there is
    /// nothing to send on.
    func send(_ bytes: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route) {
        let token = Self.token(route.socket, route.remote.family)
        guard let socket = sockets[token] else { return }
        if !socket.hasQueued {
            if queues.isExhausted { flush() }
            queued.append(token)
        }
        socket.send(bytes, of: size, ecn, to: route.remote)
    }

    /// Hands everything that this turn queued to the kernel.
    func flush() {
        for token in queued {
            guard let socket = sockets[token] else { continue }
            if !socket.isBlocked { socket.flush() }
            settle(socket, token)
        }
        queued.removeAll(keepingCapacity: true)
    }

    /// What was refused since this was last asked.
    func takeRefusals() -> [(SocketID, DatagramSocket.Refusal)] {
        guard !refusals.isEmpty else { return [] }
        defer { refusals = [] }
        return refusals
    }

    /// Waits for what a socket waits for.
    private func settle(_ socket: DatagramSocket, _ token: UInt32) {
        for refusal in socket.takeRefusals() { refusals.append((SocketID(rawValue: token >> 1), refusal)) }
        if socket.rebindTime != nil {
            dead.insert(token)
            blocked.remove(token)
        } else if socket.isBlocked != blocked.contains(token) {
            let events = socket.isBlocked ? POLLIN | POLLOUT : POLLIN
            guard ready_set_watch(readySet, socket.descriptor, token, Int32(events)) == 0 else { return }
            if socket.isBlocked { blocked.insert(token) } else { blocked.remove(token) }
        }
    }
}

// MARK: Receiving

extension ExtraSockets {
    /// Takes what has arrived, one batch of each of up to 64 sockets; the others have their turn after these.
    func receive(
        through batch: OpaquePointer,
        _ body: (_ datagram: Span<UInt8>, _ source: Route, _ ecn: ECNCodepoint) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: ready_entry.self, capacity: 64) { entries in
            let count = ready_set_take(readySet, entries.baseAddress, 64)
            for index in 0..<Int(max(0, count)) {
                attend(to: entries[index].token, Int32(entries[index].events), batch, body)
            }
        }
    }

    private func attend(
        to token: UInt32, _ events: Int32, _ batch: OpaquePointer,
        _ body: (_ datagram: Span<UInt8>, _ source: Route, _ ecn: ECNCodepoint) -> Void
    ) {
        guard let socket = sockets[token] else { return }
        let id = SocketID(rawValue: token >> 1)
        if events & POLLOUT != 0 { socket.flush() }
        if events & (POLLIN | POLLERR | POLLHUP) != 0 {
            socket.receive(through: batch) { datagram, source, ecn in body(datagram, Route(source, via: id), ecn) }
        }
        settle(socket, token)
    }
}

// MARK: Death

extension ExtraSockets {
    /// When one that died is to be bound again.
    var rebindTime: Instant? {
        dead.isEmpty ? nil : dead.lazy.compactMap { self.sockets[$0]?.rebindTime }.min()
    }

    /// Binds those again that died, if it is time. Returns those that were.
    func rebind(at now: Instant) -> Set<SocketID> {
        var reopened: Set<SocketID> = []
        for token in dead {
            guard let socket = sockets[token], let due = socket.rebindTime, due <= now else { continue }
            socket.rebind(at: now)
            guard socket.rebindTime == nil else { continue }
            dead.remove(token)
            _ = ready_set_watch(readySet, socket.descriptor, token, Int32(POLLIN))
            reopened.insert(SocketID(rawValue: token >> 1))
        }
        return reopened
    }
}

@available(*, unavailable)
extension ExtraSockets: Sendable {}
