internal import PinholeCrypto
internal import PinholeWire

// The services: what connections ask of them, and what they say.

extension Endpoint {
    func handle(_ request: Connection.ServiceRequest, of slot: Int, _ connection: Connection, at now: Instant) {
        switch request {
        case .connect(let blob):
            for index in clients.indices where clients[index].service.scope.includes(connection.peer) {
                clients[index].connect(connection.pair, blob: blob, at: now)
            }
        case .answer(let tag, let id, let blob):
            guard let index = client(withID: id) else { return }
            clients[index].answer(tag, connection.pair, blob: blob)
        case .watch(let isWatched):
            guard watched.contains(slot) != isWatched else { return }
            if isWatched { watched.insert(slot) } else { watched.remove(slot) }
            arePairsStale = true
        }
    }

    func handle(_ event: SignalingClient.Event, of index: Int, at now: Instant) {
        let service = clients[index].service.id
        settleClients(at: now)
        switch event {
        case .up(let registered, let rtt):
            reportedDown.remove(service)
            noteServiceAddresses(registered, of: index)
            tell(.serviceUp(service, observed: registered.observed, rtt: rtt))
            measure(index, registered, at: now)
            verifyMapping(registered.observed.family, at: now)
            if clients[index].twins != nil { twins.began(clients[index].id, at: now, &environment.entropy) }
            for (slot, connection) in connections where clients[index].service.scope.includes(connection.peer) {
                connection.serviceChanged(at: now)
                settleLater(slot)
            }
        case .observedChanged(let registered):
            noteServiceAddresses(registered, of: index)
            let scope = clients[index].service.scope
            for (slot, connection) in connections where connection.session != nil && scope.includes(connection.peer) {
                connection.heardOfChange(at: now)
                settleLater(slot)
            }
            tell(.serviceUp(service, observed: registered.observed, rtt: clients[index].roundTripTime ?? .zero))
            measure(index, registered, at: now)
            verifyMapping(registered.observed.family, at: now)
        case .confirmed(let registered):
            noteServiceAddresses(registered, of: index)
            measure(index, registered, at: now)
        case .down(let failure):
            twins.ended(clients[index].id)
            forgetPresence(by: clients[index].id, mayReturn: true)
            let isStillUp = clients.contains { $0.service.id == service && $0.isRegistered }
            let isPending = clients.contains { $0.service.id == service && !$0.hasFailed }
            guard !isStillUp, failure != .noAnswer || !isPending, reportedDown.insert(service).inserted else { return }
            tell(.serviceDown(service, failure))
        case .peer(let tag, let observed, let blob) where isTwinTag(tag, at: index):
            receiveTwin(tag, observed: observed, blob: blob, at: index, now: now)
        case .peer(let tag, let observed, let blob):
            guard let slot = slot(of: tag, at: index) else { return }
            note(slot, isThere: true, by: clients[index].id)
            connections[slot]?.receivePeer(tag, observed: observed, blob: blob, client: clients[index].id, at: now)
            settleLater(slot)
        case .absent(let tag) where isTwinTag(tag, at: index):
            twins.absent(at: clients[index].id, at: now)
        case .absent(let tag):
            guard let slot = slot(of: tag, at: index) else { return }
            note(slot, isThere: false, by: clients[index].id)
            connections[slot]?.receiveAbsent(client: clients[index].id, at: now)
            settleLater(slot)
        case .vanished(let tag):
            // Of yesterday's tag this says nothing.
            guard let slot = slot(of: tag, at: index), let pair = connections[slot]?.pair,
                clients[index].day(at: now).map(pair.tag) == tag
            else { return }
            note(slot, isThere: false, by: clients[index].id)
            settleLater(slot)
        case .appeared(let tag):
            guard let slot = slot(of: tag, at: index) else { return }
            note(slot, isThere: true, by: clients[index].id)
            connections[slot]?.heardOfChange(at: now)
            settleLater(slot)
        case .notice(let text):
            tell(.serviceNotice(service, text))
        }
    }

    private func noteServiceAddresses(_ registered: SignalingReply.Registered, of index: Int) {
        clients[index].noteAddresses(in: registered)
        noteServiceAddresses()
    }

    /// Notes where the services are that are used now, so that nothing is sent there for a contact's sake: with an answer
    /// from a port that was written to, a measurement would be wrong.
    func noteServiceAddresses() {
        environment.serviceScopes.removeAll()
        for client in clients {
            let second = client.secondAddress.flatMap {
                environment.believes(second: $0, of: client.address) ? $0 : nil
            }
            for address in [client.address, second].compactMap(\.self) {
                let ports = [address.port, client.address.port] + client.alternatePorts
                for port in ports {
                    environment.serviceScopes[TransportAddress(address.ip, port: port), default: []]
                        .insert(client.service.scope)
                }
            }
        }
    }

    /// The connection that a tag means, if the service was told of it: one that a contact brought along speaks for that
    /// contact alone.
    private func slot(of tag: RendezvousTag, at index: Int) -> Int? {
        tags[tag].flatMap { slot in
            connections[slot].flatMap { clients[index].service.scope.includes($0.peer) ? slot : nil }
        }
    }
}
