/// What contacts and sessions take: the resident size of a node's process, and what the C library has given out in it.
enum Memory {
    static func run(_ options: Options) throws {
        let count = options.sessions
        var assembly = try Assembly()
        let empty = try assembly.memory()
        try assembly.addContacts(upTo: count)
        let known = try assembly.memory()
        let start = monotonicSeconds()
        try assembly.connect()
        let duration = monotonicSeconds() - start
        // The paths are validated, the tickets of the handshakes are forgotten.
        pause(options.isQuick ? 0.5 : 3)
        let connected = try assembly.memory()
        let idleShare = try idleShare(of: assembly.node, options)
        // Each hears a line and answers it.
        assembly.node.say("tell-all 100")
        while try assembly.node.mark().messages < UInt64(count) { pause(0.1) }
        // Idle is who has said nothing for as long as a keep-alive waits; memory is given back then.
        pause(options.isQuick ? 0.5 : 30)
        let used = try assembly.memory()
        var table = Table(
            "Memory of a node with \(count) contacts on loopback, KiB", ["what", "resident", "of the heap"])
        func row(_ what: String, _ from: (resident: Int, heap: Int), _ to: (resident: Int, heap: Int), by count: Int) {
            let (resident, heap) = (to.resident - from.resident, to.heap - from.heap)
            table.add([
                what, (Double(resident) / 1024 / Double(count)).text(1), (Double(heap) / 1024 / Double(count)).text(1),
            ])
        }
        row("the process without a contact", (0, 0), empty, by: 1)
        row("each contact", empty, known, by: count)
        row("each idle session, beside its contact", known, connected, by: count)
        row("the same after a line of chat each way", known, used, by: count)
        try addBusy(&table, options)
        table.print()
        say("\(count) sessions were made in \(duration.text(2)) s, both sides on this machine")
        say("\(count) idle sessions take \((idleShare * 100).text(1)) % of one core at the node")
        for (what, state) in [("an idle session", connected), ("an idle session after a line of chat each way", used)] {
            let perSession = Double(state.resident - known.resident) / 1024 / Double(count)
            Target(what, perSession, atMost: 16, digits: 1, unit: " KiB").print()
        }
    }

    /// The part of a core that a node takes while nobody says anything: keep-alives, and looking at the time.
    private static func idleShare(of node: Child, _ options: Options) throws -> Double {
        let before = try node.mark()
        // Each session says something within 25 s.
        pause(options.isQuick ? 0.5 : 25)
        let after = try node.mark()
        return Double(after.cpuNanoseconds - before.cpuNanoseconds) / Double(after.time - before.time)
    }

    /// One session, before and while a file takes all it can get.
    private static func addBusy(_ table: inout Table, _ options: Options) throws {
        let pair = try NodePair(over: Loopback())
        let idle = (pair.near.resident, pair.far.resident)
        pair.near.say("files 1 \(1 << 50)")
        pause(max(1, options.seconds))
        for (side, before, child) in [("sender", idle.0, pair.near), ("receiver", idle.1, pair.far)] {
            let added = Double(child.resident - before) / 1024
            table.add(["a busy session, \(side) of a file at full speed", added.text(1), ""])
        }
    }
}
