import PinholeCore
import PinholeWire
import TestSupport

@testable import Pinhole

/// A gateway in virtual time, as good or as bad as a test wants it, and a mapper that asks it.
struct ScriptedGateway {
    /// What a method does with a request.
    enum Manner {
        case silent, refuses, grants
        /// With the lifetime of `lease`.
        case grantsNothing
        /// It maps another port than it was asked to.
        case mapsElsewhere
        case garbage
    }

    var pcp = Manner.silent
    var natPMP = Manner.silent
    var upnp = Manner.silent
    /// What each answer takes.
    var delays: [PortMappingMethod: Duration] = [
        .pcp: .milliseconds(2), .natPMP: .milliseconds(3), .upnp: .milliseconds(400),
    ]
    var lease: UInt32 = 7200
    /// Whether the outside reaches the port of a mapping; asked 50 ms after it was given.
    var isReached: (PortMappingMethod, UInt16) -> Bool = { _, _ in true }
    var externalPort: UInt16?
    private(set) var began: Instant
    /// The table: what is forwarded, by whom it was asked for.
    private(set) var table: [PortMappingMethod: UInt16] = [:]
    private(set) var log: [String] = []

    private(set) var mapper: PortMapper
    private(set) var now: Instant
    private var events: [(at: Instant, event: Event)] = []
    private var verified: [Int] = []

    private enum Event {
        case pcp([UInt8])
        case natPMP(NATPMPAnswer, NATPMPRequest)
        case upnp(IGDAnswer, IGDRequest)
        case verdict(UInt16, Bool)
        case announcement([UInt8])
    }

    static let client = IPAddress("192.168.1.10")!
    static let service = IGDService(controlURL: "http://192.168.1.1:5000/ctl", serviceType: "urn:x")

    init(seed: UInt64 = 1, client: IPAddress = client) {
        now = Instant(nanoseconds: 1_000_000_000)
        began = now - .seconds(1000)
        mapper = PortMapper(client: client, internalPort: 40_000, entropy: Entropy(SeededRandom(seed: seed)), at: now)
    }

    var epoch: UInt32 { UInt32((now - began).nanoseconds / 1_000_000_000) }

    /// It forgets everything, and says so if it is one that does.
    mutating func reboot(announcing: Bool) {
        began = now
        table = [:]
        guard announcing else { return }
        events.append((now + .milliseconds(1), .announcement([0, 128, 0, 0, 0, 0, 0, 0, 203, 0, 113, 10])))
    }

    mutating func announce(_ datagram: [UInt8]) {
        mapper.receiveAnnouncement(datagram.span, at: now)
    }

    mutating func verify(_ port: UInt16, _ isReachable: Bool) {
        mapper.verify(port, isReachable: isReachable, at: now)
    }

    mutating func close() {
        mapper.close(at: now)
        settle()
    }

    /// Lets time pass until `condition` holds; returns whether it did within `limit`, and after how long.
    @discardableResult
    mutating func run(for limit: Duration, until condition: (ScriptedGateway) -> Bool = { _ in false }) -> Duration? {
        let begin = now
        let end = now + limit
        settle()
        while !condition(self) {
            guard let next = ([mapper.nextTimeout] + events.map(\.at)).compactMap({ $0 }).min(), next <= end else {
                now = end
                return nil
            }
            now = max(now, next)
            let due = events.filter { $0.at <= now }
            events.removeAll { $0.at <= now }
            for (_, event) in due { deliver(event) }
            mapper.handleTimeout(at: now)
            settle()
        }
        return now - begin
    }

    private mutating func deliver(_ event: Event) {
        switch event {
        case .pcp(let datagram): mapper.receivePCP(datagram.span, at: now)
        case .natPMP(let answer, let request): mapper.receive(answer, to: request, at: now)
        case .upnp(let answer, let request): mapper.receive(answer, to: request, at: now)
        case .verdict(let port, let isReachable): mapper.verify(port, isReachable: isReachable, at: now)
        case .announcement(let datagram): mapper.receiveAnnouncement(datagram.span, at: now)
        }
    }

    private mutating func settle() {
        for request in mapper.takeRequests() { take(request) }
        if let lease = mapper.lease, !verified.contains(mapper.generation) {
            verified.append(mapper.generation)
            let isReached = isReached(lease.method, lease.externalPort)
            events.append((now + .milliseconds(50), .verdict(lease.externalPort, isReached)))
        }
    }

    private mutating func take(_ request: PortMapper.Request) {
        switch request {
        case .pcp(let datagram): takePCP(datagram)
        case .natPMP(let request): takeNATPMP(request)
        case .upnp(let request): takeUPnP(request)
        }
    }

    private func port(_ suggested: UInt16) -> UInt16 { externalPort ?? (suggested == 0 ? 50_000 : suggested) }

    private mutating func takePCP(_ request: [UInt8]) {
        let lifetime = request[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let suggested = request[42..<44].reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        log.append(lifetime == 0 ? "pcp remove" : "pcp map \(suggested)")
        var answer = request
        answer[1] |= 0x80
        answer.replaceSubrange(4..<8, with: (lifetime == 0 ? 0 : lease).networkBytes)
        answer.replaceSubrange(8..<12, with: epoch.networkBytes)
        answer.replaceSubrange(12..<24, with: repeatElement(0, count: 12))
        switch pcp {
        case .silent: return
        case .refuses:
            answer[3] = 2
        case .garbage:
            answer = Array(answer.prefix(31))
        case .grantsNothing:
            answer.replaceSubrange(4..<8, with: UInt32(0).networkBytes)
        case .mapsElsewhere:
            answer[40] ^= 1
        case .grants where lifetime == 0:
            table[.pcp] = nil
        case .grants:
            table[.pcp] = port(suggested)
            answer.replaceSubrange(42..<44, with: port(suggested).networkBytes)
        }
        events.append((now + delays[.pcp]!, .pcp(answer)))
    }

    private mutating func takeNATPMP(_ request: NATPMPRequest) {
        switch request {
        case .externalAddress: log.append("nat-pmp address")
        case .map(_, lifetime: 0): log.append("nat-pmp remove")
        case .map(let port, _): log.append("nat-pmp map \(port)")
        }
        var answer = NATPMPAnswer.failed(-51)
        var delay = delays[.natPMP]!
        switch (natPMP, request) {
        case (.silent, _), (.garbage, _):
            (answer, delay) = (.failed(-100), Limits.gatewayPatience)
        case (.refuses, _):
            break
        case (_, .externalAddress):
            answer = .externalAddress(epoch: epoch)
        case (_, .map(_, lifetime: 0)):
            table[.natPMP] = nil
            answer = .mapped(NATPMPAnswer.Mapped(internalPort: 40_000, externalPort: 0, lifetime: 0, epoch: epoch))
        case (let manner, .map(let suggested, _)):
            let lifetime = if case .grantsNothing = manner { UInt32(0) } else { lease }
            let inside: UInt16 = if case .mapsElsewhere = manner { 22 } else { 40_000 }
            table[.natPMP] = port(suggested)
            answer = .mapped(
                NATPMPAnswer.Mapped(
                    internalPort: inside, externalPort: port(suggested), lifetime: lifetime, epoch: epoch))
        }
        events.append((now + delay, .natPMP(answer, request)))
    }

    private mutating func takeUPnP(_ request: IGDRequest) {
        switch request {
        case .find: log.append("upnp find")
        case .add(_, let port, _): log.append("upnp add \(port)")
        case .remove(_, let port): log.append("upnp remove \(port)")
        }
        var answer = IGDAnswer.failed(IGDAnswer.silence)
        var delay = delays[.upnp]!
        switch (upnp, request) {
        case (.silent, _), (.garbage, _): delay = Limits.gatewayPatience
        case (_, .find): answer = .found(Self.service)
        case (_, .remove):
            table[.upnp] = nil
            answer = .removed
        case (.refuses, _): answer = .failed(IGDAnswer.conflict)
        case (let manner, .add(_, let port, _)):
            table[.upnp] = port
            let client = if case .mapsElsewhere = manner { IPAddress("192.168.1.11") } else { IPAddress?(Self.client) }
            answer = .added(IGDAnswer.Entry(lease: lease, client: client, internalPort: 40_000))
        }
        events.append((now + delay, .upnp(answer, request)))
    }
}

extension FixedWidthInteger {
    fileprivate var networkBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
