/// How fast one session carries a file, against the bare loop at the same size of datagrams.
enum Throughput {
    static func run(_ options: Options) throws {
        let veth = PinnedLink(VethPair.orLoopback())
        try run(over: veth, options)
        if veth.name != Loopback().name { try run(over: PinnedLink(Loopback()), options) }
        try measureAllocations(over: veth, options)
    }

    private struct Contestant {
        let name: String
        var megabits = Sample()
        var cpu = Sample()
        var datagramSize = 0

        mutating func add(_ flow: Flow) {
            megabits.add(flow.megabits)
            cpu.add(flow.cpuPerGiB)
            datagramSize = flow.datagramSize
        }

        func row(against bound: Contestant) -> [String] {
            [
                name, "\(datagramSize)", megabits.text(), megabits.ratio(to: bound.megabits).text(2), cpu.text(2),
                cpu.ratio(to: bound.cpu).text(2),
            ]
        }
    }

    private static func run(over link: any Link, _ options: Options) throws {
        var session = Contestant(name: "one session, one file")
        var bound = Contestant(name: "bare loop, same datagrams (the bound)")
        var plain = Contestant(name: "bare loop, 1200 bytes")
        var single = Contestant(name: "bare loop, 1200 bytes, without GSO")
        for _ in 0..<options.rounds {
            let flow = try measureSession(over: link, options)
            session.add(flow)
            bound.add(try BareProcess.measure(.init(size: flow.datagramSize), over: link, seconds: options.seconds))
            plain.add(try BareProcess.measure(.init(size: 1200), over: link, seconds: options.seconds))
            single.add(
                try BareProcess.measure(.init(size: 1200, segments: false), over: link, seconds: options.seconds))
        }
        var table = Table(
            "Bulk over \(link.name), each side on a core of its own: median (lowest-highest) of \(options.rounds) rounds "
                + "of \(options.seconds) s",
            ["what", "datagram, B", "Mbit/s", "of the bound", "CPU s/GiB, both sides", "of the bound"])
        for contestant in [session, bound, plain, single] { table.add(contestant.row(against: bound)) }
        table.print()
        guard link.name == "veth" else { return }
        Target(
            "bulk over veth, part of the bare loop", session.megabits.ratio(to: bound.megabits).median, atLeast: 0.70
        ).print()
    }

    /// Each counted allocation costs time, so this is a run of its own.
    private static func measureAllocations(over link: any Link, _ options: Options) throws {
        let flow = try measureSession(over: link, countsAllocations: true, options)
        var table = Table(
            "Memory that a steady flow takes anew, for each 10^5 datagrams of data",
            ["side", "datagrams sent", "allocations", "bytes"])
        let scale = 1e5 / flow.datagrams
        let sides = [
            ("sender", flow.senderAllocations, flow.senderAllocated),
            ("receiver", flow.receiverAllocations, flow.receiverAllocated),
        ]
        for (side, allocations, bytes) in sides {
            table.add([side, flow.datagrams.text(), (allocations * scale).text(), (bytes * scale).text()])
        }
        table.print()
        Target("allocations for 10^5 datagrams, both sides", flow.allocationsPer100k, atMost: 0, digits: 0).print()
    }

    /// A file without end through one session, after slow start.
    static func measureSession(
        over link: any Link, countsAllocations: Bool = false, _ options: Options
    ) throws(Child.Failure) -> Flow {
        let pair = try NodePair(over: link, countsAllocations: countsAllocations)
        pair.near.say("files 1 \(1 << 50)")
        pause(0.7)
        return try Flow.watch(pair.near, pair.far, seconds: options.seconds)
    }
}
