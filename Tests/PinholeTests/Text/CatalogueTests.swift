import Foundation
import TestThreads
import Testing

@testable import Pinhole

@Suite("the catalogue", .ownThreads)
struct CatalogueTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")

    @Test("knows every sentence of the sources in Russian")
    func complete() throws {
        var missing: Set<String> = []
        for file in try Self.files() {
            for literal in SourceLiterals(try String(contentsOf: file, encoding: .utf8)).literals
            where Self.isSentence(literal) && Catalogue.translation(of: literal.key, to: .russian) == nil {
                missing.insert("\(file.lastPathComponent): \(literal.key.debugDescription)")
            }
        }
        #expect(missing.isEmpty, "without translation:\n\(missing.sorted().joined(separator: "\n"))")
    }

    @Test("has no sentence that nobody says any more")
    func spoken() throws {
        var said: Set<String> = []
        // What the service tells refused clients is told to people here.
        let service = Self.sources.deletingLastPathComponent().appending(path: "signaling/Service.swift")
        for file in try Self.files(in: ["PinholeWire", "PinholeCrypto", "PinholeCore"] + Self.rooms) + [service] {
            for literal in SourceLiterals(try String(contentsOf: file, encoding: .utf8)).literals {
                said.insert(literal.key)
            }
        }
        let unsaid = Catalogue.russian.keys.filter { key in
            // Titles of help screens are in capitals only there, and the parser's own words in its sources.
            !said.contains(key) && key != key.uppercased() && !Self.ofTheParser.contains(key)
                && !key.hasPrefix("See 'pinhole help")
        }
        #expect(unsaid.isEmpty, "said by nobody:\n\(unsaid.sorted().joined(separator: "\n"))")
    }

    @Test("has what stands inside another sentence as a sentence of its own")
    func inner() throws {
        var untranslated: Set<String> = []
        for file in try Self.files() {
            for words in SourceLiterals(try String(contentsOf: file, encoding: .utf8)).interpolations
            where !words.contains("as Phrase") && !Self.exceptions.contains(words)
                && SourceLiterals(words).literals.contains(where: { $0.key.contains(#/(^|\s)[A-Za-z]?[a-z]{2}/#) })
            {
                untranslated.insert("\(file.lastPathComponent): \(words)")
            }
        }
        #expect(untranslated.isEmpty, "not “as Phrase”:\n\(untranslated.sorted().joined(separator: "\n"))")
    }

    @Test("knows the single words, too, that stand where something is said to people")
    func words() throws {
        let places = [
            #/"(?<word>\w+)" as Phrase/#, #/\b(?:tell|talk|result|warn|ask)\(\s*"(?<word>[a-z]\w+)"/#,
            #/: Phrase\??(?: =|\s*\{)\s*"(?<word>\w+)"/#,
        ]
        for file in try Self.files() {
            let source = try String(contentsOf: file, encoding: .utf8)
            for match in places.flatMap({ source.matches(of: $0) }) {
                let word = String(match.word)
                #expect(Catalogue.translation(of: word, to: .russian) != nil, "\(file.lastPathComponent): \(word)")
            }
        }
    }

    @Test("finds keys as the compiler makes them")
    func scanner() {
        let (a, b) = ("x", 2)
        let phrases: [Phrase] = [
            "one “\(a)” and \(plural: b, "file", "files")", "two " + "halves \(a), " + "{braces} \(b)",
        ]
        let source = #"""
            "one “\(a)” and \(plural: b, "file", "files")", "two " + "halves \(a), " + "{braces} \(b)"
            """#
        #expect(SourceLiterals(source).literals.map(\.key) == phrases.map(\.key))
    }

    @Test("has each sentence in one table")
    func tables() {
        #expect(Russian.tables.map(\.count).reduce(0, +) == Catalogue.russian.count)
        #expect(Catalogue.russian.count > 1000)
    }

    @Test("has the same places in a translation as in its key")
    func places() {
        for (key, translation) in Catalogue.russian {
            #expect(Self.places(in: key) == Self.places(in: translation), "\(key)")
            for forms in translation.matches(of: #/\{[0-9]+[:?]([^}]*)\}/#) {
                #expect(forms.1.split(separator: "|").count == 3, "\(key)")
            }
        }
    }

    private static func places(in text: String) -> Set<String> {
        Set(text.replacing("{{", with: "").matches(of: #/\{([0-9]+)/#).map { String($0.1) })
    }

    /// Where sentences for people are written.
    private static let rooms = ["Pinhole", "PinholeCLI", "PinholeControl"]

    private static func files(in rooms: [String] = rooms) throws -> [URL] {
        var files: [URL] = []
        for room in rooms {
            let all = FileManager.default.enumerator(at: sources.appending(path: room), includingPropertiesForKeys: nil)
            for case let file as URL in try #require(all)
            where file.pathExtension == "swift" && !forMachines.contains(file.lastPathComponent)
                && !file.lastPathComponent.hasPrefix("Russian")
            {
                files.append(file)
            }
        }
        return files
    }

    /// Two words and more are a sentence, unless they are for a machine.
    private static func isSentence(_ literal: SourceLiterals.Literal) -> Bool {
        let bare = literal.key.replacing(#/\{[0-9]+\}/#, with: "").trimmingCharacters(in: .whitespaces)
        guard bare.contains(" "), bare.contains(#/[A-Za-z]{2}/#), !exceptions.contains(literal.key) else {
            return false
        }
        let isSQL = bare.contains(
            #/\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ALTER|DROP|WHERE|VACUUM|REPLACE|FROM|ORDER BY|AND)\b| [=<>] \?|\bIN \(/#
        )
        let isForProgrammers = literal.before.contains(
            #/assert\(|precondition|fatalError\(|label:|summary|static let name|notes|sql:|":\s*$|eraseDatabase|registerMigration/#
        )
        return !isSQL && !isForProgrammers && !bare.hasPrefix("# ") && !bare.hasPrefix("pinhole ")
    }

    /// Besides the tables themselves: what describes the control socket to programmers.
    private static let forMachines: Set = ["EventSchema.swift", "Discover.swift"]

    /// What the argument parser says of itself.
    private static let ofTheParser: Set = [
        "Show help information.", "Show subcommand help information.", "Show the version.", "values",
    ]

    /// What is the same in all languages.
    private static let exceptions: Set = [
        "contact list", "--before <time>", #"first == "ssh-ed25519" ? "'ssh-ed25519 …'" : first"#,
        "'queued', 'sent', 'failed'", "message = [\"/home/you/bin/answer\", \"--brief\"]",
        "'queued', 'sent'", "'queued', 'sent', 'failed', 'delivered'",
        "services = [\"{1}\"]", "picture.raw, {1}, BLAKE2b {2}…", "'ssh-ed25519 …'",
        "A Unix socket of the caller's. It is connected to twice: the first connection is read to its end and "
            + "sent, to the second is written what comes, and a byte read from it says that all of that was taken.",
        "known; invited: by the contact, who has not accepted you yet; blocked; key-changed: another key "
            + "was given too, and nothing is sent.",
        "A place: only what stands before it. In the answer: what to ask for the page before; absent at "
            + "the end.",
        "cancelled: it was certainly not sent; may-have-arrived: it may have been; delivered: it is too "
            + "late; failed-before: it had been given up.",
    ]
}
