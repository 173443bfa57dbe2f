/// Many trials of many cells, on all cores.
package struct Matrix: Sendable {
    package var cells: [Cell]
    package var seeds: Range<UInt64>
    package var loss = 0.0

    package init(_ cells: [Cell] = Cell.all, seeds: Range<UInt64>, loss: Double = 0) {
        self.cells = cells
        self.seeds = seeds
        self.loss = loss
    }

    /// Trials are handed out in pieces small enough that no core waits long for the other.
    private static let piece: UInt64 = 10

    package func run() async -> [CellReport] {
        await withTaskGroup(of: (Cell, [Trial.Outcome]).self) { group in
            for cell in cells {
                for start in stride(from: seeds.lowerBound, to: seeds.upperBound, by: UInt64.Stride(Self.piece)) {
                    let piece = start..<min(start + Self.piece, seeds.upperBound)
                    group.addTask { (cell, piece.map { Trial(cell, seed: $0, loss: loss).run() }) }
                }
            }
            var outcomes: [Cell: [Trial.Outcome]] = [:]
            for await (cell, some) in group { outcomes[cell, default: []] += some }
            return cells.map { cell in
                let target = loss == 0 ? cell.target : cell.lossTarget ?? .bestEffort
                return CellReport(cell, target, (outcomes[cell] ?? []).sorted { $0.seed < $1.seed })
            }
        }
    }
}

/// What came out for a cell, and whether that is what is wanted.
package struct CellReport: Sendable {
    package let cell: Cell
    package let target: Target
    package let outcomes: [Trial.Outcome]
    /// Sorted.
    private let times: [Duration]

    init(_ cell: Cell, _ target: Target, _ outcomes: [Trial.Outcome]) {
        self.cell = cell
        self.target = target
        self.outcomes = outcomes
        times = outcomes.compactMap(\.time).sorted()
    }

    /// The share of trials that connected, within a time if one is given.
    package func share(within limit: Duration = .seconds(3600)) -> Double {
        outcomes.isEmpty ? 0 : Double(times.count { $0 <= limit }) / Double(outcomes.count)
    }

    /// The time within which this share of those that connected did so.
    package func time(_ quantile: Double) -> Duration? {
        times.isEmpty ? nil : times[min(times.count - 1, Int(quantile * Double(times.count)))]
    }

    package func packets(_ quantile: Double) -> Int {
        let packets = outcomes.map(\.packets).sorted()
        return packets.isEmpty ? 0 : packets[min(packets.count - 1, Int(quantile * Double(packets.count)))]
    }

    package var maxFlows: Int { outcomes.map(\.flows).max() ?? 0 }

    package var isMet: Bool {
        switch target {
        case .connects(let goals): goals.allSatisfy { share(within: $0.within) >= $0.share }
        case .isTold, .bestEffort: misses.isEmpty
        }
    }

    /// The trials that did not go as wanted.
    package var misses: [Trial.Outcome] { outcomes.filter { !isAsWanted($0) } }

    private func isAsWanted(_ outcome: Trial.Outcome) -> Bool {
        switch (target, outcome.ending) {
        case (_, .mute), (_, .undecided): return false
        case (.connects(let goals), .connected(let time)): return time <= goals.map(\.within).max() ?? .zero
        case (.connects, .failed), (.isTold, .connected): return false
        case (.bestEffort, .connected): return true
        case (.isTold(let limit), .failed(let reason, let time)):
            return time <= limit && cell.isRight(reason, callerIsFirst: outcome.seed.isMultiple(of: 2))
        case (.bestEffort, .failed(let reason, let time)):
            return time <= .seconds(10) && cell.isRight(reason, callerIsFirst: outcome.seed.isMultiple(of: 2))
        }
    }
}
