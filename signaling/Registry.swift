import PinholeCrypto
package import PinholeWire

/// The soft state of the service: who is registered, from where, under which tags. Time is a parameter.
///
/// All registrations live equally long after their last sign of life, so the order of those signs is the order of
/// expiry: a doubly linked list through the slots, and no timers.
package struct Registry: Sendable {
    /// How much is held at most; what is beyond is refused, and what is held stays.
    package struct Capacity: Equatable, Sendable {
        package var registrations = 200_000
        package var registrationsPerSource = 1024
        package var tags = 4_000_000

        package init() {}
    }

    /// The index of a registration while it lives.
    typealias Slot = UInt32

    /// What ``register(_:client:address:endpoint:challenged:at:)`` did.
    enum Outcome: Equatable {
        case registered(Slot)
        /// The REGISTER that made this registration came again: its answer was lost.
        case known(Slot)
        /// A REGISTER from before the client's present registration, or from before it unregistered.
        case replayed
        case full
        case tooManyFromSource
    }

    /// Somebody who hears that the other side of a tag is there, or is gone.
    struct Watcher: Equatable {
        let registration: Slot
        let tag: RendezvousTag
    }

    /// One client on one address family.
    struct Registration: Sendable {
        /// A keyed hash of the client's ephemeral key and its address family.
        fileprivate(set) var client: UInt64
        var keys: SignalingServerKeys
        fileprivate(set) var address: TransportAddress
        /// Where the client was last heard, and so where it is answered from.
        fileprivate(set) var endpoint: LocalEndpoint
        /// The source that its cookie proved, as sources are told apart.
        let provedSource: UInt64
        /// Bytes that may be sent unasked to a source that is not proved.
        fileprivate var allowance: UInt16 = 0
        fileprivate(set) var state: State
        fileprivate let since: Instant
        fileprivate var lastSeen: Instant
        fileprivate var older: Slot
        fileprivate var newer: Slot
        /// Seats once taken; some may since have been taken over.
        fileprivate var seats = SeatPool.List()

        enum State: UInt8, Sendable {
            case free
            case live
            /// Unregistered, and remembered for as long as a replay of its REGISTER could pass for a new one.
            case closed
        }
    }

    private let capacity: Capacity
    private(set) var registrations: [Registration] = []
    /// By the number in CLIENT datagrams, which the service draws at random.
    private var numbers = IndexTable()
    private var clients = IndexTable()
    private var tags = TagTable()
    private var seats = SeatPool()
    private var sources: [UInt64: UInt32] = [:]
    private var oldest = Self.none
    private var newest = Self.none
    private var free: [Slot] = []
    /// Registrations that have not been unregistered.
    package private(set) var count = 0

    package init(capacity: Capacity) {
        self.capacity = capacity
    }

    package var tagCount: Int { tags.count }

    /// Adds a registration without tags, in the place of an earlier one of the same client. `challenged` is when the
    /// client's cookie was made: a cookie from before the present registration marks a repetition.
    mutating func register(
        _ keys: SignalingServerKeys, client: UInt64, address: TransportAddress, endpoint: LocalEndpoint,
        challenged: Instant, at now: Instant
    ) -> Outcome {
        if let slot = slot(ofClient: client) {
            let known = registrations[Int(slot)]
            if challenged <= known.since {
                return known.state == .live && known.address == address ? .known(slot) : .replayed
            }
            forget(slot)
        }
        guard numbers.count < capacity.registrations else { return .full }
        let held = sources[address.ip.limitedPrefix, default: 0]
        guard held < capacity.registrationsPerSource else { return .tooManyFromSource }
        sources[address.ip.limitedPrefix] = held + 1

        let registration = Registration(
            client: client, keys: keys, address: address, endpoint: endpoint, provedSource: address.ip.limitedPrefix,
            state: .live, since: now, lastSeen: now, older: Self.none, newer: Self.none)
        let slot: Slot
        if let reused = free.popLast() {
            slot = reused
            registrations[Int(slot)] = registration
        } else {
            slot = Slot(registrations.count)
            registrations.append(registration)
        }
        numbers.insert(slot, hash: keys.registration) { [registrations] in
            registrations[Int($0)].keys.registration
        }
        clients.insert(slot, hash: client) { [registrations] in registrations[Int($0)].client }
        append(slot)
        count += 1
        return .registered(slot)
    }

    /// The registration that a CLIENT datagram names.
    func slot(of registration: UInt64) -> Slot? {
        numbers.find(hash: registration) { registrations[Int($0)].keys.registration == registration }
    }

    private func slot(ofClient client: UInt64) -> Slot? {
        clients.find(hash: client) { registrations[Int($0)].client == client }
    }

    /// Opens a CLIENT datagram into `output`. Returns the size of the requests, and whether the datagram is newer than
    /// all that came before; `nil` for a forgery and for a replay.
    mutating func open(
        _ datagram: Span<UInt8>, of slot: Slot, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> (size: Int, isNewest: Bool)? {
        let expected = registrations[Int(slot)].keys.expectedPacketNumber
        guard let size = registrations[Int(slot)].keys.open(client: datagram, into: output) else { return nil }
        return (size, registrations[Int(slot)].keys.expectedPacketNumber != expected)
    }

    /// Seals a SERVER datagram into `output`, and returns its size.
    mutating func seal(_ replies: Span<UInt8>, of slot: Slot, into output: UnsafeMutableBufferPointer<UInt8>) -> Int {
        registrations[Int(slot)].keys.seal(replies, into: output)
    }

    /// A sign of life: the registration lives on for ``Limits/registrationLifetime``.
    mutating func refresh(_ slot: Slot, at now: Instant) {
        registrations[Int(slot)].lastSeen = now
        guard newest != slot else { return }
        unlink(slot)
        append(slot)
    }

    /// Follows a client to where it was heard: another address of the same family, or another port of the service.
    /// Returns whether it could. It counts where it was: where it is now is a claim, and might be made to use up what
    /// somebody else may register there.
    mutating func follow(_ slot: Slot, to address: TransportAddress, endpoint: LocalEndpoint) -> Bool {
        guard registrations[Int(slot)].address.family == address.family else { return false }
        registrations[Int(slot)].address = address
        registrations[Int(slot)].endpoint = endpoint
        return true
    }

    /// Lets so many more bytes go unasked to where the registration is; not more than ``maxAllowance`` at once.
    mutating func allow(_ bytes: Int, unaskedTo slot: Slot) {
        let sum = Int(registrations[Int(slot)].allowance) + max(bytes, 0)
        registrations[Int(slot)].allowance = UInt16(min(sum, Self.maxAllowance))
    }

    /// Whether so many bytes may go unasked to where the registration is, and then they are counted: to the source that
    /// it proved all may, to another one what it has allowed itself by what it sent.
    mutating func takeAllowance(_ bytes: Int, unaskedTo slot: Slot) -> Bool {
        let registration = registrations[Int(slot)]
        guard registration.address.ip.limitedPrefix != registration.provedSource else { return true }
        guard bytes <= registration.allowance else { return false }
        registrations[Int(slot)].allowance -= UInt16(bytes)
        return true
    }

    /// Seats the registration at each tag; with `replacing` it leaves those that it has and that are not among them.
    /// Returns who is to hear of it, and whether there was room for all.
    mutating func setTags(
        _ entries: [TagEntry], of slot: Slot, replacing: Bool
    ) -> (watchers: [Watcher], complete: Bool) {
        let family = registrations[Int(slot)].address.family
        let wanted = entries.filter { !isHeldByNewer($0, than: slot) }
        var left: Set<TagTable.Seat> = []
        // Seats that it has and keeps need no room, however full the table is; and those that it leaves make some.
        var kept: Set<TagTable.Seat> = []
        if replacing {
            left = Set(seats.removeAll(from: &registrations[Int(slot)].seats))
            kept = left.intersection(wanted.compactMap { tags.seat(of: slot, at: $0, family: family) })
            left.subtract(kept)
            left = left.filter { tags.sits(slot, on: $0) }
        }
        var watchers: [Watcher] = []
        var complete = true
        for entry in wanted {
            let isHeld = tags.seat(of: slot, at: entry, family: family) != nil
            let isTaken = tags.isTaken(entry, family: family)
            guard isHeld || hasRoom(for: slot, beside: kept.count, seats: (isTaken ? 0 : 1) - left.count) else {
                complete = false
                continue
            }
            let (seat, previous) = tags.sit(slot, at: entry, family: family)
            let wasMine = previous?.registration == slot
            if !wasMine || kept.remove(seat) != nil { seats.append(seat, to: &registrations[Int(slot)].seats) }
            collectWatchers(of: entry, by: slot, wasMine: wasMine, previous: previous, into: &watchers)
        }
        for seat in left { _ = tags.leave(seat, by: slot) }
        return (watchers, complete)
    }

    /// Whether one more seat fits into the registration's list, where `kept` others are to return to it, and so many new
    /// ones into the table. A seat that is taken over stays in the list of who had it until that one ends: after a
    /// restart of many each seat is in two lists.
    private func hasRoom(for slot: Slot, beside kept: Int, seats new: Int) -> Bool {
        Int(registrations[Int(slot)].seats.count) + kept < Limits.maxTagsPerRegistration
            && seats.count + kept < 2 * capacity.tags && tags.count + new <= capacity.tags
    }

    /// Whether a registration sits there that was made later, and just now: what a node that died had sent may arrive
    /// behind its successor's first words.
    private func isHeldByNewer(_ entry: TagEntry, than slot: Slot) -> Bool {
        let own = registrations[Int(slot)]
        return tags.holders(of: entry.tag, side: entry.side).contains { holder in
            let other = registrations[Int(holder.registration)]
            return other.address.family == own.address.family && other.since > own.since
                && own.lastSeen - other.since < Limits.seatGrace
        }
    }

    /// Who hears of `entry`: the watchers of the other side when this side is new, and this side itself when it asks and
    /// the other is there already.
    private func collectWatchers(
        of entry: TagEntry, by slot: Slot, wasMine: Bool, previous: TagTable.Holder?, into watchers: inout [Watcher]
    ) {
        let others = tags.holders(of: entry.tag, side: entry.side.other)
        if !wasMine {
            let isNewSide = previous != nil || tags.holders(of: entry.tag, side: entry.side).count == 1
            for other in others where other.watches && isNewSide {
                watchers.append(Watcher(registration: other.registration, tag: entry.tag))
            }
        }
        if entry.watch, !others.isEmpty, previous.map({ $0.registration != slot || !$0.watches }) ?? true {
            watchers.append(Watcher(registration: slot, tag: entry.tag))
        }
    }

    /// The registrations of `side`: at most one per address family, IPv6 first.
    func holders(of tag: RendezvousTag, side: Role) -> [Slot] {
        tags.holders(of: tag, side: side).map(\.registration)
    }

    /// Whether the registration is seated at `side` of `tag`.
    func isSeated(_ slot: Slot, at tag: RendezvousTag, side: Role) -> Bool {
        tags.seats(slot, tag: tag, side: side)
    }

    /// Ends the registration for everybody else at once. Returns who is to hear of it.
    @discardableResult
    mutating func unregister(_ slot: Slot) -> [Watcher] {
        if registrations[Int(slot)].state == .live { count -= 1 }
        registrations[Int(slot)].state = .closed
        var watchers: [Watcher] = []
        for seat in seats.removeAll(from: &registrations[Int(slot)].seats) {
            let (tag, others) = tags.watchers(of: seat)
            guard tags.leave(seat, by: slot), tags.isVacated(seat, of: tag) else { continue }
            for other in others where other != slot { watchers.append(Watcher(registration: other, tag: tag)) }
        }
        return watchers
    }

    /// Forgets the registrations that have not been heard of for their lifetime. At most `limit` at a time, so that
    /// nobody waits long for this; returns how many, and who is to hear of it.
    package mutating func expire(at now: Instant, limit: Int = 1024) -> Int {
        expireTelling(at: now, limit: limit).count
    }

    mutating func expireTelling(at now: Instant, limit: Int = 1024) -> (count: Int, watchers: [Watcher]) {
        var expired = 0
        var watchers: [Watcher] = []
        while expired < limit, oldest != Self.none,
            now - registrations[Int(oldest)].lastSeen >= Limits.registrationLifetime
        {
            watchers += forget(oldest)
            expired += 1
        }
        // Those that went in the same turn hear nothing any more.
        return (expired, watchers.filter { registrations[Int($0.registration)].state == .live })
    }

    /// When the next registration expires unless it is heard of.
    package var nextExpiry: Instant? {
        oldest == Self.none ? nil : registrations[Int(oldest)].lastSeen + Limits.registrationLifetime
    }

    /// The registration heard of last.
    var newestSlot: Slot? { newest == Self.none ? nil : newest }

    /// The registration heard of next before `slot`.
    func older(than slot: Slot) -> Slot? {
        let older = registrations[Int(slot)].older
        return older == Self.none ? nil : older
    }

    @discardableResult
    private mutating func forget(_ slot: Slot) -> [Watcher] {
        let watchers = unregister(slot)
        unlink(slot)
        numbers.remove(slot, hash: registrations[Int(slot)].keys.registration) { [registrations] in
            registrations[Int($0)].keys.registration
        }
        clients.remove(slot, hash: registrations[Int(slot)].client) { [registrations] in
            registrations[Int($0)].client
        }
        releaseSource(registrations[Int(slot)].provedSource)
        registrations[Int(slot)].state = .free
        free.append(slot)
        return watchers
    }

    private mutating func releaseSource(_ source: UInt64) {
        let held = sources[source, default: 0]
        sources[source] = held > 1 ? held - 1 : nil
    }

    private mutating func append(_ slot: Slot) {
        registrations[Int(slot)].older = newest
        registrations[Int(slot)].newer = Self.none
        if newest == Self.none { oldest = slot } else { registrations[Int(newest)].newer = slot }
        newest = slot
    }

    private mutating func unlink(_ slot: Slot) {
        let (older, newer) = (registrations[Int(slot)].older, registrations[Int(slot)].newer)
        if older == Self.none { oldest = newer } else { registrations[Int(older)].newer = newer }
        if newer == Self.none { newest = older } else { registrations[Int(newer)].older = older }
    }

    private static let none = Slot.max
    /// Some 170 notifications: who has moved hears of as many contacts at once, and nobody saves up for a flood.
    private static let maxAllowance = 8192
}
