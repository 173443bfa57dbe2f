import PinholeCore
import PinholeWire

// What the gateway answers.

extension PortMapper {
    /// A datagram from the gateway's PCP port, or one that it multicast.
    mutating func receivePCP(_ datagram: Span<UInt8>, at now: Instant) {
        let response: PCPResponse
        do throws(WireError) {
            response = try PCPResponse(datagram)
        } catch .unknownType {
            // It speaks NAT-PMP, or a version to come.
            guard exchange != nil else { return }
            exchange = nil
            return fail(.pcp, at: now)
        } catch {
            return
        }
        switch response.body {
        case .announce:
            note(response.epoch, .pcp, at: now)
        case .map(let map):
            guard let request = exchange?.request, map.nonce == request.nonce, map.protocolNumber == PCP.udp,
                map.internalPort == request.internalPort
            else { return }
            guard request.lifetime > 0 || response.result != 0 || response.lifetime == 0 else {
                // What was asked for before the end came.
                return
            }
            exchange = nil
            guard request.lifetime > 0 else { return confirmEnd(of: .pcp) }
            let isReset = epochs[.pcp, default: GatewayEpoch()].isReset(response.epoch, at: now)
            guard response.result == 0 else { return fail(.pcp, at: now) }
            grant(
                .pcp, map.externalPort, lifetime: response.lifetime, isReset: isReset, farewell: pcpFarewell, at: now)
        }
    }

    /// What became of a NAT-PMP request; every request gets one answer.
    mutating func receive(_ answer: NATPMPAnswer, to request: NATPMPRequest, at now: Instant) {
        switch (request, answer) {
        case (.externalAddress, .externalAddress(let epoch)):
            standings[.natPMP] = .offered
            note(epoch, .natPMP, at: now)
            choose(at: now)
        case (.map(_, lifetime: 0), _):
            confirmEnd(of: .natPMP)
        case (.map, .mapped(let mapped)):
            let isReset = epochs[.natPMP, default: GatewayEpoch()].isReset(mapped.epoch, at: now)
            guard mapped.internalPort == internalPort else {
                // It leads to somebody else's port.
                requests.append(Self.natPMPFarewell)
                return fail(.natPMP, at: now)
            }
            grant(
                .natPMP, mapped.externalPort, lifetime: mapped.lifetime, isReset: isReset,
                farewell: Self.natPMPFarewell, at: now)
        case (_, .failed), (.externalAddress, .mapped), (.map, .externalAddress):
            fail(.natPMP, at: now)
        }
    }

    /// What became of a UPnP operation; every one gets one answer.
    mutating func receive(_ answer: IGDAnswer, to request: IGDRequest, at now: Instant) {
        switch (request, answer) {
        case (.find, .found(let service)):
            self.service = service
            standings[.upnp] = .offered
            choose(at: now)
        case (.remove, _):
            confirmEnd(of: .upnp)
        case (.add(let service, let port, _), .added(let entry)):
            guard entry.client ?? client == client, entry.internalPort ?? internalPort == internalPort else {
                return disappoint(.upnp, at: now)
            }
            // 0 is for ever: what lives as long is asked for again as if it did not.
            let lifetime = entry.lease == 0 ? Limits.mappingLifetime : entry.lease
            grant(
                .upnp, port, lifetime: lifetime, isReset: false,
                farewell: .upnp(.remove(service, externalPort: port)), at: now)
        case (.add, .failed(let code)) where code > 0:
            // A mapping that was refused is another's, unless it was ours before.
            let isConflict = code == IGDAnswer.conflict
            if isConflict || lease?.method != .upnp { farewells[.upnp] = nil }
            isConflict ? disappoint(.upnp, at: now) : fail(.upnp, at: now)
        case (_, .failed), (.find, _), (.add, _):
            fail(.upnp, at: now)
        }
    }

    /// What the gateway multicast: its clock, in the form of PCP or of NAT-PMP.
    mutating func receiveAnnouncement(_ datagram: Span<UInt8>, at now: Instant) {
        if let response = try? PCPResponse(datagram) {
            note(response.epoch, .pcp, at: now)
        } else if let epoch = try? Self.natPMPEpoch(datagram) {
            note(epoch, .natPMP, at: now)
        }
    }

    /// RFC 6886 §3.2: version 0, operation 128, a result of 0, the epoch, the external address.
    private static func natPMPEpoch(_ datagram: Span<UInt8>) throws(WireError) -> UInt32 {
        var reader = ByteReader(datagram)
        guard try reader.u32() == 0x0080_0000, datagram.count == 12 else { throw .malformed }
        return try reader.u32()
    }

    /// The gateway's clock, said without a mapping: after it began anew ours is gone.
    private mutating func note(_ epoch: UInt32, _ method: PortMappingMethod, at now: Instant) {
        guard epochs[method, default: GatewayEpoch()].isReset(epoch, at: now) else { return }
        // Whoever says so again and again, in the gateway's name or as the gateway, does not keep us busy.
        guard lastReset.map({ now - $0 >= Limits.gatewayResetPause }) ?? true else { return }
        lastReset = now
        switch state {
        case .mapped(let lease), .renewing(let lease):
            // Its table is one, whoever of its services says that it is empty.
            generation += 1
            request(lease.method, suggesting: lease.externalPort, at: now)
        case .resting: search(at: now)
        case .searching, .requesting, .closed: break
        }
    }
}
