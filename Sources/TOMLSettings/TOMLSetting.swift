import CConfiguration

/// A key of a TOML document with its value, and where it stands.
package struct TOMLSetting: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case string(String)
        case integer(Int)
        case boolean(Bool)
        case array([Value])
        /// What is in it follows as settings of their own.
        case table
        /// A number with a point, a date or a time.
        case other
    }

    /// The keys from the root, joined by dots, as in `limits.tags`; a key that needs quotes has them.
    package let key: String
    package private(set) var value: Value
    /// Counted from 1.
    package let line: Int

    /// All settings of a document; a table comes before what is in it.
    package static func all(in text: String) throws(TOMLError) -> [TOMLSetting] {
        var text = text
        let document = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { toml_document_parse($0.baseAddress, $0.count) }
        }
        guard let document else { throw TOMLError(line: 1, reason: "there is no memory to read it") }
        defer { toml_document_destroy(document) }
        var line: UInt32 = 0
        if let reason = toml_document_error(document, &line) {
            throw TOMLError(line: Int(line), reason: String(cString: reason))
        }
        let entries = UnsafeBufferPointer(start: toml_document_entries(document), count: toml_document_count(document))
        var settings: [TOMLSetting] = []
        for entry in entries {
            if entry.is_element, case .array(let elements)? = settings.last?.value {
                settings[settings.count - 1].value = .array(elements + [Value(entry)])
            } else {
                settings.append(
                    TOMLSetting(key: String(cString: entry.path), value: Value(entry), line: Int(entry.line)))
            }
        }
        return settings
    }

    package var string: String? {
        if case .string(let string) = value { string } else { nil }
    }

    package var boolean: Bool? {
        if case .boolean(let boolean) = value { boolean } else { nil }
    }

    package func integer(in range: ClosedRange<Int>) -> Int? {
        value.integer(in: range)
    }

    /// The elements of an array; nil for any other value.
    package var elements: [Value]? {
        if case .array(let elements) = value { elements } else { nil }
    }

    /// An array of nothing but strings.
    package var strings: [String]? {
        guard let elements else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }
}

/// Why a text is not TOML.
package struct TOMLError: Error, Equatable {
    /// Counted from 1.
    package let line: Int
    package let reason: String
}

extension TOMLSetting.Value {
    package var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    package func integer(in range: ClosedRange<Int>) -> Int? {
        if case .integer(let integer) = self, range.contains(integer) { integer } else { nil }
    }

    fileprivate init(_ entry: toml_entry) {
        switch entry.kind {
        case TOML_ENTRY_STRING:
            let bytes = UnsafeRawBufferPointer(start: entry.text, count: entry.text_length)
            self = .string(String(decoding: bytes, as: UTF8.self))
        case TOML_ENTRY_INTEGER: self = .integer(Int(entry.integer))
        case TOML_ENTRY_BOOLEAN: self = .boolean(entry.boolean)
        case TOML_ENTRY_ARRAY: self = .array([])
        case TOML_ENTRY_TABLE: self = .table
        default: self = .other
        }
    }
}
