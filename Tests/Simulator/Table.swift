/// Tables for people, one line a cell or a case.
package enum Table {
    package static func text(_ reports: [CellReport]) -> String {
        let head = ["", "target", "trials", "connect", "p50", "p99", "packets p50", "p99", "NAT entries", "met"]
        return align(
            [head]
                + reports.map { report in
                    [
                        "\(report.cell)", "\(report.target)", "\(report.outcomes.count)", percent(report.share()),
                        time(report.time(0.5)), time(report.time(0.99)), "\(report.packets(0.5))",
                        "\(report.packets(0.99))", "\(report.maxFlows)", report.isMet ? "yes" : "NO",
                    ]
                })
    }

    package static func text(_ reports: [RecoveryReport]) -> String {
        let head = ["", "target", "trials", "recover", "p50", "p99", "longest", "met"]
        return align(
            [head]
                + reports.map { report in
                    let times = report.times
                    let p99 = times.isEmpty ? nil : times[min(times.count - 1, times.count * 99 / 100)]
                    return [
                        report.recovery.rawValue, report.recovery.target.map { "≤ \(format($0))" } ?? "–",
                        "\(report.runs)", percent(Double(times.count) / Double(max(1, report.runs))),
                        time(times.isEmpty ? nil : times[times.count / 2]), time(p99), time(times.last),
                        report.isMet ? "yes" : "NO",
                    ]
                })
    }

    private static func time(_ duration: Duration?) -> String { duration.map(format) ?? "–" }

    /// Words to the left, figures to the right.
    private static func align(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let fill = String(repeating: " ", count: widths[column] - row[column].count)
                return column < 2 ? row[column] + fill : fill + row[column]
            }.joined(separator: "  ")
        }.joined(separator: "\n")
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
