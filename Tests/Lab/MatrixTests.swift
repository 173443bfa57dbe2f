import Foundation
import PinholeWire
import Simulator
import Testing

extension Laboratory {
    /// Every pair of routers: who connects, how soon, and what it costs the routers. Continuous integration tries most of
    /// them once; `LAB=full` tries all of them twenty times, one after another, and the simulator tries them too.
    ///
    /// ```
    ///   alice: chat bob ── router1 (any type) ──┐            ┌── router2 (any type) ── bob: listen
    ///                                           ├─ backbone ─┤
    ///                                 service ──┘            └  both have measured their networks; nobody has met
    /// ```
    @Suite(
        "matrix",
        .figures(
            "matrix: since the registration", "", "target", "connect", "p50", "worst", "told", "packets", "entries",
            "met", "simulator", "p50", "p99", "flows", "agree"))
    struct MatrixTests {
        private static let trials = Requirements.isFull ? 20 : 1
        private static let easy: [RouterType] = [.none, .fullCone, .addressFiltering, .home]
        private static let hard: [RouterType] = [.sequential, .block, .symmetric]

        @Test("no guess is needed")
        func easyPairs() async throws { try await run(RouterPair.pairs(Self.easy)) }

        @Test("a hard NAT, and a filter that lets its packets in")
        func openAndHard() async throws { try await run(RouterPair.pairs(Self.easy.dropLast(), Self.hard)) }

        @Test("a hard NAT and a home router")
        func homeAndHard() async throws { try await run(RouterPair.pairs([.home], Self.hard)) }

        @Test("two hard NATs whose ports can be foreseen", .fullOnly)
        func twoHard() async throws { try await run(RouterPair.pairs([.sequential, .block])) }

        @Test("two hard NATs, one of them random: both are told")
        func infeasible() async throws { try await run(RouterPair.pairs(Self.hard, [.symmetric])) }

        @Test("IPv6 on both sides")
        func ipv6() async throws { try await run(RouterPair.pairs([.ipv6Firewall, .dualStack])) }

        @Test("5 % of all packets are lost", .fullOnly)
        func loss() async throws {
            try await run(RouterPair.pairs(Self.easy) + RouterPair.pairs(Self.easy.dropLast(), Self.hard), loss: 5)
        }

        /// Tries each pair. Where a trial is mostly waiting and its times are not what counts, four are tried at once.
        private func run(_ pairs: [RouterPair], loss: Int = 0) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, pair) in pairs.enumerated() {
                    if index >= (Requirements.isFull ? 1 : 4) { try await group.next() }
                    group.addTask { try await run(pair, loss) }
                }
                try await group.waitForAll()
            }
        }

        /// Tries a pair, alternating who calls, and files what came of it.
        private func run(_ pair: RouterPair, _ loss: Int) async throws {
            var results = try await Network.run([pair.one, pair.other]) { network in
                var results = PairResults(pair: pair, loss: loss)
                let service = try SignalingService(on: network)
                let people = try Peer.pair(at: network.sites, of: network, service: service.address)
                let measurements = try [people.alice, people.bob].map { try $0.start(["netcheck"]) }
                for measurement in measurements {
                    _ = try network.reactor.exitStatus(of: measurement, within: .seconds(30))
                }
                if loss > 0 { try network.lose(percent: loss) }
                for trial in 0..<Self.trials {
                    let (caller, callee) = trial % 2 == 0 ? (people.alice, people.bob) : (people.bob, people.alice)
                    results.attempts.append(try Attempt(network, caller, calls: callee))
                }
                return results
            }
            if Requirements.isFull {
                results.simulated = await Matrix([pair.cell], seeds: 0..<100, loss: Double(loss) / 100).run().first
            }
            results.file()
            results.judge()
        }
    }
}

/// What came of the trials of one pair.
private struct PairResults {
    let pair: RouterPair
    /// The share of packets that are lost, in per cent.
    let loss: Int
    var attempts: [Attempt] = []
    var simulated: CellReport?

    private var target: Target { loss == 0 ? pair.cell.target : pair.cell.lossTarget ?? .bestEffort }
    private var times: [Duration] { attempts.filter(\.isConnected).map(\.duration).sorted() }
    private var failures: [Attempt] { attempts.filter { !$0.isConnected } }

    private func share(within limit: Duration = .seconds(3600)) -> Double {
        Double(times.count { $0 <= limit }) / Double(max(attempts.count, 1))
    }

    /// What must hold on any machine, with one failure more than the share allows of few trials: times are judged in the
    /// table alone, but for the ten seconds that a person was promised.
    func judge() {
        for attempt in failures {
            #expect(attempt.outcome.exitCode == 79, "\(pair): \(attempt)")
            #expect(attempt.duration < .seconds(12), "\(pair): \(attempt)")
        }
        switch target {
        case .connects(let goals):
            let wanted = goals.map(\.share).max() ?? 1
            let allowed = wanted == 1 ? 0 : Int((1 - wanted) * Double(attempts.count)) + (attempts.count > 1 ? 1 : 0)
            #expect(failures.count <= allowed, "\(pair): \(failures)")
        case .isTold: #expect(failures.count == attempts.count, "\(pair) connected")
        case .bestEffort: break
        }
    }

    /// Whether all that was wanted came true, the times included.
    private var isMet: Bool {
        switch target {
        case .connects(let goals): goals.allSatisfy { share(within: $0.within) >= $0.share }
        case .isTold(let limit): attempts.allSatisfy { !$0.isConnected && $0.duration <= limit }
        case .bestEffort: true
        }
    }

    func file() {
        let milliseconds = { (time: Duration?) in time.map { "\(Int(($0 / .milliseconds(1)).rounded()))" } ?? "–" }
        let lab = [
            pair.description + (loss > 0 ? " −\(loss) %" : ""), "\(target)", "\(times.count)/\(attempts.count)",
            milliseconds(times.isEmpty ? nil : times[times.count / 2]), milliseconds(times.last),
            milliseconds(failures.map(\.duration).max()), "\(attempts.flatMap(\.packets).max() ?? 0)",
            "\(attempts.flatMap(\.entries).max() ?? 0)", isMet ? "yes" : "NO",
        ]
        let other = simulated.map { report in
            [
                "\(Int((report.share() * 100).rounded())) %", milliseconds(report.time(0.5)),
                milliseconds(report.time(0.99)), "\(report.maxFlows)", agrees(with: report) ? "yes" : "NO",
            ]
        }
        Figures.note(lab + (other ?? []))
    }

    /// Whether the laboratory's successes are no rarer and no more frequent than chance explains, at three standard
    /// deviations, and its median is not far from the simulator's.
    private func agrees(with report: CellReport) -> Bool {
        let (count, others) = (Double(attempts.count), Double(report.outcomes.count))
        let common = (share() * count + report.share() * others) / (count + others)
        let deviation = (common * (1 - common) * (1 / count + 1 / others)).squareRoot()
        guard abs(share() - report.share()) <= 3 * deviation + 1e-9 else { return false }
        guard let expected = report.time(0.5), !times.isEmpty else { return true }
        let median = times[times.count / 2]
        return median <= expected * 2 + .milliseconds(100) && expected <= median * 2 + .milliseconds(100)
    }
}
