package import PinholeWire

/// Where a datagram arrived, and so where its answer leaves from: small enough to keep with each registration.
package struct LocalEndpoint: Hashable, Sendable {
    /// The socket's place in ``Topology/sockets``.
    package var socket: UInt8
    /// The local address of a socket that listens on all of them, as ``Topology/intern(_:)`` numbers it; 0 when the
    /// socket has one address, or when it is not known.
    package var address: UInt8

    package init(socket: UInt8, address: UInt8 = 0) {
        self.socket = socket
        self.address = address
    }
}

/// The addresses and ports of the service: each address has the same ports, the main one first.
package struct Topology: Sendable {
    /// A bound socket.
    package struct Socket: Equatable, Sendable {
        package var address: TransportAddress
        /// 0 for the main port.
        package var portIndex: Int
        /// Whether this is the second address of its family.
        package var isSecond: Bool

        package init(address: TransportAddress, portIndex: Int, isSecond: Bool) {
            self.address = address
            self.portIndex = portIndex
            self.isSecond = isSecond
        }
    }

    package let sockets: [Socket]
    /// For each socket the ports beside the main one of its address, and the main port of the family's other address.
    private let neighbours: [(ports: [UInt16], second: TransportAddress?)]
    /// Addresses that datagrams to sockets without an address of their own have arrived at; number 1 is the first.
    private var interned: [IPAddress] = []

    package init(sockets: [Socket]) {
        precondition(sockets.count <= 255, "a socket's number has one byte")
        self.sockets = sockets
        neighbours = sockets.map { socket in
            let family = sockets.filter { $0.address.family == socket.address.family }
            return (
                family.filter { $0.isSecond == socket.isSecond && $0.portIndex > 0 }.map(\.address.port),
                family.first { $0.isSecond != socket.isSecond && $0.portIndex == 0 }?.address
            )
        }
    }

    /// Numbers a local address; 0 when there is no number left, and the routing table is to choose.
    package mutating func intern(_ ip: IPAddress) -> UInt8 {
        if let known = interned.firstIndex(of: ip) { return UInt8(known + 1) }
        guard interned.count < 255 else { return 0 }
        interned.append(ip)
        return UInt8(interned.count)
    }

    /// The local address that a number stands for.
    package func internedAddress(_ number: UInt8) -> IPAddress? {
        number == 0 ? nil : interned[Int(number) - 1]
    }

    /// The address that an answer from `endpoint` comes from, as far as it is known.
    package func origin(of endpoint: LocalEndpoint) -> TransportAddress? {
        let bound = sockets[Int(endpoint.socket)].address
        if !bound.ip.isUnspecified { return bound }
        return internedAddress(endpoint.address).map { TransportAddress($0, port: bound.port) }
    }

    /// The endpoint with another address, another port, or both; `nil` where there is none.
    package func other(than endpoint: LocalEndpoint, changeIP: Bool, changePort: Bool) -> LocalEndpoint? {
        let socket = sockets[Int(endpoint.socket)]
        let ports = sockets.count { $0.address.family == socket.address.family && $0.isSecond == socket.isSecond }
        if changePort, ports < 2 { return nil }
        let portIndex = changePort ? (socket.portIndex + 1) % ports : socket.portIndex
        let found = sockets.firstIndex {
            $0.address.family == socket.address.family && $0.isSecond == (socket.isSecond != changeIP)
                && $0.portIndex == portIndex
        }
        return found.map { LocalEndpoint(socket: UInt8($0), address: changeIP ? 0 : endpoint.address) }
    }

    /// The ports beside the main one, of the address that `endpoint` belongs to.
    package func alternatePorts(beside endpoint: LocalEndpoint) -> [UInt16] {
        neighbours[Int(endpoint.socket)].ports
    }

    /// The main port at the other address of the family that `endpoint` belongs to.
    package func secondAddress(beside endpoint: LocalEndpoint) -> TransportAddress? {
        neighbours[Int(endpoint.socket)].second
    }
}
