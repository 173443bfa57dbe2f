import Foundation
import Testing

/// What the specification prints of the test vectors is what their files hold.
@Suite("test vectors of the protocol")
struct VectorTests {
    /// Stretches of hexadecimal digits that are long enough to be no number, by their labels.
    private func printed() throws -> [(label: String, digits: String)] {
        let text = try Repository.text("Sources/Pinhole/Pinhole.docc/Protocol.md")
        let section = try #require(text.components(separatedBy: "\n## 8. Test vectors\n").last)
            .components(separatedBy: "\n## ")[0]
        let blocks = section.components(separatedBy: "```text\n").dropFirst()
        return blocks.flatMap { block in
            let block = block.components(separatedBy: "\n```")[0]
            // A value goes on below itself.
            let lines = block.replacing(/\n {20}/, with: "").split(separator: "\n")
            return lines.flatMap { line in
                line.matches(of: /[0-9a-f]{24,}/).map { (String(line.prefix(19)), String($0.0)) }
            }
        }
    }

    @Test("each that is printed in twenty-four hexadecimal digits or more is in a file")
    func values() throws {
        let folder = Repository.root.appending(path: "Tests/PinholeCryptoTests/Vectors")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let vectors = try files.filter { $0.pathExtension == "json" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
        let printed = try printed()
        #expect(printed.count > 60)
        // The content of the file is its manifest and its bytes, which are members by themselves.
        let content = printed.filter { $0.label.hasPrefix("content") && $0.digits.hasSuffix("0506070809") }
        #expect(content.count == 1)
        let wrong = printed.filter { value in
            !vectors.contains { $0.contains(value.digits) } && value.digits != content.first?.digits
        }
        #expect(wrong.isEmpty)
    }
}
