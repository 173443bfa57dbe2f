internal import PinholeCrypto
internal import PinholeWire

/// Looks, at each service, for another node with this identity (protocol §4.11).
///
/// ```
///             registered: sits at Lo         nobody at Hi                  each 5 minutes
/// (no client) ─────────────────▶ newcomer ──────────────▶ settled, sits at Hi too ──────┐
///                                   │  asks whoever is at Hi      │  asks whoever is at Lo ◀┘
///                                   └──────────── answers ────────┘
/// ```
struct Twins {
    /// One client's search.
    private struct Inquiry {
        /// Whether this node sits at Hi, and so is found by newcomers.
        var isSettled = false
        var attempts: Int
        var due: Instant
        var challenge: UInt64
    }

    let keys: TwinKeys
    private let instance: UInt64
    private var inquiries: [Int: Inquiry] = [:]
    /// The challenge of each other node that was answered, and when the application was told of the node.
    private var answered: Newest<UInt64> = [:]
    private var told: Newest<Instant> = [:]
    private var lastTold: Instant?

    init(_ identity: IdentitySecret, instance: UInt64) {
        keys = TwinKeys(identity)
        self.instance = instance
    }

    var nextTimeout: Instant? { inquiries.values.map(\.due).min() }

    /// A client has registered.
    mutating func began(_ client: Int, at now: Instant, _ entropy: inout Entropy) {
        inquiries[client] = Inquiry(attempts: Limits.twinAttempts, due: now, challenge: entropy.next())
    }

    mutating func ended(_ client: Int) {
        inquiries[client] = nil
    }

    /// The clients that ask now, each with its seat and what it says.
    mutating func takeDue(at now: Instant, _ entropy: inout Entropy) -> [(client: Int, side: Role, blob: [UInt8])] {
        var questions: [(client: Int, side: Role, blob: [UInt8])] = []
        for (client, inquiry) in inquiries.sorted(by: { $0.key < $1.key }) where inquiry.due <= now {
            var inquiry = inquiry
            if inquiry.attempts == 0 {
                // Nobody answered a newcomer: who was at Hi is dead.
                inquiry.isSettled = true
                inquiry.attempts = 1
            }
            inquiry.attempts -= 1
            let isLast = inquiry.attempts == 0 && inquiry.isSettled
            inquiry.due = now + entropy.jittered(isLast ? Limits.twinInterval : Limits.twinRetry)
            inquiries[client] = inquiry
            let side: Role = inquiry.isSettled ? .hi : .lo
            questions.append((client, side, seal(challenge: inquiry.challenge, echo: 0, side)))
        }
        return questions
    }

    /// Nobody is there: a newcomer takes the free seat.
    mutating func absent(at client: Int, at now: Instant) {
        guard var inquiry = inquiries[client], !inquiry.isSettled else { return }
        inquiry.isSettled = true
        inquiry.attempts = Limits.twinAttempts
        inquiry.due = now
        inquiries[client] = inquiry
    }

    /// What another node said, or this one itself. Returns the answer, and whether there is news for the application.
    mutating func receive(
        _ sealed: [UInt8], by client: Int, at now: Instant, _ entropy: inout Entropy
    ) -> (answer: (side: Role, blob: [UInt8])?, isNews: Bool) {
        guard var inquiry = inquiries[client], let blob = keys.open(sealed) else { return (nil, false) }
        guard blob.instance != instance else {
            // Nobody else is at the seat that was asked.
            if inquiry.isSettled, inquiry.attempts > 0 {
                inquiry.attempts = 0
                inquiry.due = now + entropy.jittered(Limits.twinInterval)
                inquiries[client] = inquiry
            }
            return (nil, false)
        }
        let isFresh = blob.echo == inquiry.challenge
        var answer: (side: Role, blob: [UInt8])?
        if blob.echo == 0 || answered[blob.instance] != blob.challenge {
            answered[blob.instance] = blob.challenge
            answer = (blob.side.other, seal(challenge: inquiry.challenge, echo: blob.challenge, blob.side.other))
        }
        guard isFresh else { return (answer, false) }
        inquiry.attempts = inquiry.isSettled ? 0 : 1
        inquiry.due = now + entropy.jittered(Limits.twinInterval)
        inquiry.challenge = entropy.next()
        inquiries[client] = inquiry
        return (answer, heard(blob.instance, at: now))
    }

    /// Another node was heard. Returns whether that is to be told.
    mutating func heard(_ other: UInt64, at now: Instant) -> Bool {
        if let last = told[other], now - last < Limits.twinReminder { return false }
        told[other] = now
        // The same node may be heard by several services, and on the local network, at once.
        if let lastTold, now - lastTold < Limits.twinPause { return false }
        lastTold = now
        return true
    }

    private func seal(challenge: UInt64, echo: UInt64, _ side: Role) -> [UInt8] {
        keys.seal(TwinBlob(instance: instance, challenge: challenge, echo: echo, side: side))
    }
}
