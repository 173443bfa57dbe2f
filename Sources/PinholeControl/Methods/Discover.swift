package import Pinhole

package enum RPCDiscover: Method {
    package static let name = "rpc.discover"
    package static let summary = "Describes all methods, as an OpenRPC document."
    package static let notes: [String: String] = [:]

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> JSON { document }

    /// The document: made of the types themselves, so that it cannot say anything else than they do.
    package static let document: JSON = [
        "openrpc": "1.2.6",
        "info": [
            "title": "Pinhole", "version": "1",
            "description": .string(
                "JSON-RPC 2.0 over the control socket of a profile, one object or batch a line. Parameters are given by "
                    + "name. An error of Pinhole has the exit code of the command line as its code; its data has code, "
                    + "exitCode, message and hint. Members may be added to results; none is taken away or changed."),
        ],
        "methods": .array(Methods.all.sorted { $0.name < $1.name }.map { $0.description }),
        "components": [
            "schemas": [
                "Any": .object([:]), "Event": EventSchema.json,
                "Error": (try? Schema(of: ErrorShape.self).json(ErrorShape.notes)) ?? .null,
            ]
        ],
    ]
}

extension Method {
    package static var parameterSchema: Schema { get throws { try Schema(of: Params.self) } }
    package static var resultSchema: Schema { get throws { try Schema(of: Result.self) } }

    /// An OpenRPC method object.
    fileprivate static var description: JSON {
        let parameters = (try? parameterSchema.members) ?? []
        return [
            "name": .string(name), "summary": .string(summary), "paramStructure": "by-name",
            "params": .array(
                parameters.map { member in
                    [
                        "name": .string(member.name), "required": .bool(member.isRequired),
                        "description": .string(notes[member.name]), "schema": member.schema.json(notes),
                    ]
                }),
            "result": ["name": "result", "schema": (try? resultSchema.json(notes)) ?? .object([:])],
            "errors": [["code": 1, "message": "See #/components/schemas/Error and the exit codes of pinhole."]],
        ]
    }
}
