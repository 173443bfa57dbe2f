internal import PinholeWire

/// Measures how long a NAT keeps a mapping that nobody uses (RFC 5780 §4.6), on sockets that nothing else depends on.
///
/// ```
/// sacrificed socket ── request ─▶ service       a mapping is made
///        2.5 s later ── request ─▶ service       once more, as sessions do: Linux keeps what lives this long longer
///                     … `age` of silence …
///        main socket ── request, RESPONSE-PORT = the mapping ─▶ service ── answer ─▶ does it arrive?
///                     ── request ─▶ service ── answer ─▶ tells silence from a dead service
/// ```
///
/// A first cycle has five sockets of fixed ages, each further one three between the longest life and the earliest death
/// so far, which is two halvings at once.
struct LifetimeTest {
    private enum Question: Equatable {
        case exchange(SocketID)
        case life(SocketID)
        case control(SocketID)
    }

    private enum State {
        case making
        case young(until: Instant)
        case promoting
        case idle(port: UInt16, until: Instant)
        case asked(isServiceUp: Bool)
    }

    private struct Sacrifice {
        let socket: SocketID
        let age: Duration
        var state: State
    }

    private enum Step {
        case waiting(until: Instant)
        case running([Sacrifice])
        case done
    }

    private let service: TransportAddress
    private let observed: IPAddress
    private var step: Step
    private var inquiry: Inquiry<Question>
    /// The longest idle time that a mapping survived, and the shortest longer one that none did.
    private(set) var alive: Duration?
    private(set) var dead: Duration?
    /// The external port of the newest mapping.
    private(set) var lastPort: UInt16?

    /// `profile` says what is known already; what is `nil` there is measured from the beginning.
    init(
        service: TransportAddress, observed: IPAddress, knowing profile: NATProfile, roundTrip: Duration,
        at start: Instant
    ) {
        self.service = service
        self.observed = observed
        alive = profile.lifetime
        dead = profile.lifetimeLimit
        inquiry = Inquiry(roundTrip: roundTrip)
        step = Self.ages(alive: alive, dead: dead).isEmpty ? .done : .waiting(until: start)
    }

    /// The idle times worth trying; none when what is known is good enough.
    static func ages(alive: Duration?, dead: Duration?) -> [Duration] {
        let low = alive ?? .zero
        let fixed = Limits.mappingAges.filter { $0 > low && $0 < dead ?? .seconds(Int64.max) }
        guard fixed.isEmpty, let dead else { return fixed }
        guard dead - low > max(low / 8, .seconds(1)) else { return [] }
        return (1...3).map { low + (dead - low) * $0 / 4 }
    }

    var isDone: Bool { if case .done = step { true } else { false } }

    var nextTimeout: Instant? {
        switch step {
        case .done: return nil
        case .waiting(let until): return until
        case .running(let sacrifices):
            let own = sacrifices.compactMap { sacrifice -> Instant? in
                switch sacrifice.state {
                case .young(let until), .idle(_, let until): until
                case .making, .promoting, .asked: nil
                }
            }
            return (own + [inquiry.nextTimeout].compactMap { $0 }).min()
        }
    }

    mutating func takeOutgoing() -> [(STUNMessage, Route)] {
        inquiry.takeOutgoing()
    }

    mutating func handleTimeout(at now: Instant, _ environment: Environment) {
        switch step {
        case .done: return
        case .waiting(let until):
            if until <= now { beginCycle(at: now, environment) }
        case .running:
            // The mapping's socket must be silent while it is asked for: requests leave by the main one.
            update(environment) { sacrifice, test in
                switch sacrifice.state {
                case .young(let until) where until <= now:
                    sacrifice.state = .promoting
                    test.exchange(sacrifice.socket, at: now, environment)
                case .idle(let port, let until) where until <= now:
                    sacrifice.state = .asked(isServiceUp: false)
                    test.ask(for: port, of: sacrifice.socket, at: now, environment)
                case .making, .young, .promoting, .idle, .asked: break
                }
                return true
            }
        }
        for question in inquiry.handleTimeout(at: now) { silent(question, at: now, environment) }
    }

    /// Gives the sockets back, when the network is another.
    mutating func cancel(_ environment: Environment) {
        if case .running(let sacrifices) = step { environment.closeSockets(sacrifices.map(\.socket)) }
        inquiry.closeAll()
        step = .done
    }

    /// Goes over the sacrifices of the cycle; those for which `body` says false are done with.
    private mutating func update(
        _ environment: Environment, _ body: (inout Sacrifice, inout LifetimeTest) -> Bool
    ) {
        guard case .running(let sacrifices) = step else { return }
        var kept: [Sacrifice] = []
        for var sacrifice in sacrifices {
            if body(&sacrifice, &self) {
                kept.append(sacrifice)
            } else {
                environment.closeSockets([sacrifice.socket])
                inquiry.close(sacrifice.socket)
                inquiry.close(.life(sacrifice.socket))
                inquiry.close(.control(sacrifice.socket))
            }
        }
        step = .running(kept)
    }

    private mutating func beginCycle(at now: Instant, _ environment: Environment) {
        let ages = Self.ages(alive: alive, dead: dead)
        let sockets = environment.openSockets(ages.count, service.family)
        step = .running(zip(sockets, ages).map { Sacrifice(socket: $0, age: $1, state: .making) })
        for socket in sockets { exchange(socket, at: now, environment) }
    }

    private mutating func exchange(_ socket: SocketID, at now: Instant, _ environment: Environment) {
        inquiry.ask(.exchange(socket), .request(&environment.entropy), to: Route(service, via: socket), at: now)
    }

    private mutating func ask(
        for port: UInt16, of socket: SocketID, at now: Instant, _ environment: Environment
    ) {
        var request = STUNMessage.request(&environment.entropy)
        request.responsePort = port
        // A life that is taken for a death shortens what all sessions do, so this is asked more often.
        let attempts = 2 * Limits.measurementAttempts
        inquiry.ask(.life(socket), request, to: Route(service), attempts: attempts, at: now)
        inquiry.ask(.control(socket), .request(&environment.entropy), to: Route(service), attempts: attempts, at: now)
    }
}

// MARK: Answers

extension LifetimeTest {
    /// Returns whether the response was asked for.
    mutating func receive(
        _ response: STUNMessage, from source: Route, at now: Instant, _ environment: Environment
    ) -> Bool {
        guard let (question, route) = inquiry.question(in: response.transactionID), source.remote == service else {
            return false
        }
        switch question {
        case .exchange(let socket):
            guard source == route, let address = response.plausibleAddress else { return false }
            inquiry.close(question)
            exchanged(socket, address, at: now, environment)
        case .control(let socket):
            guard source == route, response.messageClass == .success else { return false }
            inquiry.close(question)
            update(environment) { sacrifice, _ in
                if sacrifice.socket == socket { sacrifice.state = .asked(isServiceUp: true) }
                return true
            }
        case .life(let socket):
            if source.socket == socket {
                guard response.messageClass == .success else { return false }
                conclude(socket, isAlive: true, at: now, environment)
            } else if source.socket == .main {
                // The service does not know RESPONSE-PORT: it refuses it, or it ignores it and answers the asker.
                cancel(environment)
            } else {
                return false
            }
        }
        return true
    }

    mutating func didOpen(_ socket: SocketID, port: UInt16?, at now: Instant, _ environment: Environment) {
        if port == nil { drop(socket, at: now, environment) }
    }

    private mutating func exchanged(
        _ socket: SocketID, _ address: TransportAddress, at now: Instant, _ environment: Environment
    ) {
        lastPort = address.port
        // Answers go to the asker's address: where mappings have different ones, nothing can be asked.
        guard address.ip == observed else { return drop(socket, at: now, environment) }
        update(environment) { sacrifice, _ in
            guard sacrifice.socket == socket else { return true }
            switch sacrifice.state {
            case .making: sacrifice.state = .young(until: now + Limits.firstKeepAlive)
            case .promoting: sacrifice.state = .idle(port: address.port, until: now + sacrifice.age)
            case .young, .idle, .asked: break
            }
            return true
        }
    }

    private mutating func silent(_ question: Question, at now: Instant, _ environment: Environment) {
        switch question {
        case .exchange(let socket): drop(socket, at: now, environment)
        case .control: break
        case .life(let socket):
            guard case .running(let sacrifices) = step, let sacrifice = sacrifices.first(where: { $0.socket == socket })
            else { return }
            if case .asked(isServiceUp: true) = sacrifice.state {
                conclude(socket, isAlive: false, at: now, environment)
            } else {
                drop(socket, at: now, environment)
            }
        }
    }

    /// A mapping of some age was found alive or dead, and what that says of the others is not asked any more.
    private mutating func conclude(_ socket: SocketID, isAlive: Bool, at now: Instant, _ environment: Environment) {
        guard case .running(let sacrifices) = step, let age = sacrifices.first(where: { $0.socket == socket })?.age
        else { return }
        if isAlive {
            alive = max(alive ?? .zero, age)
            // One that was missed may not outweigh one that arrived.
            if let dead, dead <= age { self.dead = nil }
        } else if age > alive ?? .zero {
            dead = min(dead ?? age, age)
        }
        update(environment) { sacrifice, _ in isAlive ? sacrifice.age > age : sacrifice.age < age }
        endCycle(at: now)
    }

    private mutating func drop(_ socket: SocketID, at now: Instant, _ environment: Environment) {
        update(environment) { sacrifice, _ in sacrifice.socket != socket }
        guard case .running(let rest) = step, rest.isEmpty else { return }
        // Nothing could be learned: not again before the next network.
        step = .done
    }

    private mutating func endCycle(at now: Instant) {
        guard case .running(let rest) = step, rest.isEmpty else { return }
        step = Self.ages(alive: alive, dead: dead).isEmpty ? .done : .waiting(until: now)
    }
}
