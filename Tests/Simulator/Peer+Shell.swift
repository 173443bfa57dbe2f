import PinholeCore
import PinholeCrypto
package import PinholeWire

/// What carries out what the endpoint asks for, and answers its events as an application does.
extension Peer {
    package func receive(
        _ bytes: [UInt8], _ ecn: ECNCodepoint = .notECT, from source: TransportAddress, by socket: SocketID = .main
    ) {
        guard isRunning else { return }
        endpoint.receive(bytes.span, from: Route(source, via: socket), ecn: ecn, at: world.now)
        drain()
    }

    package func socket(on port: UInt16, _ family: IPAddress.Family) -> SocketID? {
        if interfaces.contains(where: { $0.address.family == family && $0.address.port == port }) { return .main }
        return extraSockets[Bound(family: family, port: port)]
    }

    /// Each socket gets a port of its own, as from a kernel.
    private func open(_ id: SocketID, _ family: IPAddress.Family) {
        guard interfaces.contains(where: { $0.address.family == family }) else {
            return endpoint.didOpen(id, port: nil, at: world.now)
        }
        var port: UInt16
        repeat {
            port = .random(in: 32_768...60_999, using: &world.random)
        } while socket(on: port, family) != nil
        extraSockets[Bound(family: family, port: port)] = id
        extraPorts[id] = Bound(family: family, port: port)
        endpoint.didOpen(id, port: port, at: world.now)
    }

    private func close(_ id: SocketID) {
        if let bound = extraPorts.removeValue(forKey: id) { extraSockets[bound] = nil }
    }

    private func transmit(_ datagram: [UInt8], _ ecn: ECNCodepoint, _ route: Route) {
        let family = route.remote.family
        guard let interface = interfaces.first(where: { $0.address.family == family }) else { return }
        guard let port = route.socket == .main ? interface.address.port : extraPorts[route.socket]?.port else { return }
        sentCount += 1
        world.send(
            datagram, ecn, from: TransportAddress(interface.address.ip, port: port), at: interface.nat, to: route.remote
        )
    }

    private func sendBeacon(_ datagram: [UInt8], from ip: IPAddress) {
        guard let interface = interfaces.first(where: { $0.address.ip == ip }) else { return }
        sentCount += 1
        world.send(datagram, from: interface.address, at: interface.nat, to: Beacon.group(ip.family))
    }

    /// Does what is due now, whatever was announced.
    package func wakeNow() {
        endpoint.handleTimeout(at: world.now)
        drain()
    }

    package func wake() {
        guard let wakeTime, wakeTime <= world.now else { return }
        endpoint.handleTimeout(at: world.now)
        drain()
    }

    package func drain() {
        guard isRunning else { return }
        var turn = 0
        while true {
            let endpoint = endpoint
            switch endpoint.poll(at: world.now) {
            case .openSockets(let ids, let family):
                for id in ids { open(id, family) }
            case .closeSockets(let ids):
                for id in ids { close(id) }
            case .transmit(let datagram):
                turn += datagram.count
                transmit([UInt8](copying: endpoint.bytes(of: datagram)), datagram.ecn, datagram.route)
            case .beacon(let datagram, let ip):
                sendBeacon(datagram, from: ip)
            case .event(let event):
                events.append(event)
                if world.trace != nil { world.note("\(address.ip): \(event)") }
                handle(event)
            case .idle(let deadline):
                wakeTime = deadline
                longestTurn = max(longestTurn, turn)
                return
            }
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .message(let message, let from):
            guard hasRoom else { return endpoint.storingFailed(from: from, at: world.now) }
            // The endpoint remembers only the newest epochs; the disk knows them all.
            if message.id.counter > disk.highestStored[message.id.epoch] ?? 0 {
                disk.texts.append(String(decoding: message.body, as: UTF8.self))
                disk.highestStored[message.id.epoch] = message.id.counter
                disk.state.highestStored[message.id.epoch] = message.id.counter
            }
            endpoint.stored(message.id, from: from, at: world.now)
        case .messagesWait(let ids, let key):
            let released = ids.filter(mayGo)
            for id in ids where !released.contains(id) { endpoint.cancel(id, to: key, at: world.now) }
            endpoint.release(released, to: key, at: world.now)
        case .delivered(let id, _):
            disk.confirm(id)
        case .read(let id, _):
            reads.append(id)
        case .authenticated(let key, let timestamp):
            disk.state.authenticatedTimestamp = timestamp
            disk.state.ownTimestamp = endpoint.ownTimestamp(for: key) ?? 0
        case .fileOffered(let offer, let from):
            offers[offer.transfer] = offer
            if notesFiles { endpoint.offerNoted(offer.transfer, from: from, at: world.now) }
            guard answersOffers else { return }
            if let offset = decide(offer) {
                disk.received[offer.transfer] = Array(disk.received[offer.transfer, default: []].prefix(Int(offset)))
                let holdings = FileHoldings(groups: offset, digest: offer.salt)
                endpoint.accept(offer.transfer, holdings, from: from, at: world.now)
            } else {
                endpoint.refuse(offer.transfer, .declined, with: from, at: world.now)
            }
        case .fileAccepted(let transfer, let holdings, let by):
            starts[transfer] = Int(holdings.groups)
            endpoint.begin(transfer, group: holdings.groups, to: by, at: world.now)
        case .fileWanted(let transfer, let position, let count, let to):
            guard let content = files[transfer] else { return }
            let start = starts[transfer, default: 0] + Int(position)
            let end = min(content.count, start + min(count, 64 * 1024))
            endpoint.provide(
                Array(content[start..<end]), for: transfer, isLast: end == content.count, to: to, at: world.now)
        case .fileBegan(let transfer, let group, _):
            disk.received[transfer] = Array(disk.received[transfer, default: []].prefix(Int(group)))
        case .fileData(let transfer, let bytes, let from):
            if isWriting { endpoint.fileWritten(bytes.count, of: transfer, from: from, at: world.now) }
            disk.received[transfer, default: []] += bytes
        case .fileComplete(let transfer, let from):
            guard let offer = offers[transfer], let content = disk.received[transfer] else { return }
            guard Blake2b.hash(content) == offer.salt else {
                return endpoint.refuse(transfer, .corrupt, with: from, at: world.now)
            }
            disk.stored[offer.name] = content
            endpoint.fileStored(transfer, from: from, at: world.now)
        case .fileDone(let transfer, _):
            disk.sentFiles.append(transfer)
            disk.openFiles[transfer] = nil
        case .fileRefused(let transfer, _, let from):
            disk.openFiles[transfer] = nil
            if notesFiles { endpoint.refusalNoted(from: from, at: world.now) }
        case .mappingUnreachable(_, let family):
            mapPort(family)
        case .streamOpened(let handle, let name, let from):
            guard takesStreams else { return endpoint.closeStream(handle, of: from, code: 1, at: world.now) }
            streams[handle] = ByteStreamLog(name: String(decoding: name, as: UTF8.self))
            guard !leavesStreams else { return }
            endpoint.answerStream(handle, of: from, at: world.now)
            readStream(handle, of: from)
        case .streamChanged(let handle, let from):
            writeStream(handle, of: from)
            readStream(handle, of: from)
        case .serviceUp, .serviceDown, .serviceNotice, .networkMeasured, .strategyWorked, .mappingVerified,
            .connecting, .connected, .pathChanged, .disconnected, .unreachable, .pong, .sent, .typing, .presence, .twin,
            .filePostponed, .fileInterrupted, .fileInquired, .sessionBegan, .introduced, .inviteAnswered:
            break
        }
    }
}
