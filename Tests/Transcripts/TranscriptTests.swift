import Foundation
import TestThreads
import Testing

/// The sessions of `Sessions/`, each run against the built programs and compared line by line.
@Suite("Transcripts", .ownThreads)
struct TranscriptTests {
    @Test("the session goes as written", arguments: Transcript.all)
    func runs(_ transcript: Transcript) throws {
        let sandbox = try Sandbox()
        defer { sandbox.remove() }
        let outcomes = try sandbox.run(transcript)
        for (step, outcome) in zip(transcript.steps, outcomes) {
            let place = Comment("\(transcript.name).session, line \(step.line): $ \(step.command)\n\(outcome)")
            #expect(matches(outcome.output, step.output), place)
            #expect(matches(outcome.errors, step.errors), place)
            #expect(outcome.status == step.status, place)
        }
        #expect(outcomes.count == transcript.steps.count, "\(transcript.name).session ended early")
    }

    @Test("the template of the configuration is the one in config/")
    func template() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shipped = try String(contentsOf: root.appending(path: "config/pinhole.toml"), encoding: .utf8)
        let sandbox = try Sandbox()
        defer { sandbox.remove() }
        let step = Transcript.Step(line: 1, command: "pinhole init && cat ~/.config/pinhole/config.toml")
        let outcome = try sandbox.run(Transcript(name: "template", steps: [step]))[0]
        #expect(outcome.output.dropFirst().joined(separator: "\n") + "\n" == shipped)
    }
}

/// Whether lines are as expected: `<*>` stands for any text in a line, `...` alone for any lines.
private func matches(_ lines: [String], _ patterns: [String]) -> Bool {
    guard let pattern = patterns.first else { return lines.isEmpty }
    if pattern == "..." {
        return (0...lines.count).contains { matches(Array(lines.dropFirst($0)), Array(patterns.dropFirst())) }
    }
    guard let line = lines.first, matches(line: line, pattern) else { return false }
    return matches(Array(lines.dropFirst()), Array(patterns.dropFirst()))
}

private func matches(line: String, _ pattern: String) -> Bool {
    let parts = pattern.components(separatedBy: "<*>")
    guard parts.count > 1 else { return line == pattern }
    guard line.hasPrefix(parts[0]), line.hasSuffix(parts[parts.count - 1]) else { return false }
    var rest = Substring(line).dropFirst(parts[0].count)
    for part in parts.dropFirst() where !part.isEmpty {
        guard let found = rest.range(of: part) else { return false }
        rest = rest[found.upperBound...]
    }
    return true
}
