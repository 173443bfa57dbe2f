import Foundation
import TestSupport
import Testing

/// An empty home directory in which a shell runs the programs of this build.
struct Sandbox {
    struct Outcome: CustomStringConvertible {
        let output: [String]
        let errors: [String]
        let status: Int32

        var description: String {
            (output + errors.map { "! " + $0 } + ["? \(status)"]).joined(separator: "\n")
        }
    }

    let home: String

    init() throws {
        home = NSTemporaryDirectory() + "pinhole-transcript-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
    }

    func remove() { try? FileManager.default.removeItem(atPath: home) }

    /// Runs every step in one shell, which at its end takes what it started in the background with it.
    func run(_ transcript: Transcript) throws -> [Outcome] {
        let log = home + "/.log"
        try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: false)
        var script = "cd '\(home)'\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n"
        for (index, step) in transcript.steps.enumerated() {
            script += "{ \(step.command)\n} >'\(log)/out\(index)' 2>'\(log)/err\(index)'\n"
            script += "echo $? >'\(log)/status\(index)'\n"
        }
        let environment = [
            "HOME=\(home)", "PATH=\(Self.programs):/usr/local/bin:/usr/bin:/bin", "TMPDIR=\(home)", "LC_ALL=C.UTF-8",
            "TZ=UTC",
        ]
        _ = Command(["/bin/bash", "-c", script], environment: environment, isHeard: false).run(limit: 180)

        return transcript.steps.indices.prefix { FileManager.default.fileExists(atPath: "\(log)/status\($0)") }.map {
            Outcome(
                output: lines("\(log)/out\($0)"), errors: lines("\(log)/err\($0)"),
                status: lines("\(log)/status\($0)").first.flatMap { Int32($0) } ?? -1)
        }
    }

    /// What was printed, with the sandbox's own path as a person would write it.
    private func lines(_ path: String) -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        var lines = String(decoding: data, as: UTF8.self).replacingOccurrences(of: home, with: "~")
            .components(separatedBy: "\n")
        if lines.last == "" { lines.removeLast() }
        return lines.map { $0.replacingOccurrences(of: "\t", with: "    ") }
    }

    /// The folder of the programs of this build: the tests' own.
    private static let programs: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().path()
    }()
}
