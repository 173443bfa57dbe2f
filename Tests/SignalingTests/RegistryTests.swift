import PinholeCrypto
import PinholeWire
import TestSupport
import Testing

@testable import Signaling

@Suite("Registry")
struct RegistryTests {
    private let start = Instant(nanoseconds: 0)
    private let endpoint = LocalEndpoint(socket: 0)

    private func serverKeys(_ registration: UInt64) throws -> SignalingServerKeys {
        let secret = ServiceSecret.generate()
        let client = SignalingClientKeys(service: secret.publicKey)
        let body = RegisterBody(cookie: [UInt8](repeating: 0, count: 16), token: [], tags: [])
        let register = client.register(body)
        let opened = SignalingServerKeys.open(register: register.span, secret: secret)
        return try #require(opened).keys.accept(registration: registration)
    }

    private func register(
        _ number: UInt64, in registry: inout Registry, from address: TransportAddress = "192.0.2.1:4000",
        client: UInt64? = nil, challenged: Instant? = nil, at now: Instant
    ) throws -> Registry.Outcome {
        registry.register(
            try serverKeys(number), client: client ?? number, address: address, endpoint: endpoint,
            challenged: challenged ?? now, at: now)
    }

    private func slot(_ outcome: Registry.Outcome) throws -> Registry.Slot {
        guard case .registered(let slot) = outcome else { throw TestClient.Failure() }
        return slot
    }

    @Test("a registration lives for its lifetime after its last sign of life, to the nanosecond")  // [SIG-15]
    func expiry() throws {
        var registry = Registry(capacity: Registry.Capacity())
        let first = try slot(try register(1, in: &registry, at: start))
        _ = try slot(try register(2, in: &registry, at: start + .seconds(1)))
        registry.refresh(first, at: start + .seconds(30))
        #expect(registry.nextExpiry == start + .seconds(91))
        #expect(registry.expire(at: start + .seconds(91) - .nanoseconds(1)) == 0)
        #expect(registry.expire(at: start + .seconds(91)) == 1)
        #expect(registry.slot(of: 2) == nil)
        #expect(registry.slot(of: 1) == first)
        #expect(registry.expire(at: start + .seconds(120)) == 1)
        #expect(registry.count == 0)
        #expect(registry.nextExpiry == nil)
    }

    @Test("the newest registration of a side and family sits, and the old one's end does not unseat it")  // [SIG-27]
    func newestWins() throws {
        var registry = Registry(capacity: Registry.Capacity())
        let old = try slot(try register(1, in: &registry, at: start))
        let new = try slot(try register(2, in: &registry, at: start + .seconds(1)))
        let six = try slot(try register(3, in: &registry, from: "[2001:db8::9]:4000", at: start + .seconds(1)))
        _ = registry.setTags([entry(1, .lo)], of: old, replacing: true)
        _ = registry.setTags([entry(1, .lo)], of: new, replacing: true)
        _ = registry.setTags([entry(1, .lo)], of: six, replacing: true)
        #expect(registry.holders(of: tag(1), side: .lo) == [six, new])
        #expect(registry.holders(of: tag(1), side: .hi).isEmpty)
        #expect(registry.expire(at: start + .seconds(90)) == 1)
        #expect(registry.holders(of: tag(1), side: .lo) == [six, new])
        #expect(registry.tagCount == 2)
    }

    @Test("what an older registration sends late does not take the seat of a newer one")  // [SIG-27]
    func latePredecessor() throws {
        var registry = Registry(capacity: Registry.Capacity())
        let old = try slot(try register(1, in: &registry, at: start))
        let new = try slot(try register(2, in: &registry, at: start + .seconds(1)))
        _ = registry.setTags([entry(1, .lo)], of: new, replacing: true)
        _ = registry.setTags([entry(1, .lo), entry(2, .lo)], of: old, replacing: false)
        #expect(registry.holders(of: tag(1), side: .lo) == [new])
        #expect(registry.holders(of: tag(2), side: .lo) == [old])
        // Of two nodes with one identity the older one lives on, and is heard later.
        registry.refresh(old, at: start + .seconds(11))
        _ = registry.setTags([entry(1, .lo)], of: old, replacing: false)
        #expect(registry.holders(of: tag(1), side: .lo) == [old])
    }

    @Test("a new list of tags replaces the old one, a further one extends it")  // [SIG-24]
    func replaceAndExtend() throws {
        var registry = Registry(capacity: Registry.Capacity())
        let slot = try slot(try register(1, in: &registry, at: start))
        _ = registry.setTags([entry(1, .lo), entry(2, .hi), entry(2, .hi)], of: slot, replacing: true)
        #expect(registry.tagCount == 2)
        _ = registry.setTags([entry(2, .hi), entry(3, .lo)], of: slot, replacing: true)
        #expect(registry.holders(of: tag(1), side: .lo).isEmpty)
        #expect(registry.holders(of: tag(2), side: .hi) == [slot])
        _ = registry.setTags([entry(4, .lo)], of: slot, replacing: false)
        #expect(registry.tagCount == 3)
        registry.unregister(slot)
        #expect(registry.tagCount == 0)
        #expect(registry.count == 0)
    }

    @Test("who watches hears when the other side appears, once, and at once when it is there")  // [SIG-33]
    func watching() throws {
        var registry = Registry(capacity: Registry.Capacity())
        let watcher = try slot(try register(1, in: &registry, at: start))
        let other = try slot(try register(2, in: &registry, at: start))
        let again = try slot(try register(3, in: &registry, at: start))
        let late = try slot(try register(4, in: &registry, from: "[2001:db8::9]:4000", at: start))
        let appeared = Registry.Watcher(registration: watcher, tag: tag(1))
        #expect(registry.setTags([entry(1, .lo, watch: true)], of: watcher, replacing: true).watchers.isEmpty)
        #expect(registry.setTags([entry(1, .hi)], of: other, replacing: true).watchers == [appeared])
        #expect(registry.setTags([entry(1, .hi)], of: other, replacing: true).watchers.isEmpty)
        // The other side starts anew: its old session is gone.
        #expect(registry.setTags([entry(1, .hi)], of: again, replacing: true).watchers == [appeared])
        // The same side on its other address family is no news.
        #expect(registry.setTags([entry(1, .hi)], of: late, replacing: true).watchers.isEmpty)
        #expect(registry.setTags([entry(1, .lo)], of: watcher, replacing: true).watchers.isEmpty)
        #expect(registry.setTags([entry(1, .lo, watch: true)], of: watcher, replacing: true).watchers == [appeared])
    }

    @Test("registrations are limited in total and per source, tags in total, and what is held stays")
    func capacity() throws {
        var capacity = Registry.Capacity()
        capacity.registrations = 3
        capacity.registrationsPerSource = 2
        capacity.tags = 2
        var registry = Registry(capacity: capacity)
        let first = try slot(try register(1, in: &registry, at: start))
        _ = try slot(try register(2, in: &registry, at: start))
        #expect(try register(3, in: &registry, at: start) == .tooManyFromSource)
        _ = try slot(try register(3, in: &registry, from: "192.0.2.2:1", at: start))
        #expect(try register(4, in: &registry, from: "192.0.2.3:1", at: start) == .full)
        let (_, complete) = registry.setTags([entry(1, .lo), entry(2, .lo), entry(3, .lo)], of: first, replacing: true)
        #expect(!complete)
        #expect(registry.tagCount == 2)
        #expect(registry.expire(at: start + .seconds(90)) == 3)
        _ = try slot(try register(5, in: &registry, at: start + .seconds(90)))
    }

    // [SIG-24] [SIG-43]
    @Test("who is seated keeps the seats where the table is full, and others may still take them over")
    func fullTable() throws {
        var capacity = Registry.Capacity()
        capacity.tags = 3
        var registry = Registry(capacity: capacity)
        let first = try slot(try register(1, in: &registry, at: start))
        let second = try slot(try register(2, in: &registry, at: start + .seconds(1)))
        var complete = registry.setTags([entry(1, .lo), entry(2, .lo)], of: first, replacing: true).complete
        #expect(complete)
        complete = registry.setTags([entry(3, .lo)], of: second, replacing: true).complete
        #expect(complete)
        complete = registry.setTags([entry(1, .lo), entry(2, .lo)], of: first, replacing: true).complete
        #expect(complete && registry.tagCount == 3)
        // One that is left makes room for one that is new.
        complete =
            registry.setTags([entry(4, .lo), entry(5, .lo), entry(2, .lo)], of: first, replacing: true).complete
        #expect(!complete && registry.tagCount == 3)
        #expect(registry.holders(of: tag(2), side: .lo) == [first])
        #expect(registry.holders(of: tag(4), side: .lo) == [first])
        #expect(registry.holders(of: tag(5), side: .lo).isEmpty)
        // After a restart of many each seat is taken over, and who had it is still remembered.
        complete = registry.setTags([entry(2, .lo), entry(4, .lo)], of: second, replacing: false).complete
        #expect(complete && registry.tagCount == 3)
        #expect(registry.holders(of: tag(2), side: .lo) == [second])
        complete = registry.setTags([entry(6, .lo)], of: first, replacing: true).complete
        #expect(!complete && registry.tagCount == 3)
        // And while one of one's own is left, in whatever order.
        complete = registry.setTags([entry(7, .lo), entry(3, .lo)], of: second, replacing: true).complete
        #expect(complete && registry.tagCount == 2)
        complete =
            registry.setTags([entry(2, .lo), entry(4, .lo), entry(3, .lo)], of: second, replacing: true).complete
        #expect(complete && registry.tagCount == 3)
        // Those lists have an end too.
        let third = try slot(try register(3, in: &registry, at: start + .seconds(2)))
        complete =
            registry.setTags((2...4).map { entry($0, .lo) }, of: third, replacing: true).complete
        #expect(complete)
        let fourth = try slot(try register(4, in: &registry, from: "192.0.2.9:1", at: start + .seconds(3)))
        complete = registry.setTags([entry(2, .lo)], of: fourth, replacing: true).complete
        #expect(!complete)
        #expect(registry.holders(of: tag(2), side: .lo) == [third])
    }

    // [SIG-40] [SIG-47]
    @Test("a client that moves counts where its cookie proved it to be, until another proves where it is now")
    func following() throws {
        var capacity = Registry.Capacity()
        capacity.registrationsPerSource = 1
        var registry = Registry(capacity: capacity)
        let first = try slot(try register(1, in: &registry, from: "192.0.2.1:1", at: start))
        var isFollowed = registry.follow(first, to: "192.0.2.2:2", endpoint: endpoint)
        #expect(isFollowed && registry.registrations[Int(first)].address == "192.0.2.2:2")
        #expect(try register(2, in: &registry, from: "192.0.2.1:1", at: start) == .tooManyFromSource)
        // Where it claims to be there is room for others.
        let second = try slot(try register(2, in: &registry, from: "192.0.2.2:1", at: start))
        isFollowed = registry.follow(second, to: "192.0.2.1:2", endpoint: endpoint)
        #expect(isFollowed)
        isFollowed = registry.follow(first, to: "[2001:db8::9]:2", endpoint: endpoint)
        #expect(!isFollowed)
        let later = start + .seconds(1)
        _ = try slot(
            try register(3, in: &registry, from: "192.0.2.3:1", client: 1, challenged: later, at: later))
        _ = try slot(try register(4, in: &registry, from: "192.0.2.1:1", at: later))
    }

    // [SIG-12] [SIG-13]
    @Test("a repeated REGISTER finds its registration, a replayed one finds nothing, a new one takes its place")
    func repetition() throws {
        var registry = Registry(capacity: Registry.Capacity())
        let slot = try slot(try register(1, in: &registry, client: 9, at: start))
        _ = registry.setTags([entry(1, .lo)], of: slot, replacing: true)
        let later = start + .seconds(2)
        #expect(try register(2, in: &registry, client: 9, challenged: start, at: later) == .known(slot))
        #expect(
            try register(2, in: &registry, from: "192.0.2.7:1", client: 9, challenged: start, at: later) == .replayed)
        let second = try self.slot(try register(3, in: &registry, client: 9, challenged: later, at: later))
        #expect(registry.slot(of: 1) == nil)
        #expect(registry.slot(of: 3) == second)
        #expect(registry.tagCount == 0)
        registry.unregister(second)
        #expect(try register(4, in: &registry, client: 9, challenged: start, at: later) == .replayed)
    }

    @Test("through random work, seats and counts agree with a model")
    func model() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        var registry = Registry(capacity: Registry.Capacity())
        var now = start
        // The model: who holds the seat of each tag and side, when each was last heard, and when it was made.
        var holders: [TagEntry: Registry.Slot] = [:]
        var lastSeen: [Registry.Slot: Instant] = [:]
        var since: [Registry.Slot: Instant] = [:]
        var number: UInt64 = 0
        for _ in 0..<3000 {
            now += .milliseconds(Int64(random.next() % 2000))
            for slot in lastSeen.filter({ now - $0.value >= Limits.registrationLifetime }).keys {
                lastSeen[slot] = nil
                holders = holders.filter { $0.value != slot }
            }
            _ = registry.expire(at: now)
            switch random.next() % 4 {
            case 0:
                number += 1
                let new = try slot(try register(number, in: &registry, at: now))
                lastSeen[new] = now
                since[new] = now
            case 1:
                guard let slot = lastSeen.keys.sorted().randomElement(using: &random) else { continue }
                let entries = (0..<random.next() % 8).map { _ in
                    entry(random.next() % 12, random.next() % 2 == 0 ? .lo : .hi)
                }
                let replacing = random.next() % 2 == 0
                if replacing { holders = holders.filter { $0.value != slot } }
                for entry in entries
                where holders[entry].map({
                    since[$0]! <= since[slot]! || lastSeen[slot]! - since[$0]! >= Limits.seatGrace
                }) ?? true {
                    holders[entry] = slot
                }
                _ = registry.setTags(entries, of: slot, replacing: replacing)
            case 2:
                guard let slot = lastSeen.keys.sorted().randomElement(using: &random) else { continue }
                registry.refresh(slot, at: now)
                lastSeen[slot] = now
            default:
                guard random.next() % 4 == 0, let slot = lastSeen.keys.sorted().randomElement(using: &random)
                else { continue }
                registry.unregister(slot)
                holders = holders.filter { $0.value != slot }
            }
            for number in 0..<12 {
                for side in Role.allCases {
                    let held = registry.holders(of: tag(UInt64(number)), side: side)
                    let expected = holders[entry(UInt64(number), side)].map { [$0] } ?? []
                    #expect(held == expected, "seed \(seed)")
                }
            }
            #expect(registry.tagCount == holders.count, "seed \(seed)")
        }
    }
}
