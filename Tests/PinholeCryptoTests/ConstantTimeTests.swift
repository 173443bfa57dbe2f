import Foundation
import Testing

/// Whoever may guess at an authenticator must not learn from the time how far the guess was right.
@Suite("constant time")
struct ConstantTimeTests {
    /// Comparisons by `==` of things that are called like authenticators or secrets, and why they may be made.
    private static let allowed = [
        // What this machine's own configuration says, with itself.
        "$0.address == address && $0.service.key == service.key && $0.service.token == service.token",
        // A cookie that was authenticated by its box, with the one that came before it.
        "guard cookie != self.cookie else { return false }",
        // A word by which whoever holds the profile tells his own calls apart.
        "if let token = invite.token, stored.token == token {",
        // Rendezvous tags: known to whoever sends one, and looked up by a hash that a stranger cannot choose against.
        "index.find(hash: Self.hash(tag)) { entries[Int($0)].tag == tag }",
        "clients[index].day(at: now).map(pair.tag) == tag",
    ]

    @Test("authenticators and secrets are compared by constantTimeEquals, but for what is listed here")
    func comparisons() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        let name = "(mac|mac1|mac2|cookie|token|tag|psk|seed|passphrase|secret)"
        let expression = try Regex(
            "\\b\(name)(\\([^)]*\\))? (==|!=) |(==|!=) ([A-Za-z0-9_$]+[.])*\(name)\\b(?![.(]count)"
        )
        .ignoresCase()
        var seen: Set<String> = []
        for room in ["Sources/PinholeCrypto", "Sources/PinholeCore", "Sources/Pinhole", "signaling"] {
            let files = try #require(FileManager.default.enumerator(atPath: root.appending(path: room).path))
            for case let file as String in files where file.hasSuffix(".swift") {
                let text = try String(contentsOf: root.appending(path: "\(room)/\(file)"), encoding: .utf8)
                for line in text.split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) {
                    guard !line.hasPrefix("//"), line.contains(expression) else { continue }
                    seen.insert(line)
                    #expect(Self.allowed.contains(line), "\(room)/\(file): \(line)")
                }
            }
        }
        #expect(seen.count == Self.allowed.count, "what is listed is there: \(seen)")
    }
}
