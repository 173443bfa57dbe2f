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
    private let seed: UInt64
    private let peers: [Peer]
    private let probe: Probe
    private let isRestless: Bool
    private var deeds: [Deed] = []
    private var random: SeededRandom
    private var ledger = Ledger()
    private var places = Places()
    private var wire: Wire
    /// Copies of each side's disk, with the time that they were made at.
    private var backups: [[(time: Instant, disk: Disk)]] = [[], []]
    private var transfers: UInt64 = 0
    /// How many streams of bytes were opened.
    private var streams = 0
    private var networks = 2

    /// How long all may take to arrive once nothing is in the way. A contact that was killed is noticed by silence, a
    /// wrong address by refreshes that lead nowhere: see `Limits` for both.
    private static let patience: Duration = .seconds(180)

    /// What a test that sees inside of an endpoint adds.
    package struct Probe {
        /// Sets up an endpoint that has just begun; `isRestless`: its keys are to be renewed all the time.
        package var prepare: (Peer, _ isRestless: Bool) -> Void
        /// A sentence about what has grown beyond its bound.
        package var excess: (Peer) -> String?

        package init(
            prepare: @escaping (Peer, _ isRestless: Bool) -> Void = { _, _ in },
            excess: @escaping (Peer) -> String? = { _ in nil }
        ) {
            self.prepare = prepare
            self.excess = excess
        }
    }

    private init(seed: UInt64, probe: Probe, trace: ((String) -> Void)?) {
        self.seed = seed
        self.probe = probe
        random = SeededRandom(seed: seed ^ 0xdeed)
        world = World(seed: seed)
        world.trace = trace
        let types: [NetworkType] = [.open, .fullCone, .portRestricted, .portRestricted, .renumbering, .firewall]
        let (alice, bob) = world.makePair(
            types.randomElement(using: &random)!, types.randomElement(using: &random)!)
        peers = [alice, bob]
        for peer in peers { places.visited(peer.interfaces) }
        wire = Wire(seed: seed)
        isRestless = random.chance(0.5)
        for peer in peers {
            peer.closesStreams = true
            probe.prepare(peer, isRestless)
        }
        world.tap = { [unowned self] in wire.pass($0) }
        world.beforeDelivery = { [unowned self] flight, source, peer in
            wire.remember(flight.bytes, from: source, to: peer)
        }
    }

    /// Runs a world of `count` random deeds. Throws what was not as it must be.
    package static func run(
        seed: UInt64, deeds count: Int, probe: Probe = Probe(), trace: ((String) -> Void)? = nil
    ) throws(Violation) -> Summary {
        try run(seed: seed, probe, trace) { world throws(Violation) in
            for _ in 0..<count { try world.happen(.random(using: &world.random)) }
        }
    }

    /// Runs what once went wrong.
    package static func run(
        seed: UInt64, _ deeds: [Deed], probe: Probe = Probe(), trace: ((String) -> Void)? = nil
    ) throws(Violation) -> Summary {
        try run(seed: seed, probe, trace) { world throws(Violation) in
            for deed in deeds { try world.happen(deed) }
        }
    }

    private static func run(
        seed: UInt64, _ probe: Probe, _ trace: ((String) -> Void)?,
        _ happenings: (RandomWorld) throws(Violation) -> Void
    ) throws(Violation) -> Summary {
        let result: Result<Summary, Violation> = ReplayableRandom.run(seed: seed) {
            let world = RandomWorld(seed: seed, probe: probe, trace: trace)
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
        for peer in peers { places.visited(peer.interfaces) }
        // Some deeds meet what the one before has begun, others what it led to.
        var pause: Duration = [.zero, .milliseconds(3), .milliseconds(30), .milliseconds(300), .seconds(3)]
            .randomElement(using: &random)!
        if case .pass(let seconds) = deed { pause = .seconds(seconds) }
        world.run(for: pause)
        try check()
    }

    private func peer(_ side: Side) -> Peer { peers[side.rawValue] }
}

// MARK: What happens

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
        case .lose(let count): wire.lose += count
        case .corrupt(let count): wire.corrupt += count
        case .delay(let count, let milliseconds): wire.delay(count, by: .milliseconds(milliseconds))
        case .badLine(let percent):
            world.link.loss = Double(percent) / 100
            world.link.burst = 2
        case .doublingLine: world.link.duplication = 0.5
        case .reorderingLine:
            world.link.reordering = 0.3
            world.link.reorderingDelay = .milliseconds(50)
        case .goodLine: clearLine()
        case .replay(let count): replay(count)
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
        case .stopService: world.stopService()
        case .startService: world.startService()
        case .corruptService(let lie):
            places.named(Places.victim)
            world.liar = LyingService(lie, secret: world.serviceSecret, victim: Places.victim)
        case .cleanService: world.liar = nil
        case .pass: break
        }
    }

    private func connect(_ side: Side) {
        guard peer(side).isRunning else { return }
        peer(side).connect(to: peer(side.other))
    }

    /// Returns the name of the stream; nil when they are not connected, or have too many open.
    @discardableResult
    private func openStream(_ side: Side, _ content: [UInt8]) -> String? {
        let name = "\(side) \(ledger.nextLine())"
        ledger.opened(name, content)
        guard peer(side).openStream(name, content, to: peer(side.other).key) else { return nil }
        streams += 1
        return name
    }

    private func recover(_ side: Side, clockError: Duration = .zero) {
        // What is on disk when the process dies is what a later backup would hold.
        backUp(side)
        peer(side).kill()
        peer(side).recover(with: peer(side.other), clockError: clockError)
        probe.prepare(peer(side), isRestless)
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
        probe.prepare(peer(side), isRestless)
    }

    private func replay(_ count: Int) {
        places.named(Places.attacker)
        for _ in 0..<count {
            guard let old = wire.anOldOne(&random) else { return }
            // By an attacker who may send from anywhere.
            let source = random.chance(0.5) ? old.source : Places.attacker
            old.host.receive(old.bytes, .notECT, from: source, by: .main)
        }
    }

    private func clearLine() {
        world.link = Link(delay: world.link.delay)
        wire.clear()
    }
}

// MARK: What must be true

extension RandomWorld {
    private func check() throws(Violation) {
        for side in Side.allCases {
            let faults = [
                ledger.fault(of: side, peer(side).disk),
                ledger.fault(of: side, streams: Array(peer(side).streams.values)),
                ledger.falselyConfirmed(to: side, peer(side), peer(side.other).disk),
            ]
            if let sentence = faults.compactMap(\.self).first { throw violation(sentence) }
            if let excess = probe.excess(peer(side)) { throw violation("\(side) \(excess)") }
        }
        if let stranger = wire.stranger(to: places) { throw violation("a datagram went to \(stranger)") }
    }

    /// Everything is put right; then all that was accepted arrives, and silence follows.
    private func end() throws(Violation) -> Summary {
        clearLine()
        world.liar = nil
        world.startService()
        for side in Side.allCases {
            peer(side).hasRoom = true
            if !peer(side).isRunning { recover(side) }
        }
        world.trace?("── all is well again")
        world.run(for: Self.patience) { peers.allSatisfy { $0.disk.outbox.isEmpty && $0.disk.openFiles.isEmpty } }
        try check()
        for side in Side.allCases {
            let disk = peer(side).disk
            if !disk.outbox.isEmpty { throw violation("\(disk.outbox.count) messages of \(side) never arrived") }
            if !disk.openFiles.isEmpty { throw violation("files \(disk.openFiles) of \(side) never arrived") }
            if let sentence = ledger.missing(from: side, peer(side.other).disk) { throw violation(sentence) }
        }
        try endTalking()
        // A minute in which nobody says anything, after old sessions and addresses were found out to be gone.
        world.run(for: .seconds(180))
        let before = peers.map(\.sentCount)
        world.run(for: .seconds(60))
        // Of a NAT that forgot its mappings while people talked it is believed for a while that it does so each two seconds,
        // and keys that are renewed all the time cost packets too.
        let bound = isRestless ? 300 : 150
        for (peer, count) in zip(peers, before) where peer.sentCount - count > bound {
            throw violation("\(peer.sentCount - count) datagrams were sent in a minute of silence")
        }
        try check()
        var summary = Summary()
        summary.messages = ledger.messages
        summary.files = ledger.files
        summary.streams = streams
        summary.reads = peers.map(\.reads.count).reduce(0, +)
        summary.datagrams = peers.map(\.sentCount).reduce(0, +)
        summary.virtualTime = world.now - Instant(nanoseconds: 0)
        return summary
    }

    /// What is only told between connected peers is told once they are: streams of bytes, and what somebody has seen.
    private func endTalking() throws(Violation) {
        var awaited = Side.allCases
        var opened: Set<String> = []
        let giveUp = world.now + Self.patience
        while !awaited.isEmpty {
            guard world.now < giveUp else { throw violation("no stream of \(awaited) ever came through") }
            for side in awaited {
                connect(side)
                opened.formUnion([openStream(side, random.bytes(3000))].compactMap(\.self))
            }
            world.run(for: .seconds(10)) { awaited.allSatisfy { hasEnded(opened, at: $0.other) } }
            awaited = awaited.filter { !hasEnded(opened, at: $0.other) }
        }
        world.run(for: .seconds(10)) { Side.allCases.allSatisfy(isToldWhatWasRead) }
        for side in Side.allCases where !isToldWhatWasRead(side) {
            throw violation("\(side) was never told that \(side.other) has seen a message")
        }
        try check()
    }

    /// Of the last that was read; those before it were told to who may have been restored since.
    private func isToldWhatWasRead(_ side: Side) -> Bool {
        guard let (epoch, counter) = peer(side.other).disk.state.highestRead.all.last else { return true }
        return peer(side).reads.contains { $0.epoch == epoch && $0.counter >= counter }
    }

    private func hasEnded(_ names: Set<String>, at side: Side) -> Bool {
        peer(side).streams.values.contains {
            names.contains($0.name) && !$0.name.hasPrefix("\(side)") && $0.end == .fin
        }
    }

    private func violation(_ sentence: String) -> Violation {
        Violation(seed: seed, deeds: deeds, sentence: sentence)
    }
}
