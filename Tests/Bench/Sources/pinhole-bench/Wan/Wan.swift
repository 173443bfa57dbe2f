import Glibc

/// How much of a line that is slow, long and lossy the session takes, beside what a person would use instead; and what it
/// leaves to another on a narrow one.
///
/// Figures are 10^6 bits of payload a second that arrive at the receiving application, after a warm-up. A line's rate is
/// that of IP packets, so what a protocol puts around its payload counts against it.
enum Wan {
    /// Of the acceptance: 50 Mbit/s, 50 ms of round trip, a queue of 256 KiB (42 ms); the loss is in both directions.
    private static let rate = 50.0
    private static func line(loss: Double = 0, roundTrip: Double = 50) -> String {
        "rate=\(Int(rate))Mbit queue=256KiB delay=\(Int(roundTrip * 500))us loss=\(loss)%"
    }

    // MARK: Side by side

    /// Each contender at each loss, in turns.
    static func compare(_ options: Options) throws {
        let losses: [Double] = options.isQuick ? [1] : [0, 1, 2, 5]
        var results: [Contender: [Sample]] = [:]
        for contender in Contender.allCases where contender.missing == nil {
            results[contender] = losses.map { _ in Sample() }
        }
        for _ in 0..<options.rounds {
            for (index, loss) in losses.enumerated() {
                for contender in Contender.allCases where contender.missing == nil {
                    let value = try contender.measure(over: line(loss: loss), for: options.seconds)
                    results[contender]?[index].add(value)
                }
            }
        }
        var table = Table(
            "A line of 50 Mbit/s and 50 ms of round trip: Mbit/s of payload, median (lowest-highest) of "
                + "\(options.rounds) rounds of \(options.seconds) s",
            ["who"] + losses.map { "\($0.text(0)) % lost" })
        for contender in Contender.allCases {
            if let missing = contender.missing {
                table.add([contender.name] + losses.map { _ in missing })
            } else if let samples = results[contender] {
                table.add([contender.name] + samples.map { $0.text(1) })
            }
        }
        table.print()
        guard let ours = results[.pinhole] else { return }
        for (loss, part) in [(0.0, 0.95), (1, 0.92), (5, 0.85)] {
            guard let index = losses.firstIndex(of: loss) else { continue }
            Target(
                "\(loss.text(0)) % lost: part of the line's rate", ours[index].median / rate, atLeast: part, digits: 3
            ).print()
        }
        guard let bbr = results[.tcpBBR] else { return }
        for (index, loss) in losses.enumerated() {
            Target(
                "\(loss.text(0)) % lost: by TCP BBR", ours[index].ratio(to: bbr[index]).median, atLeast: 1
            ).print()
        }
    }

    // MARK: Sharing

    /// One session and one TCP CUBIC flow at a bottleneck of 10 Mbit/s.
    static func share(_ options: Options) throws {
        guard Contender.tcpCUBIC.missing == nil else { return }
        var table = Table(
            "A bottleneck of 10 Mbit/s, 50 ms of round trip and a queue of 100 ms, shared with one TCP CUBIC flow: "
                + "Mbit/s, \(shareSeconds.text()) s after \(shareWarmUp.text()) s",
            ["who comes first", "Pinhole", "TCP CUBIC", "Pinhole's share"])
        var shares = Sample()
        for isFirst in [true, false] {
            let link = try EmulatedLink("rate=10Mbit queue=100ms delay=25ms")
            let order: [Contender] = isFirst ? [.pinhole, .tcpCUBIC] : [.tcpCUBIC, .pinhole]
            var flows: [Contender: any Carrying] = [:]
            defer { for flow in flows.values { flow.end() } }
            for contender in order {
                flows[contender] = try contender.start(over: link)
                usleep(2_000_000)
            }
            usleep(UInt32(shareWarmUp * 1e6))
            let before = try flows.mapValues { flow throws(Child.Failure) in try flow.arrived() }
            usleep(UInt32(shareSeconds * 1e6))
            let after = try flows.mapValues { flow throws(Child.Failure) in try flow.arrived() }
            let rates = [Contender.pinhole, .tcpCUBIC].map { contender -> Double in
                guard let begin = before[contender], let end = after[contender] else { return .nan }
                return end.megabits(since: begin)
            }
            let share = rates[0] / (rates[0] + rates[1])
            shares.add(share)
            table.add([isFirst ? "Pinhole" : "TCP CUBIC", rates[0].text(2), rates[1].text(2), share.text(2)])
        }
        table.print()
        Target("share beside TCP CUBIC, at least", shares.low, atLeast: 0.3).print()
        Target("share beside TCP CUBIC, at most", shares.high, atMost: 0.7).print()
    }

    private static let shareWarmUp = 8.0
    private static let shareSeconds = 20.0

    // MARK: Growth

    /// What becomes of the rate as the round trip grows, and as the loss does.
    static func grow(_ options: Options, _ figure: inout Figure) throws {
        try grow(
            "round trip, ms", options.isQuick ? [50] : [0, 20, 50, 100, 200, 300], options, &figure
        ) { line(roundTrip: $0) }
        try grow(
            "loss each way, %", options.isQuick ? [1] : [0, 0.5, 1, 2, 5, 10], options, &figure
        ) { line(loss: $0) }
    }

    private static func grow(
        _ what: String, _ steps: [Double], _ options: Options, _ figure: inout Figure,
        _ conditions: (Double) -> String
    ) throws {
        let title = "A line of 50 Mbit/s by \(what)"
        var table = Table(
            "\(title): Mbit/s of payload, \(options.seconds) s after 4 s", ["who"] + steps.map { $0.text(1) })
        var plot = Plot(title: title, xLabel: what, yLabel: "Mbit/s of payload")
        for contender in [Contender.pinhole, .tcpBBR, .tcpCUBIC] where contender.missing == nil {
            var row = [contender.name]
            for step in steps {
                let value = try contender.measure(over: conditions(step), after: 4, for: options.seconds)
                row.append(value.text(1))
                plot.add(Sample([value]), at: step, to: contender.name)
            }
            table.add(row)
        }
        table.print()
        figure.add(plot)
    }
}
