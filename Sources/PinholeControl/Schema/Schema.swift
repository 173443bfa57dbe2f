/// What JSON a type is read from and written as.
package indirect enum Schema: Equatable, Sendable {
    case string
    case integer
    case number
    case boolean
    /// One of some words.
    case choice([String])
    case array(Schema)
    case object([Member])
    case nullable(Schema)
    /// Another schema of the document.
    case reference(String)

    package struct Member: Equatable, Sendable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool
    }

    /// The members of an object.
    package var members: [Member] { if case .object(let members) = self { members } else { [] } }

    /// As JSON Schema. `notes` says what the members of objects mean, by name.
    package func json(_ notes: [String: String]) -> JSON {
        switch self {
        case .string: ["type": "string"]
        case .integer: ["type": "integer"]
        case .number: ["type": "number"]
        case .boolean: ["type": "boolean"]
        case .choice(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
        case .array(let element): ["type": "array", "items": element.json(notes)]
        case .object(let members):
            [
                "type": "object",
                "properties": .object(
                    Dictionary(
                        members.map { member in
                            var schema = member.schema.json(notes).members ?? [:]
                            if let note = notes[member.name] { schema["description"] = .string(note) }
                            return (member.name, .object(schema))
                        }
                    ) { first, _ in first }),
                "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
                "additionalProperties": false,
            ]
        case .nullable(let schema): ["oneOf": [schema.json(notes), ["type": "null"]]]
        case .reference(let name): ["$ref": .string("#/components/schemas/" + name)]
        }
    }

    /// The names of all members, of inner objects too.
    package var names: Set<String> {
        switch self {
        case .string, .integer, .number, .boolean, .choice, .reference: []
        case .array(let schema), .nullable(let schema): schema.names
        case .object(let members): members.reduce(into: []) { $0.formUnion($1.schema.names.union([$1.name])) }
        }
    }
}

/// A type with a schema that cannot be learned by reading it.
protocol SchemaGiving {
    static var schema: Schema { get }
}

extension JSON: SchemaGiving {
    static var schema: Schema { .reference("Any") }
}

extension EventShape: SchemaGiving {
    static var schema: Schema { .reference("Event") }
}

/// A member that is always there, and may be null.
protocol NullableMember {
    static var schema: Schema { get throws }
}

extension Nullable: NullableMember {
    static var schema: Schema { get throws { .nullable(try Schema(of: Value.self)) } }
}
