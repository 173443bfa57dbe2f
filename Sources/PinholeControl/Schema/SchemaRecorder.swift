extension Schema {
    /// The schema of a type, learned by having it read from a decoder that notes what is asked for.
    package init<Value: Decodable>(of type: Value.Type) throws {
        self = try SchemaRecorder.describe(type).schema
    }
}

/// Reads any type out of nothing, and notes what it looked for.
private struct SchemaRecorder: Decoder {
    /// What was noted so far.
    final class Notes {
        var schema: Schema?
        var members: [Schema.Member] = []
    }

    let notes: Notes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func describe<Value: Decodable>(_ type: Value.Type) throws -> (schema: Schema, value: Value?) {
        if let giving = type as? any SchemaGiving.Type { return (giving.schema, nil) }
        if let nullable = type as? any NullableMember.Type { return (try nullable.schema, nil) }
        if let simple = simple(type) { return simple }
        if let choices = type as? any CaseIterable.Type, let (words, first) = words(choices) {
            return (.choice(words), first as? Value)
        }
        let notes = Notes()
        let value = try? Value(from: SchemaRecorder(notes: notes))
        return (notes.schema ?? .object(notes.members), value)
    }

    private static func simple<Value>(_ type: Value.Type) -> (Schema, Value?)? {
        switch type {
        case is String.Type: (.string, "" as? Value)
        case is Bool.Type: (.boolean, false as? Value)
        case is Double.Type: (.number, 0.0 as? Value)
        case is Float.Type: (.number, Float(0) as? Value)
        case let integer as any FixedWidthInteger.Type: (.integer, zero(integer) as? Value)
        default: nil
        }
    }

    private static func zero<Number: FixedWidthInteger>(_ type: Number.Type) -> Number { 0 }

    /// The words of an enumeration, and its first case.
    private static func words<Choice: CaseIterable>(_ type: Choice.Type) -> ([String], Choice?)? {
        let words = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
        return words.count == type.allCases.count ? (words, type.allCases.first) : nil
    }

    private struct Unanswered: Error {}

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed<Key>(notes: notes))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer { Unkeyed(notes: notes) }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(notes: notes) }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }
        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) -> Bool { false }

        private func member<Value: Decodable>(_ key: Key, _ type: Value.Type) throws -> Value {
            let (schema, value) = try SchemaRecorder.describe(type)
            notes.members.append(Schema.Member(name: key.stringValue, schema: schema, isRequired: true))
            // Of what cannot be made out of nothing there may be a list without any.
            guard let value = value ?? (type as? any List.Type)?.none as? Value else { throw Unanswered() }
            return value
        }

        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key, type) }
        func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key, type) }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key, type) }
        func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try member(key, type) }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key, type) }
        func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try member(key, type) }
        func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try member(key, type) }
        func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try member(key, type) }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key, type) }
        func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try member(key, type) }
        func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try member(key, type) }
        func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try member(key, type) }
        func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try member(key, type) }
        func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try member(key, type) }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try member(key, type) }

        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(key, type) }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(key, type) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(key, type) }
        func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(key, type) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(key, type) }
        func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(key, type) }
        func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(key, type) }
        func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(key, type) }
        func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(key, type) }
        func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(key, type) }
        func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(key, type) }
        func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(key, type) }
        func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(key, type) }
        func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(key, type) }
        func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
            try optional(key, type)
        }

        private func optional<Value: Decodable>(_ key: Key, _ type: Value.Type) throws -> Value? {
            let isNullable = type is any NullableMember.Type
            let schema = try SchemaRecorder.describe(type).schema
            notes.members.append(Schema.Member(name: key.stringValue, schema: schema, isRequired: isNullable))
            return nil
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { throw Unanswered() }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Unanswered() }
        func superDecoder() throws -> any Decoder { throw Unanswered() }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw Unanswered() }
    }

    /// One element is enough to know all.
    private struct Unkeyed: UnkeyedDecodingContainer {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        var count: Int? { 1 }
        var currentIndex = 0
        var isAtEnd: Bool { currentIndex > 0 }
        func decodeNil() -> Bool { false }

        private mutating func element<Value: Decodable>(_ type: Value.Type) throws -> Value {
            currentIndex += 1
            let (schema, value) = try SchemaRecorder.describe(type)
            notes.schema = .array(schema)
            guard let value else { throw Unanswered() }
            return value
        }

        mutating func decode(_ type: Bool.Type) throws -> Bool { try element(type) }
        mutating func decode(_ type: String.Type) throws -> String { try element(type) }
        mutating func decode(_ type: Double.Type) throws -> Double { try element(type) }
        mutating func decode(_ type: Float.Type) throws -> Float { try element(type) }
        mutating func decode(_ type: Int.Type) throws -> Int { try element(type) }
        mutating func decode(_ type: Int8.Type) throws -> Int8 { try element(type) }
        mutating func decode(_ type: Int16.Type) throws -> Int16 { try element(type) }
        mutating func decode(_ type: Int32.Type) throws -> Int32 { try element(type) }
        mutating func decode(_ type: Int64.Type) throws -> Int64 { try element(type) }
        mutating func decode(_ type: UInt.Type) throws -> UInt { try element(type) }
        mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try element(type) }
        mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try element(type) }
        mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try element(type) }
        mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try element(type) }
        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try element(type) }
        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> { throw Unanswered() }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unanswered() }
        mutating func superDecoder() throws -> any Decoder { throw Unanswered() }
    }

    private struct Single: SingleValueDecodingContainer {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        func decodeNil() -> Bool { false }

        private func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (schema, value) = try SchemaRecorder.describe(type)
            notes.schema = schema
            guard let value else { throw Unanswered() }
            return value
        }

        func decode(_ type: Bool.Type) throws -> Bool { try value(type) }
        func decode(_ type: String.Type) throws -> String { try value(type) }
        func decode(_ type: Double.Type) throws -> Double { try value(type) }
        func decode(_ type: Float.Type) throws -> Float { try value(type) }
        func decode(_ type: Int.Type) throws -> Int { try value(type) }
        func decode(_ type: Int8.Type) throws -> Int8 { try value(type) }
        func decode(_ type: Int16.Type) throws -> Int16 { try value(type) }
        func decode(_ type: Int32.Type) throws -> Int32 { try value(type) }
        func decode(_ type: Int64.Type) throws -> Int64 { try value(type) }
        func decode(_ type: UInt.Type) throws -> UInt { try value(type) }
        func decode(_ type: UInt8.Type) throws -> UInt8 { try value(type) }
        func decode(_ type: UInt16.Type) throws -> UInt16 { try value(type) }
        func decode(_ type: UInt32.Type) throws -> UInt32 { try value(type) }
        func decode(_ type: UInt64.Type) throws -> UInt64 { try value(type) }
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try value(type) }
    }
}

private protocol List {
    static var none: Self { get }
}

extension Array: List {
    fileprivate static var none: Self { [] }
}
