/// A table for people, one line a cell.
package struct MatrixTable: CustomStringConvertible {
    private let reports: [CellReport]

    package init(_ reports: [CellReport]) {
        self.reports = reports
    }

    package var description: String {
        let head = ["", "target", "trials", "connect", "p50", "p99", "packets p50", "p99", "NAT entries", "met"]
        let rows = [head] + reports.map(row)
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row.indices, zip(row, widths)).map { index, cell in
                let fill = String(repeating: " ", count: cell.1 - cell.0.count)
                return index < 2 || index == 9 ? cell.0 + fill : fill + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private func row(_ report: CellReport) -> [String] {
        [
            "\(report.cell)", "\(report.target)", "\(report.outcomes.count)", percent(report.share()),
            report.time(0.5).map(format) ?? "–", report.time(0.99).map(format) ?? "–", "\(report.packets(0.5))",
            "\(report.packets(0.99))", "\(report.maxFlows)", report.isMet ? "yes" : "NO",
        ]
    }
}

extension Target: CustomStringConvertible {
    package var description: String {
        switch self {
        case .connects(let goals):
            goals.map { "≥ \(percent($0.share)) ≤ \(format($0.within))" }.joined(separator: ", ")
        case .isTold(let limit): "told ≤ \(format(limit))"
        case .bestEffort: "best effort"
        }
    }
}

/// `98.3 %`.
package func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded(.down))
    return tenths.isMultiple(of: 10) ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
}

/// `83 ms`, or `1.25 s`.
package func format(_ duration: Duration) -> String {
    let milliseconds = Int((duration / .milliseconds(1)).rounded())
    guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
    let hundredths = (milliseconds + 5) / 10
    let fraction = hundredths % 100
    let digits = fraction == 0 ? "" : ".\(fraction / 10)" + (fraction % 10 == 0 ? "" : "\(fraction % 10)")
    return "\(hundredths / 100)\(digits) s"
}
