import ArgumentParser
import Pinhole

/// A help screen of the argument parser in another language.
///
/// The parser lays it out, on lines of any length; its sentences are looked up one by one, and what is between them, names
/// of options and examples, stays. What a command says at length is one sentence, and its indented lines are laid out
/// already.
struct HelpScreen {
    private let language: Language
    private let columns: Int
    /// Where descriptions begin.
    private static let indent = 26
    /// Stands before a line that is laid out already.
    private static let mark: Character = "\u{1}"

    init(_ language: Language, columns: Int) {
        self.language = language
        self.columns = max(columns, Self.indent + 24)
    }

    func translated(_ screen: String) -> String {
        var paragraphs = screen
        // The text of a command is one sentence of the catalogue, over many lines.
        for text in HelpScreen.discussions { paragraphs = paragraphs.replacing(text, with: marked(say(text))) }
        return paragraphs.split(separator: "\n", omittingEmptySubsequences: false).map { line(String($0)) }
            .joined(separator: "\n")
    }

    private func say(_ text: String) -> String {
        let key = text.replacing("{", with: "{{").replacing("}", with: "}}")
        return Phrase(key: key).text(in: language)
    }

    private func marked(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(" ") ? "\(Self.mark)\($0)" : String($0) }.joined(separator: "\n")
    }

    private func line(_ line: String) -> String {
        if line.first == Self.mark { return String(line.dropFirst()) }
        for heading in Self.headings where line.hasPrefix(heading) {
            let rest = line.dropFirst(heading.count).drop { $0 == " " }
            return rest.isEmpty ? say(heading) : wrapped("\(say(heading)) \(sentence(String(rest)))", from: 0)
        }
        guard line.hasPrefix("  ") else {
            // A title, or the sentence that ends the screen.
            if line.hasSuffix(":"), !line.hasPrefix(" ") { return wrapped(say(String(line.dropLast())) + ":", from: 0) }
            return line.hasPrefix(" ") ? line : wrapped(sentence(line), from: 0)
        }
        let body = line.drop { $0 == " " }
        let margin = line.count - body.count
        // A label, and its description behind two blanks at least; or a description alone.
        if margin < Self.indent, let gap = body.firstRange(of: "  ") {
            let label = String(repeating: " ", count: margin) + body[..<gap.lowerBound]
            let text = body[gap.upperBound...].drop { $0 == " " }
            let said = sentence(String(text))
            guard said != text || columns < line.count else { return line }
            let padding = String(repeating: " ", count: max(Self.indent - Width.of(label), 1))
            return label + padding + wrapped(said, from: Self.indent)
        }
        guard margin >= Self.indent else { return String(repeating: " ", count: margin) + say(String(body)) }
        return String(repeating: " ", count: margin) + wrapped(sentence(String(body)), from: Self.indent)
    }

    /// A description, with what the parser puts behind it.
    private func sentence(_ text: String) -> String {
        for opening in [" (default: ", " (values: "] {
            guard let mark = text.firstRange(of: opening) else { continue }
            let word = opening.dropFirst(2).prefix { $0 != ":" }
            return say(String(text[..<mark.lowerBound])) + " (" + say(String(word)) + ": " + text[mark.upperBound...]
        }
        return say(text)
    }

    /// Broken into lines that begin in column `start`.
    private func wrapped(_ text: String, from start: Int) -> String {
        var lines: [String] = []
        var current = ""
        for word in text.split(separator: " ") {
            if !current.isEmpty, start + Width.of(current) + 1 + Width.of(String(word)) > columns {
                lines.append(current)
                current = ""
            }
            current += (current.isEmpty ? "" : " ") + word
        }
        lines.append(current)
        return lines.joined(separator: "\n" + String(repeating: " ", count: start))
    }

    private static let headings = ["OVERVIEW:", "USAGE:"]

    /// What every command says of itself at length.
    private static var discussions: [String] {
        func all(_ command: any ParsableCommand.Type) -> [String] {
            let configuration = command.configuration
            let below = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
            return [configuration.discussion] + below.flatMap(all)
        }
        return all(PinholeCommand.self).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }
}
