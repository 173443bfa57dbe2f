import Glibc

/// A table as Markdown, its columns aligned, so that it reads the same in a terminal and in a document.
struct Table {
    private let title: String
    private var rows: [[String]]

    init(_ title: String, _ columns: [String]) {
        self.title = title
        rows = [columns]
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    func print() {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        say("\n\(title)\n")
        for (index, row) in rows.enumerated() {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            say("| " + cells.joined(separator: " | ") + " |")
            if index == 0 {
                say("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|")
            }
        }
    }
}

/// A line on stdout, at once: a bench takes long, and may be watched through a pipe.
func say(_ line: String) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}

/// A target of the project, and whether it was met.
struct Target {
    let sentence: String
    let isMet: Bool

    /// "at least" or "at most" `bound`.
    init(_ what: String, _ value: Double, atLeast bound: Double, digits: Int = 2, unit: String = "") {
        isMet = value >= bound
        sentence = "\(what): \(value.text(digits))\(unit), wanted at least \(bound.text(digits))\(unit)"
    }

    init(_ what: String, _ value: Double, atMost bound: Double, digits: Int = 2, unit: String = "") {
        isMet = value <= bound
        sentence = "\(what): \(value.text(digits))\(unit), wanted at most \(bound.text(digits))\(unit)"
    }

    func print() {
        say("\(isMet ? "met" : "MISSED"): \(sentence)")
    }
}
