/// What a session adds to the time that a datagram takes there and back.
enum Latency {
    static func run(_ options: Options) throws {
        let link = PinnedLink(VethPair.orLoopback())
        let count = options.isQuick ? 200 : 3000
        var session = (median: Sample(), high: Sample())
        var raw = (median: Sample(), high: Sample())
        let pair = try NodePair(over: link)
        for _ in 0..<options.rounds {
            let bare = try measureRaw(count, over: link)
            raw.median.add(bare.percentile(50))
            raw.high.add(bare.percentile(99))
            let times = try measureSession(count, of: pair)
            session.median.add(times.percentile(50))
            session.high.add(times.percentile(99))
        }
        let added = (median: session.median.minus(raw.median), high: session.high.minus(raw.high))
        var table = Table(
            "There and back over \(link.name), \(count) times, one after the other, each side on a core of its own "
                + "(median, lowest-highest of \(options.rounds))", ["what", "p50, us", "p99, us"])
        table.add(["chat message and answer through a session", session.median.text(1), session.high.text(1)])
        table.add(["raw UDP, \(datagramSize) bytes (the bound)", raw.median.text(1), raw.high.text(1)])
        table.add(["added", added.median.text(1), added.high.text(1)])
        let ratio = (median: session.median.ratio(to: raw.median), high: session.high.ratio(to: raw.high))
        table.add(["ratio to the bound", ratio.median.text(2), ratio.high.text(2)])
        table.print()
        Target("added to a raw UDP ping-pong, p50", added.median.median, atMost: 25, digits: 1, unit: " us").print()
    }

    /// In microseconds.
    static func measureSession(_ count: Int, of pair: NodePair) throws -> Sample {
        pair.far.say("echo")
        pair.near.say("ping 16 \(count)")
        _ = try pair.near.hear("talked", within: 60)
        pair.near.say("times")
        return Sample(try pair.near.hear("times").compactMap { Double($0).map { $0 / 1000 } })
    }

    static func measureRaw(_ count: Int, over link: any Link) throws -> Sample {
        let far = try Child([Role.reply.rawValue, link.far.address], in: link.far)
        let address = try far.hear("ready")[0]
        let near = try Child(
            [Role.ping.rawValue, link.near.address, address, "\(datagramSize)", "\(count)"], in: link.near)
        return Sample(try near.hear("times", within: 60).compactMap { Double($0).map { $0 / 1000 } })
    }

    /// What a short message is on the wire.
    private static let datagramSize = 93
}
