import ArgumentParser
import Foundation
import Pinhole
import PinholeControl
import TestThreads
import Testing

@testable import PinholeCLI

@Suite("Help", .ownThreads)
struct HelpTests {
    private static var root: [String: Any] {
        let text = PinholeCommand._dumpHelp()
        let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return object?["command"] as? [String: Any] ?? [:]
    }

    private static func commands(_ command: [String: Any]) -> [[String: Any]] {
        [command] + (command["subcommands"] as? [[String: Any]] ?? []).flatMap(commands)
    }

    /// Every sentence of help, with where it stands.
    private static var sentences: [(place: String, text: String?)] {
        var sentences: [(place: String, text: String?)] = []
        for command in commands(root) {
            let name = command["commandName"] as? String ?? "?"
            // The parser's own.
            guard name != "help" else { continue }
            sentences.append((name, command["abstract"] as? String))
            for argument in command["arguments"] as? [[String: Any]] ?? []
            where argument["shouldDisplay"] as? Bool == true {
                sentences.append(("\(name) \(argument["valueName"] ?? "")", argument["abstract"] as? String))
            }
        }
        return sentences
    }

    @Test("every error has an exit code of its own kind, which the help tells", arguments: PinholeError.Code.allCases)
    func exitCodes(code: PinholeError.Code) {
        let failure = Failure(PinholeError(code, "it failed"))
        #expect(failure.exitCode == code.exitCode)
        let help = PinholeCommand.configuration.discussion
        // A bug explains itself.
        if code != .bug { #expect(help.contains(" \(failure.exitCode) "), "\(code)") }
    }

    @Test("every command and every option explains itself")
    func complete() {
        #expect(Self.sentences.count > 50)
        for (place, text) in Self.sentences { #expect(text?.isEmpty == false, "\(place)") }
    }

    @Test("every explanation is there in Russian")
    func russian() {
        for (place, text) in Self.sentences {
            guard let text else { continue }
            let key = text.replacing("{", with: "{{").replacing("}", with: "}}")
            #expect(Catalogue.translation(of: key, to: .russian) != nil, "\(place): \(text)")
        }
    }

    @Test("a help screen in Russian says the same in its lines")
    func screen() throws {
        let screen = PinholeCommand.helpMessage(for: PingCommand.self, columns: 100_000)
        let lines = HelpScreen(.russian, columns: 80).translated(screen).split(separator: "\n")
        #expect(lines.first?.hasPrefix("ОБЗОР: Связаться с контактом") == true)
        #expect(lines.allSatisfy { $0.hasPrefix("  pong") || $0.contains("USAGE") || Width.of(String($0)) <= 80 })
        #expect(lines.contains { $0.contains("--count") && $0.contains("Сколько проверок") })
        #expect(lines.contains { $0.contains("<name>") && $0.contains("Имя контакта.") })
    }

    @Test("examples stay as they are in Russian, whatever words of them the catalogue has")
    func examples() {
        let screen = PinholeCommand.helpMessage(for: NetcheckCommand.self, columns: 100_000)
        let text = HelpScreen(.russian, columns: 80).translated(screen)
        #expect(text.contains("\n  UDP         works\n  IPv4        198.51.100.23:50412\n  IPv6        none\n"))
        #expect(text.contains("\n  udp            ответила ли хоть одна служба\n"))
        #expect(!text.contains("\u{1}"))
    }

    @Test("completions are there for each shell, and complete names of contacts", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = PinholeCommand.completionScript(for: try #require(CompletionShell(rawValue: shell)))
        #expect(script.contains("doctor") && script.contains("---completion"))
    }
}
