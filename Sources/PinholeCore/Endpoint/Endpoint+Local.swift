internal import PinholeCrypto
package import PinholeWire

/// Where this peer is: addresses, interfaces and services.
extension Endpoint {
    /// Tells the endpoint what time people have; called now and then, as that clock may be set.
    package func setWallClock(unixMilliseconds: UInt64, at now: Instant) {
        environment.setWallClock(unixMilliseconds: unixMilliseconds, at: now)
    }

    /// The addresses of this machine's interfaces, and the ports of the sockets by family. Of each family the address that
    /// the rest of the world is reached from comes first.
    package func setLocal(_ addresses: [LocalAddress], ports: [IPAddress.Family: UInt16], at now: Instant) {
        let change = environment.setLocal(addresses, ports: ports)
        guard let change else { return }
        forgetLostFamilies()
        for index in clients.indices { clients[index].restart(at: now) }
        for slot in connections.keys.sorted() { networkChanged(slot, change, at: now) }
        settleClients(at: now)
    }

    private func networkChanged(_ slot: Int, _ change: NetworkChange, at now: Instant) {
        guard let connection = connections[slot] else { return }
        connection.networkChanged(change, at: now)
        settleLater(slot)
    }

    /// What each interface of this machine carries in one packet, by its address, in bytes and with the IP header.
    package func setInterfaceMTUs(_ mtus: [IPAddress: Int], at now: Instant) {
        guard mtus != environment.interfaceMTUs else { return }
        environment.interfaceMTUs = mtus
        for (slot, connection) in connections where connection.session != nil {
            connection.interfacesChanged(at: now)
            settleLater(slot)
        }
    }

    /// A session packet of `size` bytes did not leave, as the interface towards `route` carries less.
    package func refused(_ size: Int, over route: Route, at now: Instant) {
        for (slot, connection) in connections where connection.session != nil && connection.paths[route] != nil {
            connection.refused(size, over: route, at: now)
            settleLater(slot)
        }
    }

    /// The services to register with. What is registered already stays so; what is not used any more is left.
    package func setServices(_ services: [RendezvousService], at now: Instant) {
        var known = clients
        clients.removeAll()
        for service in services {
            for address in service.addresses {
                let index = known.firstIndex {
                    $0.address == address && $0.service.key == service.key && $0.service.token == service.token
                }
                if let index {
                    clients.append(known.remove(at: index))
                    clients[clients.count - 1].service = service
                } else {
                    clientsMade += 1
                    let twins = service.scope == .everybody ? twins.keys : nil
                    clients.append(SignalingClient(clientsMade, service, at: address, twins: twins, now: now))
                }
            }
        }
        for index in known.indices {
            twins.ended(known[index].id)
            forgetPresence(by: known[index].id)
            known[index].unregister(at: now)
            for datagram in known[index].takeOutgoing() { transmit(datagram, to: Route(known[index].address)) }
        }
        reportedDown.formIntersection(services.map(\.id))
        forgetMeasurements()
        noteServiceAddresses()
        refreshClients(at: now)
        settleClients(at: now)
    }

    /// The place of a client; nil for one whose service is not used any more.
    func client(withID id: Int) -> Int? {
        clients.firstIndex { $0.id == id }
    }

    /// What is known of the NAT in front of the socket of a family.
    package func profile(_ family: IPAddress.Family) -> NATProfile? {
        environment.nat[family]
    }
}
