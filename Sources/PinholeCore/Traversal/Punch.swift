internal import PinholeWire

/// How far the ladder of one attempt has come: what both sides said, what is being tried, and what was given up.
///
/// ```
///                                       plan of both profiles
/// both introductions are known ──▶ candidates ──1 s without a session──▶ a fresh socket, the sides in turn
///                              ├─▶ running ──all sent──▶ resting ──nothing came──▶ spent, or the next prediction
///                              └─▶ infeasible ──1 s──▶ the attempt fails
/// ```
struct Punch {
    /// What the peer's newest introduction of this attempt says.
    private(set) var peer: Introduction?
    /// The HELLO that it came with.
    private var hello: ConnectionID?
    /// Since when both introductions are known.
    var began: Instant?
    /// What ours said last.
    var told: Introduction?
    var retell: Retell?
    /// The service and tag by which the peer called, if it did.
    var caller: (tag: RendezvousTag, client: Int)?
    var progress = Progress.idle
    var prediction = Prediction.none
    var fresh: FreshSocket?
    /// Mappings that were made so far.
    var mappings = 0
    /// When to look again at what the world was not ready for.
    var review: Instant?
    /// When all that was due was looked at last. What could not be done then waits for something to happen.
    var advanced: Instant?

    /// Blobs may be lost, and what they say is waited for.
    struct Retell {
        var at: Instant
        var left: Int
    }

    enum Progress {
        case idle
        case running(PunchRun)
        /// All was sent; what comes late is waited for.
        case resting(PunchPlan, until: Instant)
        case spent(PunchPlan)

        var plan: PunchPlan? {
            switch self {
            case .idle: nil
            case .running(let run): run.plan
            case .resting(let plan, _), .spent(let plan): plan
            }
        }
    }

    /// Where the counter of our own NAT is; it moves with everything that is behind it, so what was measured before the
    /// attempt is too old.
    enum Prediction {
        case none
        case sampling(PortSample, failures: Int)
        case known(last: UInt16, failures: Int)
        case givenUp
    }

    /// A socket that no router has seen a packet for, and which is used by both sides at the same moment.
    ///
    /// *Why*: a router that lets packets for itself in takes one that comes before our own as a connection with the
    /// port where ours is to appear, and gives us another. What burnt the ports of the main sockets cannot be undone
    /// while the peer goes on sending there.
    struct FreshSocket {
        enum State {
            case measuring(PortSample)
            /// The peer is being told, and what we send is to meet half way what it sends.
            case holding(TransportAddress, until: Instant)
            case probing(TransportAddress)
            case unanswered
        }

        let turn: Int
        let socket: SocketID
        var state: State

        var mapped: TransportAddress? {
            switch state {
            case .measuring, .unanswered: nil
            case .holding(let address, _), .probing(let address): address
            }
        }
    }

    /// Takes in an introduction unless a newer one of the same HELLO came before it.
    mutating func learn(_ introduction: Introduction, with hello: ConnectionID) {
        if let peer, self.hello == hello, introduction.round < peer.round { return }
        peer = introduction
        self.hello = hello
    }

    /// When any of it wants to be looked at.
    var nextTimeout: Instant? {
        var nearest: Instant?
        func consider(_ due: Instant?) {
            guard let due, due > advanced ?? Instant(nanoseconds: .min) else { return }
            nearest = nearest.map { min($0, due) } ?? due
        }
        consider(review)
        consider(retell?.at)
        switch progress {
        case .idle, .spent: break
        case .running(let run): consider(run.due)
        case .resting(_, let until): consider(until)
        }
        if case .sampling(let sample, _) = prediction { consider(sample.due) }
        switch fresh?.state {
        case .measuring(let sample): consider(sample.due)
        case .holding(_, let until): consider(until)
        case .probing, .unanswered, nil: break
        }
        return nearest
    }
}
