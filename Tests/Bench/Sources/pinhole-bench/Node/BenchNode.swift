import Glibc
import Pinhole
import PinholeCore
import PinholeCrypto
import PinholeWire

/// A peer of a measurement: the real endpoint behind the real loop, and an application that keeps nothing. What it sends
/// comes from memory, what it receives is counted and forgotten.
///
/// Confined to the loop's thread.
final class BenchNode: LoopDelegate {
    let identity: IdentitySecret
    let endpoint: Endpoint
    private let loop: DatagramLoop
    private var peers: [IdentityKey] = []
    /// Those of them that were called.
    private var called = 0
    /// Calls that came to nothing, and were made again.
    private var repetitions = 0
    private var latestFailure: UnreachableReason?

    private var bytes: UInt64 = 0
    private var messages: UInt64 = 0
    private var sent: UInt64 = 0
    private var received: UInt64 = 0
    private var sentBytes: UInt64 = 0
    private var largest = 0

    private var connected = 0
    /// To say something once so many sessions are up.
    private var awaitedSessions: Int?

    /// Where the bytes of all files come from.
    private let piece = [UInt8](repeating: 0x5a, count: 64 * 1024)
    private var transfers: UInt64 = 0
    private var fileSize: UInt64 = 0
    private var filesDone = 0
    private var awaitedFiles: Int?

    var talk: Talk

    init(loop: DatagramLoop, address: IPAddress, isLoopback: Bool) {
        self.loop = loop
        identity = .generate()
        let now = MonotonicClock.now
        endpoint = Endpoint(
            identity: identity, allowsLoopback: isLoopback, entropy: Entropy(SystemRandomNumberGenerator()),
            unixMilliseconds: WallClock.unixMilliseconds, at: now)
        talk = Talk()
        endpoint.setInterfaceMTUs(Interfaces.mtus, at: now)
        endpoint.setLocal(
            [LocalAddress(address, prefixLength: 24)], ports: [.v4: loop.localPort(.v4) ?? 0], at: now)
    }

    func mark() -> String {
        Mark.line([bytes, messages, sent, received, sentBytes, UInt64(largest)])
    }
}

@available(*, unavailable)
extension BenchNode: Sendable {}

// MARK: The loop

extension BenchNode {
    func refused(_ size: Int, over route: Route, at now: Instant) {
        endpoint.refused(size, over: route, at: now)
    }

    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        received += 1
        endpoint.receive(datagram, from: source, ecn: ecn, at: now)
    }

    func addressesChanged(at now: Instant) {}

    func drain(at now: Instant) -> Instant? {
        let endpoint = endpoint
        endpoint.handleTimeout(at: now)
        while true {
            switch endpoint.poll(at: now) {
            case .transmit(let datagram):
                let run = endpoint.run(from: datagram)
                sent += UInt64(run.datagrams)
                sentBytes += UInt64(run.count)
                largest = max(largest, run.size)
                loop.send(endpoint.bytes(of: run), of: run.size, run.ecn, over: run.route)
            case .openSockets(let ids, let family):
                for (id, port) in zip(ids, loop.open(ids, family)) { endpoint.didOpen(id, port: port, at: now) }
            case .closeSockets(let ids): loop.close(ids)
            case .beacon: break
            case .event(let event): handle(event, at: now)
            case .idle(let deadline): return deadline
            }
        }
    }

    private func handle(_ event: Event, at now: Instant) {
        switch event {
        case .connected(_, let path):
            connected += 1
            callSome(at: now)
            if connected == awaitedSessions {
                say("connected \(path.connectTime.nanoseconds) \(path.rtt?.nanoseconds ?? 0)")
            }
        case .disconnected(_, let reason): fail("session ended: \(reason)")
        case .unreachable(let key, let reason):
            // Where thousands are called on a busy machine, one may have to be called again.
            repetitions += 1
            latestFailure = reason
            if repetitions > peers.count { fail("no session: \(reason)") }
            endpoint.connect(to: key, at: now)
        case .message(let message, let key):
            messages += 1
            bytes += UInt64(message.body.count)
            endpoint.stored(message.id, from: key, at: now)
            if let answer = talk.received(message) { endpoint.send(answer, to: key, at: now) }
        case .delivered(_, let key):
            if let next = talk.delivered() { endpoint.send(next, to: key, at: now) }
        case .fileOffered(let offer, let key):
            endpoint.offerNoted(offer.transfer, from: key, at: now)
            endpoint.accept(offer.transfer, .none, from: key, at: now)
        case .fileAccepted(let transfer, _, let key): endpoint.begin(transfer, group: 0, to: key, at: now)
        case .fileWanted(let transfer, let position, _, let key):
            let left = fileSize - position
            let bytes = left >= UInt64(piece.count) ? piece : Array(piece.prefix(Int(left)))
            endpoint.provide(bytes, for: transfer, isLast: left <= UInt64(piece.count), to: key, at: now)
        case .fileData(let transfer, let data, let key):
            bytes += UInt64(data.count)
            endpoint.fileWritten(data.count, of: transfer, from: key, at: now)
            endpoint.reuse(data, from: key)
        case .fileComplete(let transfer, let key): endpoint.fileStored(transfer, from: key, at: now)
        case .fileDone:
            filesDone += 1
            if filesDone == awaitedFiles { say("files-done \(monotonicNanoseconds())") }
        case .fileRefused(_, let reason, _): fail("file refused: \(reason)")
        case .serviceUp, .serviceDown, .serviceNotice, .networkMeasured, .strategyWorked, .mappingVerified,
            .mappingUnreachable, .connecting, .pathChanged, .authenticated, .pong, .sessionBegan, .filePostponed,
            .fileInquired, .fileBegan, .fileInterrupted, .messagesWait, .sent, .read, .typing, .presence, .twin,
            .introduced, .inviteAnswered, .streamOpened, .streamChanged:
            break
        }
    }
}

// MARK: What the bench asks for

extension BenchNode {
    func add(_ key: IdentityKey, _ addresses: [TransportAddress], at now: Instant) throws {
        try endpoint.add(key, directAddresses: addresses, at: now)
        peers.append(key)
    }

    /// Calls everybody who was not called yet; a bounded number at a time, as a person's contacts are.
    func connect(at now: Instant) {
        awaitedSessions = peers.count
        if connected == peers.count { say("connected 0 0") }
        callSome(at: now)
    }

    private func callSome(at now: Instant) {
        while called < peers.count, called - connected < Self.callsAtOnce {
            endpoint.connect(to: peers[called], at: now)
            called += 1
        }
    }

    private static let callsAtOnce = 32

    /// How far calling has come, in words.
    var progress: String {
        let failures = latestFailure.map { ", \(repetitions) calls failed, the last by \($0)" } ?? ""
        return "\(connected) of \(peers.count) sessions came up\(failures)"
    }

    func awaitSessions(_ count: Int) {
        awaitedSessions = count
        if connected >= count { say("connected 0 0") }
    }

    /// Offers `count` files of `size` bytes each to the first peer.
    func sendFiles(_ count: Int, size: UInt64, at now: Instant) {
        awaitedFiles = filesDone + count
        fileSize = size
        for _ in 0..<count {
            transfers += 1
            let offer = FileOffer(
                transfer: transfers, salt: [UInt8](repeating: 0, count: 32), contentSize: size, totalSize: size,
                name: "file")
            endpoint.offer(offer, to: peers[0], at: now)
        }
    }

    /// Messages to the first peer, as `talk` wants them.
    func send(_ messages: [ChatMessage], at now: Instant) {
        for message in messages { endpoint.send(message, to: peers[0], at: now) }
    }

    /// Messages to everybody, so many of them unconfirmed at a time to each.
    func spread(_ size: Int, window: Int, at now: Instant) {
        talk.begin(.flood(size: size))
        tellAll(size, count: window, at: now)
    }

    /// So many messages to everybody.
    func tellAll(_ size: Int, count: Int, at now: Instant) {
        for peer in peers {
            for _ in 0..<count { endpoint.send(talk.message(of: size), to: peer, at: now) }
        }
    }
}
