import Foundation
import PinholeWire
import Testing

extension Laboratory {
    /// Every pair of routers: who connects, how soon, and what it costs the routers. Continuous integration tries each of
    /// the pairs that need guessing once; `LAB=full` tries all of them often.
    ///
    /// ```
    ///   alice: ping bob ── router1 (any type) ──┐            ┌── router2 (any type) ── bob: listen
    ///                                           ├─ backbone ─┤
    ///                                 service ──┘            └  all profiles and routers are new in each trial
    /// ```
    @Suite(
        "matrix",
        .figures(
            "matrix", "pair", "connected", "p50 ms", "worst ms", "packets", "entries", "gave up ms", "target", ""))
    struct MatrixTests {
        /// Whether everything is tried that a machine can try, however long it takes.
        static let isFull = ProcessInfo.processInfo.environment["LAB"] == "full"
        private static let trials = isFull ? 20 : 1
        private static let easy: [RouterType] = [.none, .fullCone, .addressFiltering, .home]
        private static let hard: [RouterType] = [.sequential, .block, .symmetric]

        @Test("no guess is needed", .enabled(if: isFull, "LAB=full"), arguments: Cell.pairs(easy))
        func easyPair(_ cell: Cell) async throws {
            try await run(cell, .always(within: .milliseconds(200)))
        }

        @Test("one hard NAT, and a filter that its packets get through", arguments: Cell.pairs(easy.dropLast(), hard))
        func openAndHard(_ cell: Cell) async throws {
            try await run(cell, .always(within: .milliseconds(400)))
        }

        @Test(
            "one hard NAT and a home router", .enabled(if: isFull, "LAB=full"),
            arguments: [
                (RouterType.sequential, Target.mostly(0.99, within: .milliseconds(1500))),
                (.block, .mostly(0.99, within: .seconds(1))), (.symmetric, .mostly(0.98, within: .seconds(3))),
            ])
        func homeAndHard(_ type: RouterType, _ target: Target) async throws {
            try await run(Cell(one: .home, other: type), target)
        }

        @Test(
            "two hard NATs whose ports can be foreseen", .enabled(if: isFull, "LAB=full"),
            arguments: [
                (Cell(one: .sequential, other: .sequential), Target.mostly(0.9, within: .seconds(5))),
                (Cell(one: .block, other: .block), .mostly(0.63, within: .seconds(5))),
                (Cell(one: .sequential, other: .block), .sometimes),
            ])
        func twoHard(_ cell: Cell, _ target: Target) async throws {
            try await run(cell, target)
        }

        @Test("two hard NATs, one of them random: said so in time", arguments: Cell.pairs([.symmetric], hard))
        func infeasible(_ cell: Cell) async throws {
            try await run(cell, .never(within: .seconds(10)))
        }

        @Test("IPv6 on both sides", arguments: Cell.pairs([.ipv6Firewall, .dualStack]))
        func ipv6(_ cell: Cell) async throws {
            try await run(cell, .always(within: .milliseconds(200)))
        }

        @Test(
            "5 % of all packets are lost", .enabled(if: isFull, "LAB=full"),
            arguments: Cell.pairs(easy) + Cell.pairs(easy.dropLast(), hard))
        func loss(_ cell: Cell) async throws {
            try await run(cell, .mostly(0.99, within: .seconds(4)), loss: 5)
        }

        /// Tries a cell, alternating who calls, and files what came of it.
        private func run(_ cell: Cell, _ target: Target, loss: Int = 0) async throws {
            try await Network.run([cell.one, cell.other]) { network in
                let service = try SignalingService(on: network)
                if loss > 0 { try network.lose(percent: loss) }
                var results = CellResults(cell: cell, target: target, loss: loss)
                defer { results.file() }
                for trial in 0..<Self.trials {
                    let sites = trial % 2 == 0 ? network.sites : network.sites.reversed()
                    results.attempts.append(try Attempt(network, at: sites, service: service))
                }
                results.judge()
            }
        }
    }
}

/// A pair of routers.
struct Cell: CustomTestStringConvertible, Sendable {
    let one: RouterType
    let other: RouterType
    var testDescription: String { "\(one.letter)–\(other.letter)" }

    /// Each of the types with itself and those behind it.
    static func pairs(_ types: [RouterType]) -> [Cell] {
        types.indices.flatMap { index in types[index...].map { Cell(one: types[index], other: $0) } }
    }

    static func pairs(_ types: some Collection<RouterType>, _ others: [RouterType]) -> [Cell] {
        types.flatMap { one in others.map { Cell(one: one, other: $0) } }
    }
}

/// What the design promises of a pair, on a machine that has nothing else to do.
enum Target: Sendable {
    case always(within: Duration)
    /// A share of all attempts.
    case mostly(Double, within: Duration)
    /// As often as it may be.
    case sometimes
    /// There is no way, and both are told.
    case never(within: Duration)
}

/// What came of the trials of one pair.
struct CellResults {
    let cell: Cell
    let target: Target
    let loss: Int
    var attempts: [Attempt] = []

    private var times: [Duration] { attempts.compactMap(\.connectTime).sorted() }

    /// What must hold on any machine: times are for the table alone, but for the ten seconds that a person was promised.
    func judge() {
        let failures = attempts.filter { $0.path == nil }
        for attempt in failures {
            #expect(attempt.status == .exited(79), "\(cell.testDescription): \(attempt)")
            #expect(attempt.complaint?.contains("bob") == true, "\(cell.testDescription): \(attempt)")
            #expect(attempt.duration < .seconds(12), "\(cell.testDescription): \(attempt)")
        }
        switch target {
        case .always: #expect(failures.isEmpty, "\(cell.testDescription): \(failures)")
        case .mostly(let share, _):
            // Of few trials one more may fail than the share says.
            let allowed = Int((1 - share) * Double(attempts.count)) + (attempts.count > 1 ? 1 : 0)
            #expect(failures.count <= allowed, "\(cell.testDescription): \(failures)")
        case .sometimes: break
        case .never: #expect(failures.count == attempts.count, "\(cell.testDescription) connected")
        }
    }

    func file() {
        let times = times
        func milliseconds(_ time: Duration?) -> String {
            time.map { "\(Int(($0 / .milliseconds(1)).rounded()))" } ?? "–"
        }
        func most(_ values: KeyPath<Attempt, [Int]>) -> String {
            "\(attempts.flatMap { $0[keyPath: values] }.max() ?? 0)"
        }
        let givenUp = attempts.filter { $0.path == nil }.map(\.duration).max()
        let name = cell.testDescription + (loss > 0 ? ", \(loss) % lost" : "")
        Figures.note([
            name, "\(times.count)/\(attempts.count)", milliseconds(times.isEmpty ? nil : times[times.count / 2]),
            milliseconds(times.last), most(\.packets), most(\.entries), milliseconds(givenUp), "\(target)",
            isMet ? "met" : "not met",
        ])
    }

    private var isMet: Bool {
        func share(within limit: Duration) -> Double {
            Double(times.filter { $0 <= limit }.count) / Double(max(attempts.count, 1))
        }
        return switch target {
        case .always(let limit): share(within: limit) == 1
        case .mostly(let wanted, let limit): share(within: limit) >= wanted
        case .sometimes: true
        case .never(let limit): !attempts.isEmpty && attempts.allSatisfy { $0.path == nil && $0.duration <= limit }
        }
    }
}

extension Target: CustomStringConvertible {
    var description: String {
        switch self {
        case .always(let limit): "100 % ≤ \(limit / .seconds(1)) s"
        case .mostly(let share, let limit): "\(Int(share * 100)) % ≤ \(limit / .seconds(1)) s"
        case .sometimes: "best effort"
        case .never(let limit): "said ≤ \(limit / .seconds(1)) s"
        }
    }
}
