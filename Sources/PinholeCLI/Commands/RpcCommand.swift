import ArgumentParser
import Dispatch
import Glibc
import Pinhole
import PinholeControl

/// `pinhole rpc`: the control socket for scripts.
struct RpcCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc",
        abstract: "Call methods of the node: one, or those on standard input.",
        discussion: """
            With METHOD calls it, prints its result, and exits as the command of that name would. Without one, the lines \
            of standard input go to the control socket as they are (JSON-RPC 2.0, one object or batch a line), and its \
            lines to standard output; it ends when everything is answered, after events.subscribe or events.follow \
            with Ctrl-C. The method rpc.discover describes all methods. Where no process runs the node, this one does.

            Example:
              $ pinhole rpc message.send '{"to": "bob", "text": "all green", "wait": "delivered"}'
              {"contact":"bob","id":"5f1c…-12","key":"pin1…","state":"delivered"}
              $ pinhole rpc <<< '{"jsonrpc": "2.0", "id": 1, "method": "status"}'
              {"id":1,"jsonrpc":"2.0","result":{…}}
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The method to call.") var method: String?
    @Argument(help: "Its parameters, as a JSON object.") var parameters: String?

    func run() async throws {
        let request: JSON? = if let method { try self.request(method) } else { nil }
        let policy = (try Settings(network, global: global).accept ?? .ask).filePolicy
        let path = global.controlSocket
        do {
            try await Session.run(network, global: global, as: "rpc", policy: policy, hears: false) { session in
                try await session.client.served()
                if let request {
                    try await Self.call(request, at: path)
                } else {
                    try await Self.exchange(at: path)
                }
            }
        } catch let failure as Failure where method == nil && [.interrupted, .terminated].contains(failure.status) {
            // A signal is how a subscription ends.
        }
    }

    private func request(_ method: String) throws(Failure) -> JSON {
        var members: [String: JSON] = ["jsonrpc": "2.0", "id": 1, "method": .string(method)]
        if let parameters {
            guard let json = try? JSON(parsing: parameters.utf8), json.members != nil else {
                throw Failure(
                    .usage, "the parameters are not a JSON object",
                    hint: "pinhole rpc net.ping '{\"contact\": \"bob\"}'")
            }
            members["params"] = json
        }
        return .object(members)
    }

    private static func call(_ request: JSON, at path: String) async throws {
        let answer: JSON? = try await blocking {
            let socket = try ControlStream(path)
            socket.write(Array((request.line + "\n").utf8))
            while let line = socket.readLine() {
                if let json = try? JSON(parsing: line), json["id"] != nil { return json }
            }
            return nil
        }
        guard let answer else { throw Failure(.other, "the host of the profile ended before it answered") }
        if let result = answer["result"] { return Console.json(result.line) }
        throw Failure(ControlStream.error(of: answer))
    }

    /// Both directions as they come, each on a thread of its own.
    private static func exchange(at path: String) async throws {
        let socket = try ControlStream(path)
        DispatchQueue.global().async {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0, socket.write(Array(buffer[..<count])) else { break }
            }
            socket.finishWriting()
        }
        try await blocking {
            while let line = socket.readLine() {
                Console.json(String(decoding: line, as: UTF8.self).escapedForJSON)
            }
            guard socket.isAtEnd else { throw Failure(.other, "the host of the profile ended before it answered") }
        }
    }

    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }
}

/// The bytes of a control socket, for one reader and one writer.
private final class ControlStream: Sendable {
    private let descriptor: Int32
    private nonisolated(unsafe) var buffer: [UInt8] = []

    init(_ path: String) throws(Failure) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let code = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, code == 0 else {
            throw Failure(.other, "the control socket \(path) cannot be used: \(Files.reason(errno))")
        }
    }

    deinit { close(descriptor) }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = send(descriptor, Array(bytes[offset...]), bytes.count - offset, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    /// Whether all that came was whole lines.
    var isAtEnd: Bool { buffer.isEmpty }

    func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func readLine() -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...end) }
                return Array(buffer[..<end])
            }
            searched = buffer.count
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }

    static func error(of answer: JSON) -> PinholeError { RPC.Failure(answer["error"] ?? [:]).error }
}
