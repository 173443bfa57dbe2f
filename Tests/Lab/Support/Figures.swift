import Synchronization
import Testing

/// Figures that the tests of a suite measure, printed as one table when the suite is done: each with what it should be
/// on a machine that has nothing else to do.
struct Figures: SuiteTrait, TestScoping {
    let title: String
    let heading: [String]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let result: Result<Void, any Error>
        do { result = .success(try await function()) } catch { result = .failure(error) }
        printTable()
        try result.get()
    }

    /// Notes how long something took.
    static func note(_ what: String, _ time: Duration, target: Duration? = nil) {
        let figure = "\(Int((time / .milliseconds(1)).rounded())) ms"
        let verdict = target.map { "≤ \(Int($0 / .milliseconds(1))) ms: \(time <= $0 ? "met" : "not met")" }
        note([what, figure, verdict ?? "–"])
    }

    /// Notes a row of cells, under the suite's heading.
    static func note(_ row: [String]) {
        rows.withLock { $0.append(row) }
    }

    private static let rows = Mutex<[[String]]>([])

    private func printTable() {
        let rows = Self.rows.withLock { rows in
            defer { rows = [] }
            return rows
        }
        guard !rows.isEmpty else { return }
        print("\n\(title); round trip \(Network.roundTrip)\n" + Table([heading] + rows).text)
    }
}

extension Trait where Self == Figures {
    static func figures(_ title: String, _ heading: String...) -> Figures { Figures(title: title, heading: heading) }
}

/// Rows of text in columns.
struct Table {
    let rows: [[String]]

    init(_ rows: [[String]]) { self.rows = rows }

    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ") + "\n"
        }.joined()
    }
}
