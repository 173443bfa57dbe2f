import PinholeCore
import PinholeWire
import TestSupport

/// Two contacts to whom random things happen, and what must be true after each of them.
///
/// The peers, their service and the NATs are those of every other test; what happens comes from a seed or from a list.
/// In the end all is put right, and then nothing that was accepted may be missing.
package final class RandomWorld {
    package struct Violation: Error, CustomStringConvertible {
        package let seed: UInt64
        /// What had happened by then.
        package let deeds: [Deed]
        package let sentence: String

        package var description: String {
            "seed \(seed), after \(deeds.count) deeds: \(sentence)\n  \(deeds.map { "\($0)" }.joined(separator: "\n  "))"
        }
    }

    package let world: World
    let seed: UInt64
    let peers: [Peer]
    /// Whether a restless world's keys serve for a few packets only.
    private let renewsKeys: Bool
    let isRestless: Bool
    var deeds: [Deed] = []
    var random: SeededRandom
    var ledger = Ledger()
    let wire: Wire
    /// Copies of each side's disk, with the time that they were made at.
    private var backups: [[(time: Instant, disk: Disk)]] = [[], []]
    private var transfers: UInt64 = 0
    /// How many streams of bytes were opened.
    var streams = 0
    private var networks = 2

    /// How long all may take to arrive once nothing is in the way. A contact that was killed is noticed by silence, a
    /// wrong address by refreshes that lead nowhere: see `Limits` for both.
    static let patience: Duration = .seconds(180)

    private init(seed: UInt64, renewsKeys: Bool, trace: ((String) -> Void)?) {
        self.seed = seed
        self.renewsKeys = renewsKeys
        random = SeededRandom(seed: seed ^ 0xdeed)
        world = World(seed: seed)
        world.trace = trace
        let types: [NetworkType] = [.open, .fullCone, .portRestricted, .portRestricted, .renumbering, .firewall]
        let (alice, bob) = world.makePair(
            types.randomElement(using: &random)!, types.randomElement(using: &random)!)
        peers = [alice, bob]
        wire = Wire(seed: seed)
        for peer in peers { wire.places.visited(peer.interfaces) }
        isRestless = random.chance(0.5)
        for peer in peers {
            peer.closesStreams = true
            prepare(peer)
        }
        world.tap = { [unowned self] in wire.pass($0) }
        world.beforeDelivery = { [unowned self] flight, source, peer in
            wire.remember(flight.bytes, from: source, to: peer)
        }
    }

    /// Sets up an endpoint that has just begun.
    private func prepare(_ peer: Peer) {
        if renewsKeys, isRestless { peer.endpoint.shortenEpochs(packets: 20, minLifetime: .milliseconds(100)) }
    }

    /// Runs a world of `count` random deeds. Throws what was not as it must be.
    package static func run(
        seed: UInt64, deeds count: Int, trace: ((String) -> Void)? = nil
    ) throws(Violation) -> Summary {
        try run(seed: seed, renewsKeys: true, trace) { world throws(Violation) in
            for _ in 0..<count { try world.happen(.random(using: &world.random)) }
        }
    }

    /// Runs what once went wrong, with keys that were renewed all the time or were not.
    package static func run(
        seed: UInt64, _ deeds: [Deed], renewsKeys: Bool = false, trace: ((String) -> Void)? = nil
    ) throws(Violation) -> Summary {
        try run(seed: seed, renewsKeys: renewsKeys, trace) { world throws(Violation) in
            for deed in deeds { try world.happen(deed) }
        }
    }

    private static func run(
        seed: UInt64, renewsKeys: Bool, _ trace: ((String) -> Void)?,
        _ happenings: (RandomWorld) throws(Violation) -> Void
    ) throws(Violation) -> Summary {
        let result: Result<Summary, Violation> = ReplayableRandom.run(seed: seed) {
            let world = RandomWorld(seed: seed, renewsKeys: renewsKeys, trace: trace)
            return Result { () throws(Violation) in
                try happenings(world)
                return try world.end()
            }
        }
        return try result.get()
    }

    package struct Summary: Equatable, Sendable {
        package var messages = 0
        package var files = 0
        package var streams = 0
        package var reads = 0
        package var datagrams = 0
        package var virtualTime: Duration = .zero

        package init() {}
    }

    private func happen(_ deed: Deed) throws(Violation) {
        deeds.append(deed)
        world.trace?("── \(deed)")
        perform(deed)
        for peer in peers { wire.places.visited(peer.interfaces) }
        var pause = Weather.pauses.randomElement(using: &random)!
        if case .pass(let seconds) = deed { pause = .seconds(seconds) }
        world.run(for: pause)
        try check()
    }

    func peer(_ side: Side) -> Peer { peers[side.rawValue] }
}

// What happens.

extension RandomWorld {
    private func perform(_ deed: Deed) {
        switch deed {
        case .connect(let side): connect(side)
        case .connectBoth:
            connect(.alice)
            connect(.bob)
        case .disconnect(let side):
            guard peer(side).isRunning else { return }
            peer(side).endpoint.disconnect(from: peer(side.other).key, at: world.now)
            peer(side).drain()
        case .say(let side, let lines):
            guard peer(side).isRunning else { return }
            for _ in 0..<lines {
                let text = "\(side) \(ledger.nextLine())"
                let id = peer(side).send(text, to: peer(side.other))
                ledger.said(text, id, by: side)
            }
        case .offer(let side, let bytes):
            guard peer(side).isRunning else { return }
            transfers += 1
            let name = "\(side) \(transfers)"
            let content = random.bytes(bytes)
            ledger.offered(name, content, transfers, by: side)
            peer(side).sendFile(transfers, name: name, content, to: peer(side.other))
        case .takeBack(let side):
            guard peer(side).isRunning, let id = peer(side).disk.outbox.first?.id else { return }
            ledger.tookBack(id)
            peer(side).takeBack(id, to: peer(side.other))
        case .withdraw(let side):
            guard peer(side).isRunning, let transfer = peer(side).disk.openFiles.keys.min() else { return }
            ledger.withdrew(transfer)
            peer(side).withdraw(transfer, to: peer(side.other))
        case .see(let side):
            guard peer(side).isRunning else { return }
            for id in ledger.sees(side, peer(side).disk) { peer(side).markRead(id, from: peer(side.other)) }
        case .type(let side):
            guard peer(side).isRunning else { return }
            peer(side).setTyping(random.chance(0.5), to: peer(side.other))
        case .stream(let side, let bytes):
            guard peer(side).isRunning else { return }
            openStream(side, random.bytes(bytes))
        case .weather(let weather): wire.happen(weather, in: world, &random)
        case .flushNAT(let side): peer(side).interfaces.forEach { $0.nat?.flush() }
        case .renumberNAT(let side):
            networks += 1
            for interface in peer(side).interfaces where interface.address.family == .v4 {
                interface.nat?.flush()
                interface.nat?.external = IPAddress("198.51.100.\(networks % 200 + 1)")!
            }
        case .move(let side, let type):
            guard peer(side).isRunning else { return }
            networks += 1
            peer(side).move(to: world.makeNetwork(networks % 200 + 1, type))
        case .kill(let side): peer(side).kill()
        case .recover(let side): recover(side)
        case .restoreBackup(let side): restoreBackup(side)
        case .setClock(let side, let hours): recover(side, clockError: .seconds(hours * 3600))
        case .fillDisk(let side): peer(side).hasRoom = false
        case .freeDisk(let side): peer(side).hasRoom = true
        case .pass: break
        }
    }

    func connect(_ side: Side) {
        guard peer(side).isRunning else { return }
        peer(side).connect(to: peer(side.other))
    }

    /// Returns the name of the stream; nil when they are not connected, or have too many open.
    @discardableResult
    func openStream(_ side: Side, _ content: [UInt8]) -> String? {
        let name = "\(side) \(ledger.nextLine())"
        ledger.opened(name, content)
        guard peer(side).openStream(name, content, to: peer(side.other).key) else { return nil }
        streams += 1
        return name
    }

    func recover(_ side: Side, clockError: Duration = .zero) {
        // What is on disk when the process dies is what a later backup would hold.
        backUp(side)
        peer(side).kill()
        peer(side).recover(with: peer(side.other), clockError: clockError)
        prepare(peer(side))
    }

    private func backUp(_ side: Side) {
        backups[side.rawValue].append((world.now, peer(side).disk))
        backups[side.rawValue].removeAll { world.now - $0.time > .seconds(3600) }
    }

    private func restoreBackup(_ side: Side) {
        backUp(side)
        let copy = backups[side.rawValue].randomElement(using: &random)!.disk
        peer(side).kill()
        ledger.restored(side, from: peer(side).disk, to: copy)
        peer(side).recover(with: peer(side.other), from: copy)
        prepare(peer(side))
    }
}
