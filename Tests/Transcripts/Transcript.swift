import Foundation
import Testing

/// A terminal session with its expected output, written so that a person can read it as one.
///
/// `$ ` begins a command (of one shell, in an empty home directory) and `> ` continues it; plain lines are expected on
/// standard output, lines after `! ` on standard error; `? N` is an exit code other than 0; `# ` and empty lines between
/// sessions are for the reader. `<*>` stands for any text in a line and `...` alone for any lines.
struct Transcript: Sendable, CustomTestStringConvertible {
    struct Step: Sendable {
        let line: Int
        var command: String
        var output: [String] = []
        var errors: [String] = []
        var status: Int32 = 0
    }

    let name: String
    let steps: [Step]

    var testDescription: String { name }

    static let all: [Transcript] = {
        let folder = Bundle.module.url(forResource: "Sessions", withExtension: nil)!
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "session" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .compactMap { try? Transcript(contentsOf: $0) }
    }()

    init(name: String, steps: [Step]) {
        self.name = name
        self.steps = steps
    }

    init(contentsOf file: URL) throws {
        name = file.deletingPathExtension().lastPathComponent
        var steps: [Step] = []
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("$ ") {
                steps.append(Step(line: index + 1, command: String(line.dropFirst(2))))
            } else if line.hasPrefix("> "), !steps.isEmpty, steps[steps.count - 1].output.isEmpty {
                steps[steps.count - 1].command += "\n" + line.dropFirst(2)
            } else if line.isEmpty || line == "#" || line.hasPrefix("# ") || steps.isEmpty {
                continue
            } else if line == "!" || line.hasPrefix("! ") {
                steps[steps.count - 1].errors.append(String(line.dropFirst(2)))
            } else if line.hasPrefix("? "), let status = Int32(line.dropFirst(2)) {
                steps[steps.count - 1].status = status
            } else {
                steps[steps.count - 1].output.append(line)
            }
        }
        self.steps = steps
    }
}
