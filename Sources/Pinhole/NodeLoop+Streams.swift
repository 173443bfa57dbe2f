import PinholeCore
import PinholeCrypto
import PinholeWire

// Streams of bytes: what waits for them, and who takes those that contacts open. All of it on the loop's thread.

/// Calls that wait until a stream changes, and the takers of new ones.
struct StreamWaiters {
    /// Who takes the streams of a name.
    struct Taker {
        let number: UInt64
        /// The contact, or nil for all of them.
        let contact: PublicKey?
        let take: @Sendable (_ handle: UInt64, _ contact: PublicKey) -> Void
        /// No more come.
        let finish: @Sendable () -> Void
    }

    /// Tries again what it waits for; false when it waits on.
    typealias Attempt = (NodeLoop, Instant) -> Bool

    private var waiting: [UInt64: [(number: UInt64, attempt: Attempt)]] = [:]
    private var takers: [String: [Taker]] = [:]
    /// Streams that nobody takes yet, in the order in which they were opened.
    private var untaken: [(handle: UInt64, name: String, contact: PublicKey)] = []
    private var next: UInt64 = 0
    /// Whether the loop ends.
    private var isOver = false

    /// Programs that use sessions, with the contacts, or nil for all of them.
    private var programs: [UInt64: Set<PublicKey>?] = [:]

    /// How long a stream waits for its taker. A program that uses the session may be a while behind it, on a busy machine;
    /// where there is none, somebody at most begins to take streams in this moment.
    func patience(with contact: PublicKey) -> Duration {
        programs.values.contains { $0?.contains(contact) ?? true } ? .seconds(10) : .seconds(1)
    }

    /// A program uses sessions with these contacts from now on. Returns its number.
    mutating func enter(with contacts: Set<PublicKey>?) -> UInt64 {
        next += 1
        programs[next] = .some(contacts)
        return next
    }

    mutating func leave(_ program: UInt64) { programs[program] = nil }

    mutating func wait(for handle: UInt64, as number: UInt64, _ attempt: @escaping Attempt) {
        waiting[handle, default: []].append((number, attempt))
    }

    /// Lets those who wait try again.
    mutating func changed(_ handle: UInt64, _ loop: NodeLoop, at now: Instant) {
        guard let attempts = waiting.removeValue(forKey: handle) else { return }
        let unready = attempts.filter { !$0.attempt(loop, now) }
        if !unready.isEmpty { waiting[handle] = unready + (waiting[handle] ?? []) }
    }

    /// One of them waits no more. Returns whether it still did.
    mutating func cancel(_ number: UInt64, of handle: UInt64) -> Bool {
        guard let index = waiting[handle]?.firstIndex(where: { $0.number == number }) else { return false }
        waiting[handle]?.remove(at: index)
        return true
    }

    /// The loop ends: everybody hears that the streams are lost, and that no more come.
    mutating func abandon(_ loop: NodeLoop, at now: Instant) {
        isOver = true
        for handle in waiting.keys.sorted() { changed(handle, loop, at: now) }
        for taker in takers.values.joined() { taker.finish() }
        takers = [:]
    }

    mutating func add(
        _ name: String, _ contact: PublicKey?, _ take: @escaping @Sendable (UInt64, PublicKey) -> Void,
        finish: @escaping @Sendable () -> Void
    ) -> UInt64 {
        next += 1
        if isOver {
            finish()
        } else {
            takers[name, default: []].append(Taker(number: next, contact: contact, take: take, finish: finish))
        }
        return next
    }

    mutating func keep(_ handle: UInt64, _ name: String, of contact: PublicKey) {
        untaken.append((handle, name, contact))
    }

    /// The streams that waited for a taker of this name.
    mutating func claim(_ name: String, from contact: PublicKey?) -> [(handle: UInt64, contact: PublicKey)] {
        let claimed = untaken.filter { $0.name == name && (contact == nil || $0.contact == contact) }
        untaken.removeAll { one in claimed.contains { $0.handle == one.handle } }
        return claimed.map { ($0.handle, $0.contact) }
    }

    /// Nobody came for it. Returns whether it still waited.
    mutating func giveUp(_ handle: UInt64) -> Bool {
        guard let index = untaken.firstIndex(where: { $0.handle == handle }) else { return false }
        untaken.remove(at: index)
        return true
    }

    mutating func remove(_ number: UInt64, named name: String) {
        takers[name]?.removeAll { $0.number == number }
    }

    /// The newest who takes streams of that name from that contact: one for the contact before one for all.
    func taker(of name: String, from contact: PublicKey) -> Taker? {
        let all = takers[name] ?? []
        return all.last { $0.contact == contact } ?? all.last { $0.contact == nil }
    }
}

extension NodeLoop {
    /// A contact opened a stream: somebody takes it, now or within a moment, or it is refused. The endpoint bounds how
    /// many a contact may have open.
    func streamOpened(_ handle: UInt64, _ name: [UInt8], by key: PublicKey, at now: Instant) {
        guard let name = String(validating: name, as: UTF8.self) else {
            return endpoint.closeStream(handle, of: key.key, code: StreamCode.unknownName, at: now)
        }
        guard streams.taker(of: name, from: key) == nil else { return take(handle, named: name, of: key, at: now) }
        streams.keep(handle, name, of: key)
        perform(after: streams.patience(with: key)) { core, now in
            guard core.streams.giveUp(handle) else { return }
            core.endpoint.closeStream(handle, of: key.key, code: StreamCode.unknownName, at: now)
        }
    }

    /// Those who wait for a stream look at it again; nobody takes one that is lost.
    func streamChanged(_ handle: UInt64, of key: IdentityKey, at now: Instant) {
        streams.changed(handle, self, at: now)
        if case .lost = endpoint.answer(ofStream: handle, of: key) { _ = streams.giveUp(handle) }
    }

    /// Somebody takes the streams of a name from now on, and those that wait for it; `finish` is called when the loop
    /// ends.
    func takeStreams(
        named name: String, from contact: PublicKey?, at now: Instant,
        _ take: @escaping @Sendable (UInt64, PublicKey) -> Void, finish: @escaping @Sendable () -> Void = {}
    ) -> UInt64 {
        let number = streams.add(name, contact, take, finish: finish)
        for (handle, key) in streams.claim(name, from: contact) { self.take(handle, named: name, of: key, at: now) }
        return number
    }

    private func take(_ handle: UInt64, named name: String, of key: PublicKey, at now: Instant) {
        endpoint.answerStream(handle, of: key.key, at: now)
        streams.taker(of: name, from: key)?.take(handle, key)
    }
}
