import PinholeCore
import PinholeWire
import TestSupport

// What must be true after each deed, and in the end.

extension RandomWorld {
    func check() throws(Violation) {
        for side in Side.allCases {
            let faults = [
                ledger.fault(of: side, peer(side).disk),
                ledger.fault(of: side, streams: Array(peer(side).streams.values)),
                ledger.falselyConfirmed(to: side, peer(side), peer(side.other).disk),
            ]
            if let sentence = faults.compactMap(\.self).first { throw violation(sentence) }
            if let excess = peer(side).endpoint.excess { throw violation("\(side) \(excess)") }
        }
        if let stranger = wire.stranger() { throw violation("a datagram went to \(stranger)") }
    }

    /// Everything is put right; then all that was accepted arrives, and silence follows.
    func end() throws(Violation) -> Summary {
        wire.clearUp(world)
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
