import Glibc
import Pinhole
import PinholeCore
import PinholeCrypto
import PinholeWire

/// Many peers in one process, each with an endpoint, a key and a socket of its own, who all know one node: the other side
/// of a node with thousands of sessions. They take what they are sent, and answer messages if they are told to.
///
/// Confined to the loop's thread.
final class Crowd: LoopDelegate {
    private let loop: DatagramLoop
    private let address: IPAddress
    private var members: [Endpoint] = []
    private var deadlines: [Instant?] = []
    private var answers: UInt64 = 0
    private var bytes: UInt64 = 0
    private var messages: UInt64 = 0
    /// Whether messages are sent back.
    var echoes = false
    /// Who has something to send, beside those whose time has come.
    private var touched: [Int] = []
    private var nextSweep = Instant(nanoseconds: 0)

    init(loop: DatagramLoop, address: IPAddress) {
        self.loop = loop
        self.address = address
    }

    /// Many peers' timers are looked at together.
    private static let sweepInterval: Duration = .milliseconds(10)

    /// `ADDRESS`; then on stdin `crowd COUNT KEY` to make as many members more.
    static func run(_ arguments: [String]) throws -> Never {
        guard let address = arguments.first.flatMap({ IPAddress($0) }) else { fail("crowd: no address") }
        let loop = try DatagramLoop(isLoopback: address.isLoopback)
        let crowd = Crowd(loop: loop, address: address)
        let bound = LoopBound(value: crowd)
        try loop.start(crowd)
        say("ready")
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            loop.perform { bound.value.carryOut(words, at: MonotonicClock.now) }
        }
        exit(0)
    }

    private func carryOut(_ words: [String], at now: Instant) {
        switch words.first {
        case "crowd": for _ in 0..<(Int(words[1]) ?? 0) { addMember(knowing: words[2], at: now) }
        case "echo": echoes = true
        case "mark": say(Mark.line([bytes, messages, 0, 0, 0, 0]))
        case _: fail("unknown: \(words)")
        }
    }

    private func addMember(knowing key: String, at now: Instant) {
        let id = SocketID(rawValue: SocketID.firstExtra.rawValue + UInt32(members.count))
        guard let port = loop.open([id], address.family)[0] else { fail("crowd: no socket more than \(members.count)") }
        let identity = IdentitySecret.generate()
        let member = Endpoint(
            identity: identity, allowsLoopback: address.isLoopback, entropy: Entropy(SystemRandomNumberGenerator()),
            unixMilliseconds: WallClock.unixMilliseconds, at: now)
        member.setLocal([LocalAddress(address, prefixLength: 24)], ports: [address.family: port], at: now)
        do {
            try member.add(IdentityKey(text: key), at: now)
        } catch {
            fail("crowd: \(error)")
        }
        members.append(member)
        deadlines.append(nil)
        say("member \(identity.publicKey.text) \(TransportAddress(address, port: port))")
    }
}

@available(*, unavailable)
extension Crowd: Sendable {}

// MARK: The loop

extension Crowd {
    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        let index = Int(source.socket.rawValue - SocketID.firstExtra.rawValue)
        guard members.indices.contains(index) else { return }
        members[index].receive(datagram, from: Route(source.remote), ecn: ecn, at: now)
        touched.append(index)
    }

    func refused(_ size: Int, over route: Route, at now: Instant) {
        let index = Int(route.socket.rawValue - SocketID.firstExtra.rawValue)
        guard members.indices.contains(index) else { return }
        members[index].refused(size, over: Route(route.remote), at: now)
        touched.append(index)
    }

    func addressesChanged(at now: Instant) {}

    func drain(at now: Instant) -> Instant? {
        for index in touched { drain(index, at: now) }
        touched.removeAll(keepingCapacity: true)
        if nextSweep <= now {
            nextSweep = now + Self.sweepInterval
            for (index, deadline) in deadlines.enumerated() where deadline.map({ $0 <= now }) ?? false {
                members[index].handleTimeout(at: now)
                drain(index, at: now)
            }
        }
        return nextSweep
    }

    private func drain(_ index: Int, at now: Instant) {
        let member = members[index]
        let socket = SocketID(rawValue: SocketID.firstExtra.rawValue + UInt32(index))
        while true {
            switch member.poll(at: now) {
            case .transmit(let datagram):
                loop.send(member.bytes(of: datagram), over: Route(datagram.route.remote, via: socket))
            case .openSockets(let ids, _): for id in ids { member.didOpen(id, port: nil, at: now) }
            case .event(let event): handle(event, of: member, at: now)
            case .beacon, .closeSockets: break
            case .idle(let deadline):
                deadlines[index] = deadline
                return
            }
        }
    }

    private func handle(_ event: Event, of member: Endpoint, at now: Instant) {
        switch event {
        case .message(let message, let key):
            messages += 1
            bytes += UInt64(message.body.count)
            member.stored(message.id, from: key, at: now)
            guard echoes else { return }
            answers += 1
            let id = MessageID(epoch: 1, counter: answers)
            member.send(ChatMessage(id: id, time: 0, body: message.body), to: key, at: now)
        case .fileOffered(let offer, let key):
            member.offerNoted(offer.transfer, from: key, at: now)
            member.accept(offer.transfer, .none, from: key, at: now)
        case .fileData(_, let data, _): bytes += UInt64(data.count)
        case .fileComplete(let transfer, let key): member.fileStored(transfer, from: key, at: now)
        case .disconnected(_, let reason): fail("a member's session ended: \(reason)")
        case .serviceUp, .serviceDown, .serviceNotice, .networkMeasured, .strategyWorked, .mappingVerified,
            .mappingUnreachable, .connecting, .connected, .pathChanged, .unreachable, .authenticated, .pong,
            .delivered, .fileAccepted, .sessionBegan, .filePostponed, .fileInquired, .fileWanted, .fileBegan, .fileDone,
            .fileRefused, .fileInterrupted, .messagesWait, .sent, .read, .typing, .presence, .twin, .introduced,
            .inviteAnswered, .streamOpened, .streamChanged:
            break
        }
    }
}
