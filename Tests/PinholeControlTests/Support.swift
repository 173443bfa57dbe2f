import Dispatch
import Foundation
import Glibc
import Pinhole
import Testing

@testable import PinholeControl

/// A directory that is removed with its last reference.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/pinhole-control-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A person with a profile, whose node talks to nobody outside this machine.
struct Person: Sendable {
    let directory: TemporaryDirectory
    let profile: Profile
    let contact: PublicKey
    var socket: String { directory.path + "/run/pinhole/p.sock" }

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/run", withIntermediateDirectories: false)
        profile = try Profile.create(at: directory.path + "/profile", passphrase: nil)
        contact = Identity.generate().publicKey
        try profile.add(Contact(name: "bob", key: contact))
    }

    var configuration: NodeConfiguration {
        NodeConfiguration(
            downloadDirectory: directory.path + "/in", usesLocalNetwork: false, mapsPorts: false, allowsLoopback: true)
    }

    /// A process that hosts the profile, as far as one process can be several.
    func host(as role: String = "test", patience: Patience = Patience()) async throws -> Hosting {
        let hosting = try Hosting(
            profile: profile, configuration: configuration, role: role, socket: socket, patience: patience)
        hosting.start()
        try await hosting.served()
        return hosting
    }

    func client(as role: String) async throws -> Client {
        let client = try await Client(
            Client.Ways(socket: socket, followsEvents: true) { [self] in
                .hosting(try Hosting(profile: profile, configuration: configuration, role: role, socket: socket))
            })
        client.start()
        return client
    }

    /// Runs `body` with a connection to a host of this person.
    func withWire<Value>(
        patience: Patience = Patience(), _ body: (Wire, Hosting) async throws -> Value
    ) async throws -> Value {
        let hosting = try await host(patience: patience)
        let wire = try Wire(socket)
        do {
            let value = try await body(wire, hosting)
            // Nobody waits until it has read the farewell.
            wire.finishSending()
            await hosting.stop()
            return value
        } catch {
            await hosting.stop()
            throw error
        }
    }
}

/// The bytes of a control socket, as any program has them. What blocks does so off the pool that the host needs.
final class Wire: Sendable {
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "wire")
    private nonisolated(unsafe) var buffer: [UInt8] = []

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw PinholeError(.other, "no host at \(path)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                let bytes = Array((text + "\n").utf8)
                var offset = 0
                while offset < bytes.count {
                    let count = Glibc.send(
                        descriptor, Array(bytes[offset...]), bytes.count - offset, Int32(MSG_NOSIGNAL))
                    guard count > 0 else { break }
                    offset += count
                }
                continuation.resume()
            }
        }
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next line, for which a host among many tests has ten minutes; nil at the end.
    func line() async throws -> JSON? {
        let line: [UInt8]? = try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in continuation.resume(with: Result { try readLine() }) }
        }
        return try line.map { try JSON(parsing: $0) }
    }

    /// The answer to one line.
    func ask(_ text: String) async throws -> JSON? {
        await send(text)
        return try await line()
    }

    func call(_ method: String, _ params: JSON = [:]) async throws -> JSON {
        let request: JSON = ["jsonrpc": "2.0", "id": "call", "method": .string(method), "params": params]
        await send(request.line)
        while let line = try await line() {
            if line["id"] == "call" { return try #require(line["result"], "\(line.line)") }
        }
        throw PinholeError(.other, "the host hung up")
    }

    private func readLine() throws -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: 10) {
                defer { buffer.removeSubrange(...end) }
                return Array(buffer[..<end])
            }
            searched = buffer.count
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 600_000) > 0 else { throw PinholeError(.timedOut, "no line came") }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }
}
