internal import PinholeWire

/// The sockets beside the main ones that this peer asked the shell for: opened for a punch or a measurement, and closed
/// when nothing needs them.
struct ExtraSockets {
    private var next = SocketID.firstExtra.rawValue
    private var opening: [(ids: [SocketID], family: IPAddress.Family)] = []
    private var closing: [SocketID] = []
    /// The local ports of those that the shell opened.
    private(set) var ports: [SocketID: UInt16] = [:]
    /// Asked for, and not opened yet.
    private(set) var pending: Set<SocketID> = []

    /// Asks for `count` sockets of a family, each on a port of its own. What is sent by one before it is open goes out
    /// after it.
    mutating func open(_ count: Int, _ family: IPAddress.Family) -> [SocketID] {
        guard count > 0 else { return [] }
        let ids = (0..<UInt32(count)).map { SocketID(rawValue: next &+ $0) }
        next &+= UInt32(count)
        // After four billion sockets the first numbers have long been closed.
        if next < SocketID.firstExtra.rawValue { next = SocketID.firstExtra.rawValue }
        opening.append((ids, family))
        pending.formUnion(ids)
        return ids
    }

    mutating func close(_ ids: some Sequence<SocketID>) {
        for id in ids {
            pending.remove(id)
            ports[id] = nil
            closing.append(id)
        }
    }

    /// The shell opened a socket, or could not (`nil`).
    mutating func didOpen(_ id: SocketID, port: UInt16?) {
        guard pending.remove(id) != nil else { return }
        ports[id] = port
    }

    mutating func takeOpening() -> Output? {
        guard !opening.isEmpty else { return nil }
        let (ids, family) = opening.removeFirst()
        return .openSockets(ids, family)
    }

    mutating func takeClosing() -> Output? {
        guard !closing.isEmpty else { return nil }
        defer { closing.removeAll() }
        return .closeSockets(closing)
    }
}
