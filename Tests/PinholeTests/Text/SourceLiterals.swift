import Foundation

/// The string literals of a Swift source, as keys of phrases: places for what is interpolated, and literals that are joined
/// by `+` in one.
struct SourceLiterals {
    struct Literal {
        let key: String
        /// What stands before it on its line, or on the line above where it begins one.
        let before: String
    }

    private(set) var literals: [Literal] = []
    /// What is interpolated into them, as the source has it.
    private(set) var interpolations: [String] = []
    private let text: [Character]

    init(_ source: String) {
        text = Array(source)
        walk(0, text.count)
    }

    private struct Found {
        var key = ""
        var places = 0
        var end = 0
        /// Literals inside interpolations.
        var inner: [Range<Int>] = []
    }

    private mutating func walk(_ start: Int, _ end: Int) {
        var position = start
        var last: (found: Found, start: Int)?
        var inner: [Range<Int>] = []
        while position < end {
            if starts("//", position) {
                while position < end, text[position] != "\n" { position += 1 }
            } else if starts("#\"", position) {
                position += 2
                while position < end, !starts("\"#", position) { position += 1 }
                position += 2
            } else if text[position] == "\"" {
                let found = literal(position)
                inner += found.inner
                if let previous = last, isJoined(previous.found.end, position) {
                    last?.found.key += Self.key(found.key, countingFrom: previous.found.places)
                    last?.found.places += found.places
                    last?.found.end = found.end
                } else {
                    if let last { keep(last.found, from: last.start) }
                    last = (found, position)
                }
                position = found.end
            } else {
                position += 1
            }
        }
        if let last { keep(last.found, from: last.start) }
        for range in inner {
            interpolations.append(String(text[range]))
            walk(range.lowerBound, range.upperBound)
        }
    }

    private mutating func keep(_ found: Found, from start: Int) {
        literals.append(Literal(key: found.key, before: line(before: start)))
    }

    private func isJoined(_ start: Int, _ end: Int) -> Bool {
        text[start..<end].filter { !$0.isWhitespace } == ["+"]
    }

    private func line(before position: Int) -> String {
        var start = position
        while start > 0, text[start - 1] != "\n" { start -= 1 }
        if start > 0, text[start..<position].allSatisfy(\.isWhitespace) {
            start -= 1
            while start > 0, text[start - 1] != "\n" { start -= 1 }
        }
        return String(text[start..<position])
    }

    private func starts(_ word: String, _ position: Int) -> Bool {
        text[position...].starts(with: word)
    }

    /// The literal that begins at a quotation mark.
    private func literal(_ start: Int) -> Found {
        let isLong = starts("\"\"\"", start)
        let mark = isLong ? "\"\"\"" : "\""
        var found = Found()
        var position = start + mark.count
        while !starts(mark, position) {
            let character = text[position]
            guard character == "\\" else {
                found.key += character == "{" || character == "}" ? "\(character)\(character)" : String(character)
                position += 1
                continue
            }
            let next = text[position + 1]
            switch next {
            case "(":
                let end = closing(position + 2)
                found.places += 1
                let inside = String(text[position + 2..<end])
                if let forms = Self.forms(inside) {
                    found.key += "{\(found.places)\(forms)}"
                } else {
                    found.key += "{\(found.places)}"
                    found.inner.append(position + 2..<end)
                }
                position = end + 1
            case "n": (found.key, position) = (found.key + "\n", position + 2)
            case "\n": position += 2
            case "u":
                let end = text[position...].firstIndex(of: "}") ?? position
                let scalar = UInt32(String(text[position + 3..<end]), radix: 16).flatMap(Unicode.Scalar.init)
                found.key += scalar.map { String($0) } ?? ""
                position = end + 1
            default: (found.key, position) = (found.key + String(next), position + 2)
            }
            if next == "\n", isLong { while text[position] == " " { position += 1 } }
        }
        found.end = position + mark.count
        if isLong { found.key = Self.unindented(found.key) }
        return found
    }

    /// Where the parenthesis that was opened before `start` is closed.
    private func closing(_ start: Int) -> Int {
        var (position, depth) = (start, 1)
        while true {
            switch text[position] {
            case "\"":
                position = literal(position).end
                continue
            case "(": depth += 1
            case ")":
                depth -= 1
                if depth == 0 { return position }
            default: break
            }
            position += 1
        }
    }

    /// `:message|messages` of `plural: count, "message", "messages"`.
    private static func forms(_ inside: String) -> String? {
        let kind = inside.hasPrefix("plural:") ? ":" : inside.hasPrefix("choose:") ? "?" : nil
        let words = inside.split(separator: "\"", omittingEmptySubsequences: false)
        guard let kind, words.count >= 5 else { return nil }
        return "\(kind)\(words[words.count - 4])|\(words[words.count - 2])"
    }

    private static func unindented(_ key: String) -> String {
        var lines = key.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 1, let indent = lines.last?.count else { return key }
        lines.removeFirst()
        lines.removeLast()
        return lines.map { $0.dropFirst(min(indent, $0.prefix { $0 == " " }.count)) }.joined(separator: "\n")
    }

    private static func key(_ key: String, countingFrom count: Int) -> String {
        guard count > 0 else { return key }
        return key.replacing(#/(?<brace>\{+)(?<number>[0-9]+)/#) { match in
            match.brace.count % 2 == 1
                ? "\(match.brace)\((Int(match.number) ?? 0) + count)" : "\(match.brace)\(match.number)"
        }
    }
}
