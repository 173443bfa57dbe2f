/// What becomes of speed and latency as there is more of everything. Round trips and losses grow in ``Wan``.
enum Growth {
    static func run(_ options: Options, _ figure: inout Figure) throws {
        try growSessions(options, &figure)
        try growFiles(options, &figure)
    }

    /// Sessions on one node: messages on all of them, a file on one, and there and back on one while the others idle.
    private static func growSessions(_ options: Options, _ figure: inout Figure) throws {
        let steps = [1, 10, 100, 1000, 10_000].filter { $0 < options.sessions } + [options.sessions]
        var table = Table(
            "Sessions on one node, loopback (\(options.seconds) s each)",
            ["sessions", "messages/s, all together", "there and back, p50, us", "p99, us"])
        var rate = Plot(
            title: "One node, many sessions", xLabel: "sessions", yLabel: "messages/s, all together",
            xScale: .logarithmic)
        var latency = Plot(
            title: "There and back beside idle sessions", xLabel: "sessions", yLabel: "microseconds",
            xScale: .logarithmic)
        var assembly = try Assembly()
        do {
            for count in steps {
                let (messages, times) = try measure(count, of: &assembly, options)
                table.add(["\(count)", messages.text(), times.median.text(1), times.percentile(99).text(1)])
                rate.add(Sample([messages]), at: Double(count), to: "16-byte messages, each answered")
                latency.add(Sample([times.median]), at: Double(count), to: "p50")
                latency.add(Sample([times.percentile(99)]), at: Double(count), to: "p99")
            }
        } catch {
            // What was reached before counts.
            table.add(["more", "\(error)", "", ""])
        }
        table.print()
        figure.add(rate)
        figure.add(latency)
    }

    /// With `count` sessions: messages a second on all of them, and the microseconds there and back on one.
    private static func measure(
        _ count: Int, of assembly: inout Assembly, _ options: Options
    ) throws -> (messages: Double, times: Sample) {
        try assembly.addContacts(upTo: count)
        try assembly.connect()
        pause(0.5)
        assembly.node.say("ping 16 \(options.isQuick ? 100 : 2000)")
        _ = try assembly.node.hear("talked", within: 60)
        assembly.node.say("times")
        let times = Sample(try assembly.node.hear("times").compactMap { Double($0).map { $0 / 1000 } })
        // Many on few sessions, few on many: about as much is on its way.
        assembly.node.say("spread 16 \(max(1, 2048 / count))")
        pause(0.5)
        let messages = try assembly.messageRate(over: options.seconds)
        assembly.node.say("quiet")
        pause(0.5)
        return (messages, times)
    }

    private static func growFiles(_ options: Options, _ figure: inout Figure) throws {
        let link = VethPair.orLoopback()
        let steps = options.isQuick ? [1, 8] : [1, 2, 4, 8, 16, 32, 64]
        var results = steps.map { _ in Sample() }
        for _ in 0..<min(options.rounds, 3) {
            for (index, count) in steps.enumerated() {
                let pair = try NodePair(over: link)
                pair.near.say("files \(count) \(1 << 50)")
                pause(0.7)
                results[index].add(try Flow.watch(pair.near, pair.far, seconds: options.seconds).megabits)
            }
        }
        var table = Table("Files at once through one session over \(link.name)", ["files", "Mbit/s, all together"])
        var plot = Plot(
            title: "Files at once through one session", xLabel: "files", yLabel: "Mbit/s, all together",
            xScale: .logarithmic)
        for (count, speed) in zip(steps, results) {
            table.add(["\(count)", speed.text()])
            plot.add(speed, at: Double(count), to: "all files")
        }
        table.print()
        figure.add(plot)
    }
}
