import Foundation
import Testing

@Suite("Swift in the documents")
struct DocumentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What stands between `// begin` and `// end` in the files beside this one.
    private static func compiled() throws -> [[String]] {
        let folder = root.appending(path: "Tests/Examples")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var samples: [[String]] = []
        for file in files where file.lastPathComponent.hasSuffix("Example.swift") {
            let text = try String(contentsOf: file, encoding: .utf8)
            for part in text.components(separatedBy: "// begin: ").dropFirst() {
                let body = part.components(separatedBy: "// end")[0]
                samples.append(lines(body.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()))
            }
        }
        return samples
    }

    private static func lines(_ lines: some Sequence<Substring>) -> [String] {
        lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("import ") }
    }

    @Test(
        "is what is compiled and run here",
        arguments: ["README.md", "Sources/Pinhole/Pinhole.docc/Pinhole.md", "Sources/Pinhole/Pinhole.docc/Library.md"])
    func documents(path: String) throws {
        let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        let blocks = text.components(separatedBy: "```swift\n").dropFirst()
        let shown = blocks.map { $0.components(separatedBy: "\n```")[0] }
        #expect(!shown.isEmpty || path.hasSuffix("Pinhole.md"))
        let compiled = try Self.compiled()
        for sample in shown {
            let lines = Self.lines(sample.split(separator: "\n"))
            #expect(compiled.contains(lines), "not among Tests/Examples:\n\(sample)")
        }
    }
}
