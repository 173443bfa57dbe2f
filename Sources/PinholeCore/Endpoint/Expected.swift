internal import PinholeWire

/// Where which contacts may be heard of next: who is found there need not be looked for among all.
///
/// It only saves work. What it does not know, or knows no more, costs a search.
struct Expected {
    private var slotsByAddress: [IPAddress: [Int]] = [:]
    /// Of those with an attempt under way, by where they are called.
    private var slotsByCall: [TransportAddress: [Int]] = [:]
    /// Those with an attempt under way.
    private(set) var callers: Set<Int> = []

    /// Thousands may be behind one address, and a search through all of them is not what this is for.
    static let limit = 8

    /// At most ``limit``, the newest first.
    func slots(at ip: IPAddress) -> ReversedCollection<ArraySlice<Int>> {
        (slotsByAddress[ip]?.suffix(Self.limit) ?? []).reversed()
    }

    /// At most ``limit`` who are called just there, the newest first.
    func slots(calledAt address: TransportAddress) -> ReversedCollection<ArraySlice<Int>> {
        (slotsByCall[address]?.suffix(Self.limit) ?? []).reversed()
    }

    mutating func note(_ slot: Int, isCalling: Bool) {
        if isCalling { callers.insert(slot) } else { callers.remove(slot) }
    }

    mutating func note(_ slot: Int, at places: Set<IPAddress>, insteadOf former: Set<IPAddress>) {
        Self.move(slot, to: places, from: former, in: &slotsByAddress)
    }

    mutating func note(
        _ slot: Int, calledAt places: Set<TransportAddress>, insteadOf former: Set<TransportAddress>
    ) {
        Self.move(slot, to: places, from: former, in: &slotsByCall)
    }

    private static func move<Place>(
        _ slot: Int, to places: Set<Place>, from former: Set<Place>, in slots: inout [Place: [Int]]
    ) {
        for place in former where !places.contains(place) {
            slots[place]?.removeAll { $0 == slot }
            if slots[place]?.isEmpty ?? false { slots[place] = nil }
        }
        for place in places where !former.contains(place) { slots[place, default: []].append(slot) }
    }
}

extension Connection {
    /// Where the peer is, was last, listens, or is being called.
    var places: Set<IPAddress> {
        var places = Set(listeningAddresses.map(\.ip))
        if let active = paths.active { places.insert(active.remote.ip) }
        if let lastRoute { places.insert(lastRoute.route.remote.ip) }
        if ownHello != nil { places.formUnion(checklist.candidates.map(\.address.ip)) }
        return places
    }

    /// Where the peer is being called.
    var calledPlaces: Set<TransportAddress> {
        ownHello == nil ? [] : Set(checklist.candidates.map(\.address)).union(listeningAddresses)
    }

    /// Whether a HELLO of the peer is let in whatever the load: one in a second.
    func mayGreet(at now: Instant) -> Bool {
        if let lastGreeting, now - lastGreeting < .seconds(1) { return false }
        lastGreeting = now
        return true
    }

    /// Whether the endpoint knows them: asked for each packet.
    var arePlacesNoted: Bool {
        guard ownHello == nil, !arePlacesStale else { return false }
        guard let active = paths.active else { return true }
        return notedPlaces.contains(active.remote.ip)
    }
}

extension Endpoint {
    func noteExpectation(of connection: Connection) {
        guard !connection.arePlacesNoted, connections[connection.slot] === connection else { return }
        connection.arePlacesStale = false
        expected.note(connection.slot, isCalling: connection.ownHello != nil)
        let (places, called) = (connection.places, connection.calledPlaces)
        if called != connection.notedCalls {
            expected.note(connection.slot, calledAt: called, insteadOf: connection.notedCalls)
            connection.notedCalls = called
        }
        guard places != connection.notedPlaces else { return }
        expected.note(connection.slot, at: places, insteadOf: connection.notedPlaces)
        connection.notedPlaces = places
    }

    /// Notes where those are expected to whom something happened, and who had no turn since: once for each.
    func noteExpectations() {
        for connection in unnoted { noteExpectation(of: connection) }
        unnoted.removeAll(keepingCapacity: true)
    }

    func forgetExpectation(of connection: Connection) {
        expected.note(connection.slot, isCalling: false)
        expected.note(connection.slot, at: [], insteadOf: connection.notedPlaces)
        expected.note(connection.slot, calledAt: [], insteadOf: connection.notedCalls)
    }
}
