import Foundation
import Pinhole
import Testing

@Suite("the README's program")
struct ReadmeTests {
    /// Compiled, so that it stays true; what it does is tested elsewhere.
    func program(directory: String, address: String, downloads: String, bob: Contact) async throws {
        // begin
        let profile = try Profile.open(at: directory) { nil }
        let configuration = NodeConfiguration(services: [try ServiceAddress(address)], downloadDirectory: downloads)
        let node = try Node(profile: profile, configuration: configuration)
        let events = node.events()
        node.start()
        try await node.connect(to: bob.key, timeout: .seconds(15))
        let message = try await node.send("hello", to: bob.key)
        try await node.delivered(message, timeout: .seconds(30))
        for await case .message(let message) in events { print(message.text) }
        await node.stop()
        // end
    }

    @Test("is the one that is compiled here")
    func sample() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let shown = try #require(readme.components(separatedBy: "```swift\nimport Pinhole\n\n").dropFirst().first)
            .components(separatedBy: "\n```")[0]
        let here = try String(contentsOfFile: #filePath, encoding: .utf8)
        let compiled = here.components(separatedBy: "        // begin\n")[1].components(separatedBy: "        // end")[
            0
        ]
        .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(shown.split(separator: "\n").map(String.init) == compiled)
    }
}
