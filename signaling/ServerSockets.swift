import CDatagram
import Glibc
import PinholeWire

/// The bound sockets of the service, as ``Topology`` numbers them.
struct ServerSockets: ~Copyable {
    let descriptors: [Int32]
    let topology: Topology

    private init(descriptors: [Int32], topology: Topology) {
        self.descriptors = descriptors
        self.topology = topology
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// Binds everything that `configuration` names.
    static func open(_ configuration: Configuration) throws(ServerError) -> ServerSockets {
        var configuration = configuration
        if configuration.listen == Configuration.defaultListen { configuration.listen.removeAll { !isSupported($0) } }
        // Port 0 means the same free port for all families, which takes some tries.
        let tries = configuration.ports[0] == 0 ? 32 : 1
        for remaining in (0..<tries).reversed() {
            do throws(ServerError) {
                return try openOnce(configuration)
            } catch {
                if remaining == 0 || error.code != .unavailable { throw error }
            }
        }
        throw ServerError(.unavailable, "no free port was found")
    }

    private static func openOnce(_ configuration: Configuration) throws(ServerError) -> ServerSockets {
        var descriptors: [Int32] = []
        var sockets: [Topology.Socket] = []
        do throws(ServerError) {
            var ports = configuration.ports
            let addresses =
                configuration.listen.map { ($0.ip, false) } + configuration.secondAddresses.map { ($0, true) }
            for (ip, isSecond) in addresses {
                for index in ports.indices {
                    let wanted = TransportAddress(ip, port: ports[index])
                    let descriptor = try bind(wanted)
                    descriptors.append(descriptor)
                    let bound = TransportAddress(ip, port: UInt16(datagram_local_port(descriptor)))
                    // Clients know one main port; a second address has the ports of the first (RFC 5780 §3).
                    if index == 0 || configuration.secondAddresses.contains(where: { $0.family == ip.family }) {
                        ports[index] = bound.port
                    }
                    sockets.append(Topology.Socket(address: bound, portIndex: index, isSecond: isSecond))
                }
            }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            throw error
        }
        return ServerSockets(descriptors: descriptors, topology: Topology(sockets: sockets))
    }

    private static func bind(_ address: TransportAddress) throws(ServerError) -> Int32 {
        // A socket for all addresses must be told which one a client chose, or the answer may come from another.
        let flags = address.ip.isUnspecified ? Int32(DATAGRAM_LOCAL_ADDRESS) : 0
        let descriptor = datagram_open(datagram_ip(address.ip), address.port, bufferSize, flags)
        if descriptor >= 0 { return descriptor }
        switch -descriptor {
        case EADDRINUSE:
            throw ServerError(
                .unavailable,
                "port \(address.port) of \(address.ip) is in use: stop the program that has it, or choose another with "
                    + "--listen")
        case EADDRNOTAVAIL:
            throw ServerError(.configuration, "\(address.ip) is not an address of this machine")
        case EACCES:
            throw ServerError(.blocked, "port \(address.port) needs privileges: choose one from 1024 on with --listen")
        case let number:
            throw ServerError(.unavailable, "\(address) cannot be listened on: \(errorText(number))")
        }
    }

    /// Whether this machine has the address family at all.
    private static func isSupported(_ address: TransportAddress) -> Bool {
        let descriptor = datagram_open(datagram_ip(address.ip), 0, bufferSize, 0)
        if descriptor >= 0 { close(descriptor) }
        return -descriptor != EAFNOSUPPORT && -descriptor != EADDRNOTAVAIL
    }

    private static let bufferSize: Int32 = 4 << 20
}

extension datagram_ip {
    init(_ ip: IPAddress) {
        switch ip.family {
        case .v4: self.init(high: 0, low: UInt64(ip.v4Bits), family: 4)
        case .v6: self.init(high: ip.v6Bits.high, low: ip.v6Bits.low, family: 6)
        }
    }

    /// `nil` when it is not known.
    var address: IPAddress? {
        switch family {
        case 4: IPAddress(v4: UInt32(truncatingIfNeeded: low))
        case 6: IPAddress(v6High: high, low: low)
        default: nil
        }
    }
}
