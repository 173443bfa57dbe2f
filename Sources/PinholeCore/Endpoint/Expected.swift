internal import PinholeWire

/// Where which contacts may be heard of next: who is found there need not be looked for among all.
///
/// It only saves work. What it does not know, or knows no more, costs a search.
struct Expected {
    private var slotsByAddress: [IPAddress: [Int]] = [:]
    /// Those with an attempt under way.
    private(set) var callers: Set<Int> = []

    /// Thousands may be behind one address, and a search through all of them is not what this is for.
    static let limit = 8

    /// At most ``limit``, the newest first.
    func slots(at ip: IPAddress) -> ReversedCollection<ArraySlice<Int>> {
        (slotsByAddress[ip]?.suffix(Self.limit) ?? []).reversed()
    }

    mutating func note(_ slot: Int, isCalling: Bool) {
        if isCalling { callers.insert(slot) } else { callers.remove(slot) }
    }

    mutating func note(_ slot: Int, at places: Set<IPAddress>, insteadOf former: Set<IPAddress>) {
        for ip in former where !places.contains(ip) {
            slotsByAddress[ip]?.removeAll { $0 == slot }
            if slotsByAddress[ip]?.isEmpty ?? false { slotsByAddress[ip] = nil }
        }
        for ip in places where !former.contains(ip) { slotsByAddress[ip, default: []].append(slot) }
    }
}

extension Connection {
    /// Where the peer is, was last, listens, or is being called.
    var places: Set<IPAddress> {
        var places = Set(listeningAddresses.map(\.ip))
        if let active = paths.active { places.insert(active.remote.ip) }
        if let lastRoute { places.insert(lastRoute.route.remote.ip) }
        if attempt != nil { places.formUnion(checklist.candidates.map(\.address.ip)) }
        return places
    }

    /// Whether the endpoint knows them: asked for each packet.
    var arePlacesNoted: Bool {
        guard attempt == nil, !arePlacesStale else { return false }
        guard let active = paths.active else { return true }
        return notedPlaces.contains(active.remote.ip)
    }
}

extension Endpoint {
    func noteExpectation(of connection: Connection) {
        guard !connection.arePlacesNoted, connections[connection.slot] === connection else { return }
        connection.arePlacesStale = false
        expected.note(connection.slot, isCalling: connection.attempt != nil)
        let places = connection.places
        guard places != connection.notedPlaces else { return }
        expected.note(connection.slot, at: places, insteadOf: connection.notedPlaces)
        connection.notedPlaces = places
    }

    func forgetExpectation(of connection: Connection) {
        expected.note(connection.slot, isCalling: false)
        expected.note(connection.slot, at: [], insteadOf: connection.notedPlaces)
    }
}
