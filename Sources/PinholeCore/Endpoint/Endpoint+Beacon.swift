internal import PinholeCrypto
package import PinholeWire

// Finding contacts on the local network, without a service: beacons out, beacons in.

extension Endpoint {
    /// The addresses that beacons leave from, at most one of each family and local network; without any, nothing is said
    /// and nothing heard. Link-local addresses count here.
    package func setBeaconSources(_ sources: [LocalAddress], at now: Instant) {
        beacons.setSources(sources, at: now)
        environment.beaconSources = sources
    }

    /// What is sent to every network that this peer is on, if it is time.
    func sendBeacons(at now: Instant) {
        guard beacons.takeRound(at: now, &environment.entropy) else { return }
        pruneNeighbours(at: now)
        guard !connections.isEmpty else { return }
        let slots = connections.keys.sorted()
        let round = beacons.takeContacts(slots.count).map { slots[$0] }
        for source in beacons.sources {
            guard let port = environment.localPorts[source.ip.family] else { continue }
            let address = TransportAddress(source.ip.inZone(0), port: port)
            // One entry of each beacon is for other nodes of this identity.
            let room = Limits.beaconEntries - 1
            for start in stride(from: 0, to: round.count, by: room) {
                let group = round[start..<min(start + room, round.count)]
                beacons.send(beacon(to: group, from: address, at: now), from: source.ip)
            }
        }
    }

    private func beacon(to slots: ArraySlice<Int>, from address: TransportAddress, at now: Instant) -> Beacon {
        var nonce = ByteWriter(capacity: Beacon.nonceSize)
        for _ in 0..<Beacon.nonceSize / 8 { nonce.u64(environment.entropy.next()) }
        let twin = BeaconKey(twins.keys, epoch: environment.beaconEpoch(at: now))
        var entries = [twin.entry([], nonce: nonce.bytes, from: address)]
        for slot in slots {
            guard let connection = connections[slot] else { continue }
            let key = connection.beaconKeys.own(connection.pair, environment.beaconEpoch(at: now))
            entries.append(key.entry(connection.isCalling ? .calling : [], nonce: nonce.bytes, from: address))
        }
        while entries.count < Beacon.paddedCount(slots.count + 1) { entries.append(environment.entropy.next()) }
        environment.entropy.shuffle(&entries)
        return Beacon(nonce: nonce.bytes, entries: entries)
    }

    /// A beacon of somebody near: of a contact, if one of its entries is for us.
    func receiveBeacon(_ datagram: Span<UInt8>, from source: Route, at now: Instant) {
        guard source.socket == .beacon, !beacons.sources.isEmpty, let beacon = try? Beacon(datagram) else {
            return environment.drops.count(.malformed)
        }
        let sender = source.remote
        // One's own comes back where several listen on one machine.
        guard !environment.isSource(sender) else { return }
        guard environment.mayBeNeighbour(sender) else { return environment.drops.count(.notForUs) }
        guard !beacons.load.isOverloaded(by: sender, at: now) else { return environment.drops.count(.rateLimited) }
        let entries = BeaconEntries(beacon)
        let said = TransportAddress(sender.ip.inZone(0), port: sender.port)
        let epoch = environment.beaconEpoch(at: now)
        if let (slot, flags) = contact(in: entries, from: said, epoch) {
            connections[slot]?.heardBeacon(from: sender, isCalling: flags.contains(.calling), at: now)
            return settleLater(slot)
        }
        let isTwin = [epoch, epoch &- 1, epoch &+ 1].contains {
            BeaconKey(twins.keys, epoch: $0).flags(in: entries, from: said) != nil
        }
        if isTwin { heardTwin(from: said, at: now) } else { environment.drops.count(.notForUs) }
    }

    /// The contact for whom one of the entries is. Most clocks are right: the present epoch is tried with all contacts
    /// before the others are.
    private func contact(
        in entries: BeaconEntries, from sender: TransportAddress, _ epoch: UInt32
    ) -> (slot: Int, flags: BeaconFlags)? {
        var trials = 0
        defer { beacons.spend(trials) }
        for position in 0..<BeaconKeys.epochs {
            for (slot, connection) in connections {
                trials += 1
                let key = connection.beaconKeys.peer(connection.pair, epoch)[position]
                if let flags = key.flags(in: entries, from: sender) { return (slot, flags) }
            }
        }
        return nil
    }
}

extension Environment {
    /// Hours since 1970, by this peer's clock.
    fileprivate func beaconEpoch(at now: Instant) -> UInt32 {
        UInt32(truncatingIfNeeded: unixMilliseconds(at: now) / 1000 / Limits.beaconEpoch)
    }

    fileprivate func isSource(_ address: TransportAddress) -> Bool {
        localPorts[address.family] == address.port
            && (beaconSources + localAddresses).contains { $0.ip == address.ip }
    }

    /// Whether a beacon from here can be one: it comes from a host on a network of ours, which answers may go to.
    fileprivate func mayBeNeighbour(_ address: TransportAddress) -> Bool {
        let ip = address.ip
        return address.port != 0 && !ip.isUnspecified && !ip.isMulticast && !ip.isReserved
            && (allowsLoopback || !ip.isLoopback) && !isService(address)
            && !localAddresses.contains { $0.isBroadcast(ip) }
            && isNeighbour(ip)
    }
}
