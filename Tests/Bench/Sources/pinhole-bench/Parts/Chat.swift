/// How late a chat line is while a file takes all that it can get, one way, from the moment in which it is handed over.
enum Chat {
    static func run(_ options: Options) throws {
        let link = VethPair.orLoopback()
        var alone = (median: Sample(), high: Sample())
        var beside = (median: Sample(), high: Sample())
        var trip = Sample()
        var speed = Sample()
        for _ in 0..<options.rounds {
            trip.add(try Latency.measureRaw(500, over: link).median / 1000)
            let pair = try NodePair(over: link)
            let quiet = try measure(pair, options)
            alone.median.add(quiet.percentile(50))
            alone.high.add(quiet.percentile(99))
            pair.near.say("files 1 \(1 << 50)")
            pause(0.7)
            let before = (try pair.near.mark(), try pair.far.mark())
            let loaded = try measure(pair, options)
            let after = (try pair.near.mark(), try pair.far.mark())
            speed.add(Flow(sender: (before.0, after.0), receiver: (before.1, after.1)).megabits)
            beside.median.add(loaded.percentile(50))
            beside.high.add(loaded.percentile(99))
        }
        var table = Table(
            "A chat line every 5 ms over \(link.name), one way (median, lowest-highest of \(options.rounds))",
            ["beside", "p50, ms", "p99, ms", "p50 by raw UDP", "file, Mbit/s"])
        table.add(["nothing", alone.median.text(3), alone.high.text(3), alone.median.ratio(to: trip).text(2), ""])
        table.add([
            "a file at full speed", beside.median.text(3), beside.high.text(3), beside.median.ratio(to: trip).text(2),
            speed.text(),
        ])
        table.add(["raw UDP, there and back", trip.text(3), "", "", ""])
        table.print()
        let allowed = Sample(zip(alone.high.values, trip.values).map { $0 + $1 + 10 }).median
        Target(
            "p99 of a chat line beside a file (at most what it is alone, one round trip and 10 ms)",
            beside.high.median, atMost: allowed, digits: 2, unit: " ms"
        ).print()
    }

    /// In milliseconds.
    private static func measure(_ pair: NodePair, _ options: Options) throws -> Sample {
        pair.far.say("listen")
        for _ in 0..<Int(options.seconds * 200) {
            pair.near.say("chat 100")
            pause(0.005)
        }
        pause(0.3)
        pair.far.say("times")
        return Sample(try pair.far.hear("times").compactMap { Double($0).map { $0 / 1e6 } })
    }
}
