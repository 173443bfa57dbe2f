import ArgumentParser
import Simulator

/// `swift run -c release simulator`.
@main
struct SimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulator",
        abstract: "Lets peers behind every pair of NATs meet in virtual time, and says whether the targets are met.")

    @Option(help: "How many seeds each cell is tried with.")
    var seeds: UInt64 = 300

    @Option(name: .customLong("cell"), help: "Only this pair of network types, as PxS; may be repeated.")
    var cells: [String] = []

    @Option(
        help: "The share of datagrams that are lost, in per cent; default: the whole matrix with none, then with 5.")
    var loss: Double?

    @Option(help: "Replays one trial of each cell, and prints all that happens.")
    var seed: UInt64?

    @Option(help: "Replays one recovery by its name with the given seed, and prints all that happens after the event.")
    var recovery: String?

    @Option(help: "Instead: runs so many random worlds, and says what was not as it must be.")
    var worlds: UInt64?

    @Option(help: "Replays one random world, and prints all that happens.")
    var world: UInt64?

    @Option(help: "How many deeds befall a random world.")
    var deeds = 40

    mutating func validate() throws {
        if let recovery, Recovery(rawValue: recovery) == nil {
            let names = Recovery.allCases.map { "  \($0.rawValue)" }.joined(separator: "\n")
            throw ValidationError("no such recovery: \(recovery); there are\n\(names)")
        }
        for cell in cells where Cell(cell) == nil {
            let types = NetworkType.allCases.map(\.rawValue).joined(separator: " ")
            throw ValidationError("no such pair of types: \(cell); the types are \(types)")
        }
        if seeds == 0 { throw ValidationError("--seeds is at least 1") }
        if let loss, !(0...100).contains(loss) { throw ValidationError("--loss is from 0 to 100") }
    }

    func run() async throws {
        if let world { return try replay(world: world) }
        if let worlds { return try await tryWorlds(worlds) }
        let chosen = cells.isEmpty ? Cell.all : cells.compactMap { Cell($0) }
        if let recovery = recovery.flatMap(Recovery.init) { return replay(recovery, seed ?? 0) }
        if let seed { return replay(chosen, seed) }
        var isMet = true
        for loss in loss.map({ [$0 / 100] }) ?? [0, 0.05] {
            let cells = loss == 0 || !self.cells.isEmpty ? chosen : chosen.filter { $0.lossTarget != nil }
            let clock = ContinuousClock()
            var reports: [CellReport] = []
            let time = await clock.measure {
                reports = await Matrix(cells, seeds: 0..<seeds, loss: loss).run()
            }
            print("\(percent(loss)) of datagrams lost, \(seeds) seeds a cell, took \(format(time))\n")
            print(Table.text(reports))
            print()
            for report in reports where !report.isMet { explain(report, loss) }
            isMet = isMet && reports.allSatisfy(\.isMet)
        }
        if cells.isEmpty, loss == nil { isMet = await measureRecovery() && isMet }
        if !isMet { throw ExitCode.failure }
    }

    private func measureRecovery() async -> Bool {
        let recoveries = await RecoveryReport.all(seeds: 0..<max(1, seeds / 3))
        print("Recovery, from the event to the first byte delivered\n")
        print(Table.text(recoveries))
        for report in recoveries where !report.failedSeeds.isEmpty {
            print("\(report.recovery.rawValue): not recovered with seeds \(report.failedSeeds.prefix(5))")
        }
        print("\nIdle traffic between two peers, both directions\n")
        let idle = [30, 60, 120, 180, 300].map { IdleTraffic.measure(lifetime: .seconds($0), seed: 1) }
        for idle in idle {
            let rate = (idle.bytesPerSecond * 100).rounded() / 100
            let target = idle.lifetime >= .seconds(110) ? ", target ≤ 1: \(idle.isMet ? "met" : "NOT met")" : ""
            print("mappings live \(format(idle.lifetime)): \(rate) bytes/s, \(idle.packets) packets an hour\(target)")
            if !idle.isConnected { print("  and the session was lost") }
        }
        return recoveries.allSatisfy(\.isMet) && idle.allSatisfy(\.isMet)
    }

    private func replay(world seed: UInt64) throws {
        do throws(RandomWorld.Violation) {
            print(try RandomWorld.run(seed: seed, deeds: deeds) { print("  \($0)") })
        } catch {
            print(error)
            throw ExitCode.failure
        }
    }

    private func tryWorlds(_ count: UInt64) async throws {
        let deeds = deeds
        let violations = await withTaskGroup(of: [RandomWorld.Violation].self) { group in
            let parts: UInt64 = 2
            for part in 0..<parts {
                group.addTask {
                    stride(from: part, to: count, by: Int(parts)).compactMap { seed in
                        do throws(RandomWorld.Violation) {
                            _ = try RandomWorld.run(seed: seed, deeds: deeds)
                            return nil
                        } catch {
                            print("seed \(error.seed): \(error.sentence)")
                            return error
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        print("\(count) random worlds of \(deeds) deeds, \(violations.count) not as they must be")
        if let first = violations.first {
            print("replay: simulator --world \(first.seed)")
            throw ExitCode.failure
        }
    }

    private func explain(_ report: CellReport, _ loss: Double) {
        print("\(report.cell): \(report.misses.count) of \(report.outcomes.count) not as wanted")
        for outcome in report.misses.prefix(3) {
            print("  seed \(outcome.seed): \(outcome.ending)")
        }
        let suffix = loss == 0 ? "" : " --loss \(loss * 100)"
        if let first = report.misses.first {
            print("  replay: simulator --cell \(report.cell) --seed \(first.seed)\(suffix)")
        }
    }

    private func replay(_ recovery: Recovery, _ seed: UInt64) {
        let time = recovery.run(seed: seed) { print("  \($0)") }
        print(time.map { "recovered after \(format($0))" } ?? "not recovered")
    }

    private func replay(_ cells: [Cell], _ seed: UInt64) {
        for cell in cells {
            print("\(cell), seed \(seed)")
            let outcome = Trial(cell, seed: seed, loss: (loss ?? 0) / 100).run { print("  \($0)") }
            print("\(outcome.ending), \(outcome.packets) packets, \(outcome.flows) NAT entries\n")
        }
    }
}
