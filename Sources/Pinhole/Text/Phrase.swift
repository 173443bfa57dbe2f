/// A sentence for people, which can be said in every language of the catalogue.
///
/// It is written as a literal in English; what is interpolated becomes an argument, so that the sentence itself stays
/// constant and can be looked up:
///
/// ```swift
/// let phrase: Phrase = "there is no contact named “\(name)”"
/// let count: Phrase = "\(plural: waiting, "message", "messages") in the outbox"
/// print(phrase)                    // in the language of the locale
/// print(phrase.text(in: .russian))
/// ```
public struct Phrase: Sendable {
    /// The English sentence with numbered places: `there is no contact named “{1}”`. Braces that are meant are doubled. A
    /// number with the forms of its noun reads `{1:message|messages}`, the forms alone `{1?is|are}`.
    public let key: String
    /// What belongs in the places, from `{1}` on.
    public let arguments: [Argument]

    /// What stands in a place of a sentence.
    public enum Argument: Sendable, Hashable {
        /// A name, a path, an address: the same in all languages.
        case text(String)
        /// A number, which nouns agree with.
        case number(Int64)
        /// A sentence or a part of one.
        case phrase(Phrase)
    }

    /// A sentence of the catalogue, by its key.
    public init(key: String, _ arguments: Argument...) {
        self.key = key
        self.arguments = arguments
    }

    private init(key: String, arguments: [Argument]) {
        self.key = key
        self.arguments = arguments
    }

    /// Text that is not ours to translate: of the system, of another program, of a person.
    public init(verbatim text: String) {
        self.init(key: "{1}", arguments: [.text(text)])
    }

    /// The sentence in a language.
    public func text(in language: Language) -> String {
        let template = Catalogue.translation(of: key, to: language)
        return template.map { render($0, language) } ?? render(key, .english, inner: language)
    }

    /// The sentence in English, whatever the locale: for logs, and for programs.
    public var english: String { render(key, .english) }

    /// `inner`: the language of the arguments, where the sentence around them has no translation.
    private func render(_ template: String, _ language: Language, inner: Language? = nil) -> String {
        var text = ""
        var rest = template[...]
        while let mark = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            text += rest[..<mark]
            let next = rest[rest.index(after: mark)...]
            if next.first == rest[mark] {
                text.append(rest[mark])
                rest = next.dropFirst()
            } else if let end = next.firstIndex(of: "}"), rest[mark] == "{" {
                text += place(next[..<end], language, inner ?? language)
                rest = next[next.index(after: end)...]
            } else {
                text.append(rest[mark])
                rest = next
            }
        }
        return text + rest
    }

    private func place(_ place: Substring, _ language: Language, _ inner: Language) -> String {
        let digits = place.prefix { $0.isASCII && $0.isNumber }
        guard let position = Int(digits), arguments.indices.contains(position - 1) else { return "{\(place)}" }
        switch arguments[position - 1] {
        case .text(let text): return text
        case .phrase(let phrase): return phrase.text(in: inner)
        case .number(let number):
            guard place.count > digits.count else { return "\(number)" }
            let forms = place.dropFirst(digits.count + 1).split(separator: "|", omittingEmptySubsequences: false)
            let form = language.form(for: number)
            let word = forms[min(form, forms.count - 1)]
            return place.dropFirst(digits.count).first == "?" ? String(word) : "\(number) \(word)"
        }
    }
}

extension Phrase: CustomStringConvertible {
    /// The sentence in the language of the locale.
    public var description: String { text(in: .current) }
}

extension Phrase: Hashable {
    /// Two are equal if they say the same in English.
    public static func == (left: Phrase, right: Phrase) -> Bool { left.english == right.english }

    /// Hashes what it says in English.
    public func hash(into hasher: inout Hasher) { hasher.combine(english) }
}

// MARK: Literals

extension Phrase: ExpressibleByStringInterpolation {
    /// A sentence without arguments.
    public init(stringLiteral text: String) {
        self.init(key: Self.escaped(text), arguments: [])
    }

    /// A sentence with what was interpolated as its arguments.
    public init(stringInterpolation: StringInterpolation) {
        self.init(key: stringInterpolation.key, arguments: stringInterpolation.arguments)
    }

    private static func escaped(_ text: String) -> String {
        text.contains { $0 == "{" || $0 == "}" }
            ? text.replacing("{", with: "{{").replacing("}", with: "}}") : text
    }

    /// Gathers the key and the arguments of a literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var key = ""
        fileprivate var arguments: [Argument] = []

        /// An empty sentence.
        public init(literalCapacity: Int, interpolationCount: Int) {
            key.reserveCapacity(literalCapacity + 3 * interpolationCount)
            arguments.reserveCapacity(interpolationCount)
        }

        /// A part that is written out.
        public mutating func appendLiteral(_ literal: String) { key += Phrase.escaped(literal) }

        /// A name, a path, an address: anything with a text of its own.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            append(.text(value.description))
        }

        /// A number.
        public mutating func appendInterpolation(_ number: some BinaryInteger) {
            append(.number(Int64(clamping: number)))
        }

        /// A part of a sentence.
        public mutating func appendInterpolation(_ phrase: Phrase) { append(.phrase(phrase)) }

        /// An error with its hint.
        public mutating func appendInterpolation(_ error: PinholeError) { append(.phrase(error.phrase)) }

        /// An error of any kind.
        public mutating func appendInterpolation(_ error: any Error) {
            append(.phrase((error as? PinholeError)?.phrase ?? Phrase(verbatim: "\(error)")))
        }

        /// A number with the form of the noun that goes with it: `\(plural: 3, "message", "messages")`.
        public mutating func appendInterpolation(plural number: some BinaryInteger, _ one: String, _ many: String) {
            append(.number(Int64(clamping: number)), ":\(one)|\(many)")
        }

        /// The word that goes with a number, without it: `\(choose: 3, "is", "are")`.
        public mutating func appendInterpolation(choose number: some BinaryInteger, _ one: String, _ many: String) {
            append(.number(Int64(clamping: number)), "?\(one)|\(many)")
        }

        private mutating func append(_ argument: Argument, _ forms: String = "") {
            arguments.append(argument)
            key += "{\(arguments.count)\(forms)}"
        }
    }
}

extension Phrase {
    /// Those that there are, with a semicolon in between; nil if there is none.
    public static func joined(_ phrases: Phrase?...) -> Phrase? { joined(phrases) }

    static func joined(_ phrases: [Phrase?]) -> Phrase? {
        phrases.compactMap(\.self).reduce(nil) { joined, phrase in joined.map { "\($0); \(phrase)" } ?? phrase }
    }

    /// A literal that is broken over several lines of source: one sentence with one key.
    public static func + (left: Phrase, right: Phrase) -> Phrase {
        Phrase(
            key: left.key + right.keyCounting(from: left.arguments.count), arguments: left.arguments + right.arguments)
    }

    /// The key with places that begin after the first `count`.
    private func keyCounting(from count: Int) -> String {
        guard count > 0, !arguments.isEmpty else { return key }
        var result = ""
        var rest = key[...]
        while let mark = rest.firstIndex(of: "{") {
            let next = rest[rest.index(after: mark)...]
            result += rest[...mark]
            if next.first == "{" {
                result += "{"
                rest = next.dropFirst()
            } else {
                let digits = next.prefix { $0.isASCII && $0.isNumber }
                result += Int(digits).map { "\($0 + count)" } ?? String(digits)
                rest = next.dropFirst(digits.count)
            }
        }
        return result + rest
    }
}

// MARK: Across processes

extension Phrase: Codable {
    private enum Key: String, CodingKey { case key, arguments }

    /// Reads what another process wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            key: try container.decode(String.self, forKey: .key),
            arguments: try container.decodeIfPresent([Argument].self, forKey: .arguments) ?? [])
    }

    /// Writes the key and the arguments, so that the reader can say it in its own language.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(key, forKey: .key)
        if !arguments.isEmpty { try container.encode(arguments, forKey: .arguments) }
    }
}

extension Phrase.Argument: Codable {
    /// A string, a number or a phrase.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else {
            self = .phrase(try container.decode(Phrase.self))
        }
    }

    /// A string, a number or a phrase.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .phrase(let phrase): try container.encode(phrase)
        }
    }
}
