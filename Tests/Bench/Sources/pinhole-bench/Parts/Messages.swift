/// How many chat messages a second pass one way on one stream: the core and the loop, without the disk on which the
/// application keeps what it sends and receives.
enum Messages {
    static let sizes = [1, 16, 256, 1024, 4096, 16_384, 65_536]

    static func run(_ options: Options, _ figure: inout Figure) throws {
        let link = VethPair.orLoopback()
        let sizes = options.isQuick ? [16, 65_536] : sizes
        var session: [Int: Sample] = [:]
        var bound: [Int: Sample] = [:]
        for _ in 0..<options.rounds {
            for size in sizes {
                session[size, default: Sample()].add(try measure(size, over: link, options))
                bound[size, default: Sample()].add(try measureBare(size, over: link, options))
            }
        }
        var table = Table(
            "Messages one way on one stream over \(link.name), each confirmed by its receipt "
                + "(median, lowest-highest of \(options.rounds))",
            ["body, B", "messages/s", "MB/s", "one sealed datagram each, messages/s (the bound)", "ratio"])
        var rates = Plot(
            title: "Messages one way on one stream", xLabel: "size of a message, bytes", yLabel: "messages/s",
            xScale: .logarithmic, yScale: .logarithmic)
        for size in sizes {
            let (session, bound) = (session[size] ?? Sample(), bound[size] ?? Sample())
            let megabytes = Sample(session.values.map { $0 * Double(size) / 1e6 })
            table.add([
                "\(size)", session.text(), megabytes.text(1), bound.text(), session.ratio(to: bound).text(2),
            ])
            rates.add(session, at: Double(size), to: "session")
            rates.add(bound, at: Double(size), to: "one sealed datagram each")
        }
        table.print()
        Target(
            "messages/s of 16 bytes, one way on one stream", session[16]?.median ?? 0, atLeast: 200_000, digits: 0
        ).print()
        figure.add(rates)
    }

    /// As many messages on their way as fit 2 MB, at most 4096.
    private static func measure(_ size: Int, over link: any Link, _ options: Options) throws -> Double {
        let pair = try NodePair(over: link)
        pair.near.say("flood \(size) \(min(4096, max(16, 2_000_000 / size)))")
        pause(0.5)
        let flow = try Flow.watch(pair.near, pair.far, seconds: options.seconds)
        return flow.messages / flow.seconds
    }

    /// What a bare loop carries with a datagram for each message, or several where it needs them.
    private static func measureBare(_ size: Int, over link: any Link, _ options: Options) throws -> Double {
        let datagram = min(size + recordOverhead + BareProcess.overhead, 1200)
        let flow = try BareProcess.measure(.init(size: datagram), over: link, seconds: options.seconds)
        return flow.bytes / flow.seconds / Double(size + recordOverhead)
    }

    /// Length, name and time of a message.
    private static let recordOverhead = 25
}
