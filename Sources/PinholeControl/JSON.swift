import FoundationEssentials
package import Pinhole

/// A JSON value; objects print with sorted keys on one line.
package enum JSON: Codable, Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral
{
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    case array([JSON])
    case object([String: JSON])
    case null
    /// A null that is printed: what was asked and could not be answered.
    case unknown

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }

    package static func string(_ text: String?) -> JSON { text.map { JSON.string($0) } ?? .null }
    /// A sentence in the language of whom it is for.
    package static func string(_ phrase: Phrase?) -> JSON { phrase.map { .string($0.spoken) } ?? .null }
    package static func bool(_ value: Bool?) -> JSON { value.map { JSON.bool($0) } ?? .null }

    /// The value itself, or that it is not known.
    package var orUnknown: JSON { if case .null = self { .unknown } else { self } }

    /// Milliseconds, to the microsecond.
    package static func milliseconds(_ duration: Duration?) -> JSON {
        duration.map { .number($0.milliseconds) } ?? .null
    }

    // MARK: Reading

    package subscript(member: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[member]
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }

    package var whole: Int64? { if case .integer(let value) = self { value } else { nil } }

    package var members: [String: JSON]? { if case .object(let members) = self { members } else { nil } }

    package var elements: [JSON]? { if case .array(let values) = self { values } else { nil } }

    // MARK: Codable

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .unknown
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let values = try? container.decode([JSON].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    /// Objects are printed without their null members.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members):
            try container.encode(members.filter { if case .null = $0.value { false } else { true } })
        case .null, .unknown: try container.encodeNil()
        }
    }

    /// The value that a text holds.
    package init(parsing text: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text))
    }

    /// A typed value as JSON.
    package init(encoding value: some Encodable) {
        if let json = value as? JSON {
            self = json
            return
        }
        guard let data = try? JSONEncoder().encode(value), let json = try? JSONDecoder().decode(JSON.self, from: data)
        else { preconditionFailure("\(type(of: value)) has no JSON") }
        self = json
    }

    /// The typed value that this is.
    package func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let value = self as? Value { return value }
        return try JSONDecoder().decode(type, from: try JSONEncoder().encode(self))
    }

    /// One line. What a terminal could take for a command is spelled `\uXXXX`.
    package var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self), let text = String(validating: data, as: UTF8.self) else {
            return "{}"
        }
        return text.escapedForJSON
    }
}

extension String {
    /// JSON in which what a terminal could take for a command is spelled `\uXXXX`.
    package var escapedForJSON: String {
        guard unicodeScalars.contains(where: \.isUnsafeForTerminal) else { return self }
        var line = ""
        for scalar in unicodeScalars {
            guard scalar.isUnsafeForTerminal else {
                line.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let hex = String(unit, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        return line
    }
}

extension Unicode.Scalar {
    /// C0, DEL, C1, line and paragraph separators, and the bidirectional controls (UAX #9 §2).
    package var isUnsafeForTerminal: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        case 0xE0000...0xE0FFF: true
        default: false
        }
    }
}

extension Duration {
    /// Milliseconds, to the microsecond.
    package var milliseconds: Double { (self / .microseconds(1)).rounded() / 1000 }

    package init(milliseconds: Double) {
        let limit = 1e15
        self = .microseconds(Int64((min(max(milliseconds, -limit), limit) * 1000).rounded()))
    }
}
