import PinholeCore
import PinholeWire

/// What happens to a network while two people are connected, and how long it keeps them apart.
package enum Recovery: String, CaseIterable, Sendable {
    case rebinding = "NAT rebinding, the mover speaks"
    case flush = "silent NAT flush, both speak"
    case flushSpeaker = "silent flush of the speaker's NAT, other port"
    case flushSilent = "silent NAT flush, one stays silent"
    case flushAlone = "silent NAT flush, service dead"
    case reboot = "router reboot with a new address"
    case linkSwitch = "link switch"
    case linkSwitchTo6 = "link switch from IPv4 to IPv6"
    case linkSwitchTo4 = "link switch from IPv6 to IPv4"
    case bothMove = "both move at once"
    case reconnect = "known peer, fresh mapping"

    /// The time within which the first byte is delivered again; `nil` where none is promised.
    package var target: Duration? {
        switch self {
        // One round trip from the mover's first packet: it arrives, and what comes back arrives.
        case .rebinding: .milliseconds(40)
        // One round trip to the session, and half of one for the byte.
        case .reconnect: .milliseconds(60)
        case .flush, .flushSpeaker, .flushAlone: .seconds(3)
        case .linkSwitch, .linkSwitchTo6, .linkSwitchTo4: .seconds(1)
        // Nothing reaches who is silent behind a router that forgot: it ends with the next packet from there.
        case .flushSilent: nil
        case .reboot, .bothMove: nil
        }
    }

    /// How long it took; `nil` if it never ended.
    package func run(seed: UInt64, trace: ((String) -> Void)? = nil) -> Duration? {
        ReplayableRandom.run(seed: seed) { measure(World(seed: seed), trace) }
    }

    private func makePeers(_ world: World) -> (mover: Peer, other: Peer) {
        switch self {
        case .rebinding:
            // Another port, towards a peer who lets strangers in: the mover's packet is enough.
            return (world.addPeer(number: 1, on: .renumbering), world.addPeer(number: 2, on: .open))
        case .linkSwitchTo6:
            return (world.addPeer(number: 1, on: .portRestricted), addDualPeer(world))
        case .linkSwitchTo4:
            return (world.addPeer(Array(world.makeNetwork(1, .firewall).suffix(1))), addDualPeer(world))
        case .flushSpeaker:
            return (world.addPeer(number: 1, on: .renumbering), world.addPeer(number: 2, on: .portRestricted))
        case .flush, .flushSilent, .flushAlone, .reboot, .linkSwitch, .bothMove, .reconnect:
            return (world.addPeer(number: 1, on: .portRestricted), world.addPeer(number: 2, on: .portRestricted))
        }
    }

    /// Behind a home router, with IPv6 behind a firewall.
    private func addDualPeer(_ world: World) -> Peer {
        world.addPeer(world.makeNetwork(2, .portRestricted) + world.makeNetwork(2, .firewall).suffix(1))
    }

    private func measure(_ world: World, _ trace: ((String) -> Void)?) -> Duration? {
        let (mover, other) = makePeers(world)
        mover.add(other)
        other.add(mover)
        mover.useService()
        other.useService()
        world.run(for: .seconds(8))
        mover.connect(to: other)
        guard world.run(for: .seconds(10), until: { mover.isConnected(to: other) && other.isConnected(to: mover) })
        else { return nil }
        // Long enough for all to have settled, and never in step with keep-alives.
        world.run(for: .milliseconds(Int64.random(in: 30_000...90_000, using: &world.random)))
        world.trace = trace
        disturb(world, mover, other)
        return speak(world, mover, other)
    }

    /// The mover speaks at once. The other one answers, does not, or speaks by itself a little later.
    private func speak(_ world: World, _ mover: Peer, _ other: Peer) -> Duration? {
        let begin = world.now
        mover.send("from the mover", to: other)
        switch self {
        case .rebinding:
            guard world.run(for: .seconds(120), until: { other.texts.count == 1 }) else { return nil }
            other.send("to the mover", to: mover)
        case .flushSpeaker, .flushSilent, .reconnect:
            return world.run(for: .seconds(120)) { other.texts.count == 1 } ? world.now - begin : nil
        case .flush, .flushAlone, .reboot, .linkSwitch, .linkSwitchTo6, .linkSwitchTo4, .bothMove:
            world.run(for: .milliseconds(Int64.random(in: 0...500, using: &world.random))) { other.texts.count == 1 }
            other.send("to the mover", to: mover)
        }
        let isRecovered = world.run(for: .seconds(120)) { other.texts.count == 1 && mover.texts.count == 1 }
        return isRecovered ? world.now - begin : nil
    }

    private func disturb(_ world: World, _ mover: Peer, _ other: Peer) {
        switch self {
        case .rebinding, .flushSpeaker:
            mover.nat?.flush()
        case .flush, .flushSilent:
            mover.nat?.flush()
            other.nat?.flush()
        case .flushAlone:
            world.stopService()
            mover.nat?.flush()
            other.nat?.flush()
        case .reboot:
            mover.nat?.flush()
            mover.nat?.external = IPAddress("198.51.100.77")!
        case .linkSwitch, .linkSwitchTo4:
            mover.move(to: world.makeNetwork(3, .portRestricted))
        case .linkSwitchTo6:
            mover.move(to: Array(world.makeNetwork(3, .firewall).suffix(1)))
        case .bothMove:
            mover.move(to: world.makeNetwork(3, .portRestricted))
            other.move(to: world.makeNetwork(4, .portRestricted))
        case .reconnect:
            mover.endpoint.disconnect(from: other.key, at: world.now)
            mover.drain()
            world.run(for: .seconds(3))
        }
    }
}

// MARK: Many runs

/// How long recovery took, over many seeds.
package struct RecoveryReport: Sendable {
    package let recovery: Recovery
    package let runs: Int
    /// Sorted; those that never recovered are missing.
    package let times: [Duration]
    package let failedSeeds: [UInt64]

    package var isMet: Bool {
        guard failedSeeds.isEmpty, let longest = times.last else { return false }
        return recovery.target.map { longest <= $0 } ?? true
    }

    package static func all(seeds: Range<UInt64>) async -> [RecoveryReport] {
        await withTaskGroup(of: (Recovery, UInt64, Duration?).self) { group in
            for recovery in Recovery.allCases {
                for seed in seeds { group.addTask { (recovery, seed, recovery.run(seed: seed)) } }
            }
            var results: [Recovery: [(seed: UInt64, time: Duration?)]] = [:]
            for await (recovery, seed, time) in group { results[recovery, default: []].append((seed, time)) }
            return Recovery.allCases.map { recovery in
                let runs = results[recovery] ?? []
                return RecoveryReport(
                    recovery: recovery, runs: runs.count, times: runs.compactMap(\.time).sorted(),
                    failedSeeds: runs.filter { $0.time == nil }.map(\.seed).sorted())
            }
        }
    }
}

// MARK: Idle traffic

/// What two connected peers who say nothing send to each other.
package struct IdleTraffic: Sendable {
    /// How long the NATs remember a mapping in use.
    package let lifetime: Duration
    /// UDP payload of both directions together.
    package let bytesPerSecond: Double
    package let packets: Int
    package let isConnected: Bool

    /// At most 1 byte a second where mappings live 110 s or longer.
    package var isMet: Bool { isConnected && (lifetime < .seconds(110) || bytesPerSecond <= 1) }

    /// Over an hour, after an hour in which the lifetime could be learned.
    package static func measure(lifetime: Duration, seed: UInt64) -> IdleTraffic {
        ReplayableRandom.run(seed: seed) {
            let world = World(seed: seed)
            let (alice, bob) = world.makePair(.portRestricted, .portRestricted)
            for peer in [alice, bob] {
                peer.nat?.lifetime = NAT.Lifetime(new: min(.seconds(30), lifetime), stream: lifetime)
            }
            alice.connect(to: bob)
            world.run(for: .seconds(3600))
            var bytes = 0
            var packets = 0
            world.tap = { flight in
                if !World.isService(flight.source.ip), !World.isService(flight.destination.ip) {
                    bytes += flight.bytes.count
                    packets += 1
                }
                return flight
            }
            world.run(for: .seconds(3600))
            return IdleTraffic(
                lifetime: lifetime, bytesPerSecond: Double(bytes) / 3600, packets: packets,
                isConnected: alice.isConnected(to: bob) && bob.isConnected(to: alice))
        }
    }
}
