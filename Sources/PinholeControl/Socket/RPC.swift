import NIOCore
package import Pinhole

/// JSON-RPC 2.0: what goes over the control socket, one object or array a line.
package enum RPC {
    /// An error as the specification has it. Ours have the exit code of the command line as their code.
    package struct Failure: Error, Sendable {
        package let code: Int64
        package let message: String
        package var data: JSON = .null

        package static func parse(_ what: String) -> Failure { Failure(code: -32_700, message: "Parse error: \(what)") }
        package static func request(_ what: String) -> Failure {
            Failure(code: -32_600, message: "Invalid request: \(what)")
        }
        package static func method(_ name: String) -> Failure {
            Failure(
                code: -32_601, message: "Method not found: \(name)", data: ["hint": "rpc.discover lists the methods"])
        }
        package static func params(_ what: String) -> Failure {
            Failure(code: -32_602, message: "Invalid params: \(what)")
        }
        package static func `internal`(_ what: String) -> Failure {
            Failure(code: -32_603, message: "Internal error: \(what)")
        }

        package init(code: Int64, message: String, data: JSON = .null) {
            (self.code, self.message, self.data) = (code, message, data)
        }

        package init(_ error: PinholeError) {
            self.init(
                code: Int64(error.code.exitCode), message: error.message.spoken, data: JSON(encoding: ErrorShape(error))
            )
        }

        package init(_ json: JSON) {
            self.init(
                code: json["code"]?.whole ?? -32_603, message: json["message"]?.text ?? "no reason given",
                data: json["data"] ?? .null)
        }

        /// The error that the host threw, or what its refusal means here.
        package var error: PinholeError {
            if let shape = try? data.decode(ErrorShape.self) { return shape.error }
            return PinholeError(
                code == -32_601 || code == -32_602 ? .usage : .bug, Phrase(verbatim: message),
                hint: data["hint"]?.text.map { Phrase(verbatim: $0) })
        }

        var json: JSON { ["code": .integer(code), "message": .string(message), "data": data] }
    }

    /// A call or a notification.
    struct Request: Sendable {
        /// nil for a notification, which is not answered.
        let id: JSON?
        let method: String
        let params: JSON?

        init(_ json: JSON) throws(Failure) {
            guard let members = json.members else { throw .request("a call is an object") }
            let id = members["id"]
            switch id {
            case nil, .string, .integer, .number, .null, .unknown: break
            case .bool, .array, .object: throw .request("“id” must be a string or a number")
            }
            guard members["jsonrpc"] == "2.0" else { throw .request("“jsonrpc” must be \"2.0\"") }
            guard let method = members["method"]?.text else { throw .request("“method” must be a string") }
            switch members["params"] {
            case nil, .object, .array: break
            case .string, .integer, .number, .bool, .null, .unknown:
                throw .request("“params” must be an object")
            }
            (self.id, self.method, params) = (id, method, members["params"])
        }

        /// The `id` of what could not be read as a request, where it has one that can be given back.
        static func id(of json: JSON) -> JSON {
            switch json["id"] {
            case let id? where id.text != nil || id.whole != nil: id
            default: .unknown
            }
        }
    }

    static func response(_ id: JSON, _ result: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": known(id), "result": known(result)]
    }

    static func response(_ id: JSON, _ failure: Failure) -> JSON {
        ["jsonrpc": "2.0", "id": known(id), "error": failure.json]
    }

    /// What comes in place of an answer that has no room.
    static func tooLong(_ id: JSON) -> JSON {
        response(
            id,
            Failure(
                PinholeError(
                    .badData, "the answer is longer than \(ControlLimits.answer) bytes", hint: "ask for less")))
    }

    static func notification(_ method: String, _ params: JSON) -> JSON {
        ["jsonrpc": "2.0", "method": .string(method), "params": params]
    }

    static func request(_ id: Int64, _ method: String, _ params: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params]
    }

    /// A null that must be said.
    private static func known(_ json: JSON) -> JSON { json.orUnknown }
}

extension JSON {
    /// A line for the socket.
    var buffer: ByteBuffer { ByteBuffer(string: line + "\n") }
}

// MARK: Methods by name

extension Methods {
    private static let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }

    static func run(_ request: RPC.Request, in call: Call) async -> Result<JSON, RPC.Failure> {
        guard let method = byName[request.method] else { return .failure(.method(request.method)) }
        return await run(method, request.params, in: call)
    }

    private static func run<M: Method>(
        _ method: M.Type, _ params: JSON?, in call: Call
    ) async -> Result<JSON, RPC.Failure> {
        let typed: M.Params
        do throws(RPC.Failure) {
            typed = try parameters(of: method, params)
        } catch {
            return .failure(error)
        }
        do throws(PinholeError) {
            return .success(JSON(encoding: try await call.host.run(method, typed, in: call)))
        } catch {
            return .failure(RPC.Failure(error))
        }
    }

    private static func parameters<M: Method>(of method: M.Type, _ json: JSON?) throws(RPC.Failure) -> M.Params {
        let json = json ?? [:]
        guard json.members != nil || json.elements?.isEmpty == true else {
            throw .params("parameters are given by name, in an object")
        }
        if let members = json.members, let known = Self.parameters[M.name],
            let unknown = members.keys.filter({ !known.contains($0) }).min()
        {
            let names = known.isEmpty ? "there are none" : "there are " + known.joined(separator: ", ")
            throw .params("there is no parameter “\(unknown)”: \(names)")
        }
        do {
            return try (json.members == nil ? [:] : json).decode(M.Params.self)
        } catch {
            throw .params(words(error))
        }
    }

    /// The names of each method's parameters.
    private static let parameters = Dictionary(
        all.map { ($0.name, (try? $0.parameterSchema.members.map(\.name).sorted()) ?? []) }
    ) { first, _ in first }

    private static func words(_ error: any Error) -> String {
        func name(_ path: [any CodingKey], _ key: (any CodingKey)? = nil) -> String {
            (path + (key.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
        }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "“\(name(context.codingPath, key))” is missing"
        case DecodingError.typeMismatch(let type, let context):
            "“\(name(context.codingPath))” must be a \(type)"
        case DecodingError.valueNotFound(_, let context): "“\(name(context.codingPath))” must not be null"
        case DecodingError.dataCorrupted(let context):
            "“\(name(context.codingPath))”: \(context.debugDescription)"
        default: "\(error)"
        }
    }
}
