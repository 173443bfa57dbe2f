import PinholeCore
package import PinholeWire

/// Where a peer is plugged in: its address, and the NAT in front of it.
package struct Interface {
    /// With the port of the main socket.
    package var address: TransportAddress
    package var prefixLength: Int
    package var nat: NAT?

    package init(_ address: TransportAddress, behind nat: NAT? = nil, prefixLength: Int? = nil) {
        self.address = address
        self.prefixLength = prefixLength ?? (address.family == .v4 ? 24 : 64)
        self.nat = nat
    }
}

/// Whoever has a place in a ``World``: a ``Peer``, or another program around an endpoint.
package protocol Host: AnyObject {
    var interfaces: [Interface] { get }
    /// When it is to be woken at the latest.
    var wakeTime: Instant? { get }
    /// Does what is due by now.
    func wake()
    /// Does what was asked of it without time having passed.
    func drain()
    /// Who listens on a port; nil where nobody does.
    func socket(on port: UInt16, _ family: IPAddress.Family) -> SocketID?
    func receive(_ bytes: [UInt8], _ ecn: ECNCodepoint, from source: TransportAddress, by socket: SocketID)
}

// Where datagrams go.

extension World {
    /// Sends a datagram from an address of `place`.
    package func send(
        _ bytes: [UInt8], _ ecn: ECNCodepoint = .notECT, from source: TransportAddress, at place: NAT? = nil,
        to destination: TransportAddress
    ) {
        var source = source
        var destination = destination
        var place = place
        if destination.ip.isMulticast { return launch(bytes, ecn, from: source, to: destination, at: place) }
        while let nat = place, !isAt(nat, destination.ip) {
            guard let outside = nat.outbound(source, to: destination, at: now) else {
                return note("not let out", source, destination, bytes)
            }
            if nat.owns(destination.ip) {
                return hairpin(bytes, ecn, from: outside, at: nat, to: destination)
            }
            destination = nat.outsideName(of: destination, for: source)
            source = outside
            place = nat.outer
        }
        launch(bytes, ecn, from: source, to: destination, at: place)
    }

    /// From the inside of a NAT to its own external address (RFC 4787 §6).
    private func hairpin(
        _ bytes: [UInt8], _ ecn: ECNCodepoint, from source: TransportAddress, at nat: NAT,
        to destination: TransportAddress
    ) {
        guard nat.hairpins, let inside = nat.inbound(destination, from: source, at: now) else {
            return note("not turned round", source, destination, bytes)
        }
        launch(bytes, ecn, from: source, to: inside, at: nat)
    }

    func deliver(_ flight: Flight) {
        if flight.place == nil, Self.isService(flight.destination.ip) { return deliverToService(flight) }
        if flight.place == nil, let host = otherServices.first(where: { $0.address == flight.destination.ip }) {
            return host.receive(flight, in: self)
        }
        if flight.destination.ip.isMulticast { return deliverMulticast(flight) }
        deliver(flight, to: flight.destination, at: flight.place)
    }

    private func deliver(_ flight: Flight, to destination: TransportAddress, at place: NAT?) {
        // Several of them may be programs of one machine.
        var isHost = false
        for host in hosts
        where host.interfaces.contains(where: { $0.nat === place && $0.address.ip == destination.ip }) {
            isHost = true
            guard let socket = host.socket(on: destination.port, destination.family) else { continue }
            if let peer = host as? Peer { beforeDelivery?(flight, flight.source, peer) }
            note("arrives", flight.source, destination, flight.bytes)
            return host.receive(flight.bytes, flight.ecn, from: flight.source, by: socket)
        }
        if isHost { return note("no such port", flight.source, destination, flight.bytes) }
        guard
            let nat = routers.first(where: {
                $0.outer === place && ($0.owns(destination.ip) || isAt($0, destination.ip))
            })
        else { return note("nobody there", flight.source, destination, flight.bytes) }
        guard let inside = nat.inbound(destination, from: flight.source, at: now) else {
            return note("not let in", flight.source, destination, flight.bytes)
        }
        var flight = flight
        flight.source = nat.insideName(of: flight.source, at: destination.port)
        deliver(flight, to: inside, at: nat)
    }

    /// To all on the same network, the sender among them.
    private func deliverMulticast(_ flight: Flight) {
        for host in hosts {
            for other in host.interfaces where other.nat === flight.place {
                guard other.address.ip.sharesPrefix(other.prefixLength, with: flight.source.ip) else { continue }
                if let peer = host as? Peer { beforeDelivery?(flight, flight.source, peer) }
                host.receive(flight.bytes, .notECT, from: flight.source, by: .beacon)
            }
        }
    }

    /// Whether an address is inside of a NAT: a host's, or that of a NAT further in.
    private func isAt(_ place: NAT, _ ip: IPAddress) -> Bool {
        hosts.contains { $0.interfaces.contains { $0.nat === place && $0.address.ip == ip } }
            || routers.contains { $0.outer === place && $0.owns(ip) }
    }

    package static func isService(_ ip: IPAddress) -> Bool {
        ip == serviceAddress || ip == serviceAddress6
    }

    func note(_ what: String, _ source: TransportAddress, _ destination: TransportAddress, _ bytes: [UInt8]) {
        guard trace != nil else { return }
        let kind = DatagramKind(bytes.span).map { "\($0)" } ?? "?"
        note("\(source) → \(destination)  \(kind), \(bytes.count) bytes: \(what)")
    }

    func note(_ text: String) {
        guard let trace else { return }
        let time = "\((now - Instant(nanoseconds: 1_000_000_000)).nanoseconds / 1_000_000)"
        trace(String(repeating: " ", count: max(0, 7 - time.count)) + time + " ms  " + text)
    }
}
