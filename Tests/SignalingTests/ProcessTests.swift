import Glibc
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Signaling

/// The embedded service and the built executable, over real sockets on loopback.
@Suite("Server", .serialized, .ownThreads)
struct ProcessTests {
    @Test("the embedded service serves on all of its ports until it is stopped, and tells its clients")
    func embedded() throws {
        let secret = ServiceSecret.generate()
        var configuration = Configuration(key: .memory(secret))
        configuration.listen = ["127.0.0.1:0", "[::1]:0"]
        let server = try SignalingServer(configuration: configuration)
        server.start()
        defer { server.stop() }
        let main = try #require(server.boundPorts.first)
        #expect(server.addressText == "pinhole-signal://\(secret.publicKey.text)@127.0.0.1:\(main)")
        #expect(server.listenAddresses.count == 8)
        for address in server.listenAddresses {
            let socket = try Socket(family: address.family)
            try socket.send(STUNMessage(.request, transactionID: transaction).encoded, to: address)
            let answer = try socket.receive()
            #expect(answer.source == address)
            #expect(try STUNMessage(answer.datagram.span).mappedAddress == socket.address)
        }
        let client = try Registered(service: secret.publicKey, at: TransportAddress("127.0.0.1", port: main))
        server.stop()
        #expect(client.client.replies(in: try client.socket.receive().datagram) == [.draining])
    }

    @Test("a service on all addresses answers from the address that it was asked at")  // [SIG-41]
    func answersFromTheAddressAsked() throws {
        var configuration = Configuration(key: .memory(ServiceSecret.generate()))
        configuration.listen = ["0.0.0.0:0"]
        let server = try SignalingServer(configuration: configuration)
        server.start()
        defer { server.stop() }
        let port = try #require(server.boundPorts.first)
        for ip: IPAddress in ["127.0.0.1", "127.0.0.2", "127.9.9.9"] {
            let socket = try Socket(family: .v4)
            let asked = TransportAddress(ip, port: port)
            try socket.send(STUNMessage(.request, transactionID: transaction).encoded, to: asked)
            #expect(try socket.receive().source == asked)
            var change = STUNMessage(.request, transactionID: transaction)
            change.changePort = true
            try socket.send(change.encoded, to: asked)
            let answer = try socket.receive()
            #expect(answer.source == TransportAddress(ip, port: server.boundPorts[1]))
            #expect(try STUNMessage(answer.datagram.span).responseOrigin == answer.source)
        }
    }

    @Test("a port in use is one sentence, and ends with 69")
    func portInUse() throws {
        var configuration = Configuration(key: .memory(ServiceSecret.generate()))
        configuration.listen = ["127.0.0.1:0"]
        let first = try SignalingServer(configuration: configuration)
        configuration.listen = [TransportAddress("127.0.0.1", port: first.boundPorts[0])]
        configuration.alternatePorts = [0, 0, 0]
        do throws(ServerError) {
            _ = try SignalingServer(configuration: configuration)
            Issue.record("two services share a port")
        } catch {
            #expect(error.code == .unavailable)
            #expect(error.message.hasPrefix("port \(first.boundPorts[0]) of 127.0.0.1 is in use: "))
        }
    }

    @Test(
        "the executable prints its address, serves, ends on SIGTERM with 0, and comes back with the same key and port")
    func executable() throws {
        var template = Array("/tmp/pinhole-signaling-run-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            remove("\(directory)/key")
            rmdir(directory)
        }
        let first = try Process(["--key", "\(directory)/key", "--listen", "127.0.0.1:0"])
        let address = try first.line()
        let parts = address.dropFirst("pinhole-signal://".count).split(separator: "@")
        let key = try ServiceKey(text: String(parts[0]))
        let main = try #require(TransportAddress(parts[1]))
        let client = try Registered(service: key, at: main)
        try client.socket.send(client.client.datagram([.ping(5)]), to: main)
        #expect(client.client.replies(in: try client.socket.receive().datagram) == [.pong(5)])
        #expect(first.terminate() == 0)
        #expect(client.client.replies(in: try client.socket.receive().datagram) == [.draining])

        let second = try Process(["--key", "\(directory)/key", "--listen", "\(main)"])
        #expect(try second.line() == address)
        // What the client had with the first process is gone; nobody answers, and it registers anew.
        let again = try Registered(service: key, at: main)
        #expect(again.client.registration != client.client.registration)
        #expect(second.terminate() == 0)
    }

    @Test("a token that systemd hands over may have any mode, another may not")
    func credential() throws {
        var template = Array("/tmp/pinhole-signaling-token-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let token = "\(directory)/token"
        let descriptor = open(token, O_WRONLY | O_CREAT, 0o640)
        defer {
            close(descriptor)
            remove(token)
            rmdir(directory)
        }
        try #require(fchmod(descriptor, 0o640) == 0 && write(descriptor, "sesame\n", 7) == 7)
        let arguments = ["--check", "--key", "\(directory)/none", "--token-file", token]
        #expect(try Process(arguments).wait() == 77)
        #expect(try Process(arguments, variable: "CREDENTIALS_DIRECTORY=\(directory)").wait() == 0)
        #expect(try Process(arguments, variable: "CREDENTIALS_DIRECTORY=\(directory)/tok").wait() == 77)
    }

    @Test("the executable ends with the exit code of its mistake")
    func exitCodes() throws {
        #expect(try Process(["--frob"]).wait() == 64)
        #expect(try Process(["--config", "/nonexistent.toml"]).wait() == 66)
        #expect(try Process(["--listen", "192.0.2.77:4", "--key", "/proc/none/key"]).wait() == 73)
        #expect(try Process(["--check", "--listen", "0.0.0.0:1", "--listen", "[::]:2"]).wait() == 78)
        #expect(try Process(["--check", "--key", "/nonexistent/key"]).wait() == 0)
        #expect(try Process(["--check", "--key", "/"]).wait() == 65)
        #expect(try Process(["--check", "--token-file", "/nonexistent"]).wait() == 66)
        #expect(try Process(["--check", "--config", "/tmp"]).wait() == 78)
        #expect(try Process(["--check", "--config", "/dev/zero"]).wait() == 78)
        let help = try Process(["--help"])
        #expect(try help.line().hasPrefix("Usage: pinhole-signaling"))
        #expect(help.wait() == 0)
    }
}

private let transaction = STUNMessage.TransactionID(high: 1, low: 2)

/// A client that registered over a real socket.
private struct Registered {
    let socket: Socket
    let client: TestClient

    init(service: ServiceKey, at address: TransportAddress) throws {
        socket = try Socket(family: address.family)
        var client = TestClient(service: service, source: socket.address)
        let zero = RegisterBody(cookie: [UInt8](repeating: 0, count: 16), token: [], tags: [])
        try socket.send(client.keys.register(zero), to: address)
        let datagram = try socket.receive().datagram
        let opened = client.keys.openChallenge(datagram.span)
        let challenge = try #require(opened)
        #expect(challenge.observed == socket.address)
        let body = RegisterBody(cookie: challenge.cookie, token: [], tags: [entry(1, .lo)])
        try socket.send(client.keys.register(body), to: address)
        guard case .registered(let reply)? = client.replies(in: try socket.receive().datagram).first else {
            throw TestClient.Failure()
        }
        #expect(reply.alternatePorts.count == 3)
        client.registration = reply.registration
        self.client = client
    }
}

/// The built `pinhole-signaling`, which lies beside the tests.
private final class Process {
    private let pid: pid_t
    private let output: UnsafeMutablePointer<FILE>
    private var isWaitedFor = false

    /// With `variable` (`NAME=value`) besides this process's own environment.
    init(_ arguments: [String], variable: String? = nil) throws {
        var link = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &link, link.count)
        let tests = String(decoding: link[..<max(count, 0)], as: UTF8.self)
        let path = tests.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/pinhole-signaling"
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else { throw TestClient.Failure() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclose(&actions, pipe[0])
        posix_spawn_file_actions_addclose(&actions, pipe[1])
        var words = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        let own = variable.map { [strdup($0)] } ?? []
        defer { for variable in own { free(variable) } }
        var inherited: [UnsafeMutablePointer<CChar>?] = []
        while let variable = environ[inherited.count] { inherited.append(variable) }
        var pid: pid_t = 0
        let result = posix_spawn(
            &pid, path, &actions, nil, words, own + inherited + [nil])
        close(pipe[1])
        guard result == 0, let output = fdopen(pipe[0], "r") else { throw TestClient.Failure() }
        self.pid = pid
        self.output = output
    }

    deinit {
        if !isWaitedFor { _ = terminate() }
        fclose(output)
    }

    /// The next line that the program prints.
    func line() throws -> String {
        var buffer = [CChar](repeating: 0, count: 1024)
        guard fgets(&buffer, Int32(buffer.count), output) != nil else { throw TestClient.Failure() }
        let text = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Sends SIGTERM, and returns the exit code.
    func terminate() -> Int32 {
        kill(pid, SIGTERM)
        return wait()
    }

    /// The exit code, or -1 when a signal ended the program.
    func wait() -> Int32 {
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        isWaitedFor = true
        return status & 0x7f == 0 ? status >> 8 & 0xff : -1
    }
}

/// A UDP socket on loopback that waits five seconds at most.
private final class Socket {
    private let descriptor: Int32
    let address: TransportAddress

    init(family: IPAddress.Family) throws {
        descriptor = socket(family == .v4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let any = TransportAddress(family == .v4 ? "127.0.0.1" : "::1", port: 0)
        let descriptor = descriptor
        try #require(SocketAddress(any).withPointer { bind(descriptor, $0, $1) } == 0)
        var local = SocketAddress(any)
        _ = local.withMutablePointer { getsockname(descriptor, $0, $1) }
        address = local.address
    }

    deinit {
        close(descriptor)
    }

    func send(_ datagram: [UInt8], to destination: TransportAddress) throws {
        let sent = SocketAddress(destination).withPointer { sendto(descriptor, datagram, datagram.count, 0, $0, $1) }
        try #require(sent == datagram.count)
    }

    func receive() throws -> (datagram: [UInt8], source: TransportAddress) {
        var buffer = [UInt8](repeating: 0, count: 2048)
        var source = SocketAddress("0.0.0.0:0")
        let count = source.withMutablePointer { recvfrom(descriptor, &buffer, buffer.count, 0, $0, $1) }
        try #require(count >= 0, "nothing arrived within five seconds")
        return (Array(buffer[..<count]), source.address)
    }
}

/// The kernel's form of an address.
private struct SocketAddress {
    private var storage = sockaddr_in6()
    private var length: socklen_t

    init(_ address: TransportAddress) {
        let bytes = address.ip.bytes
        switch address.family {
        case .v4:
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { raw in
                raw.bindMemory(to: sockaddr_in.self)[0].sin_family = sa_family_t(AF_INET)
                raw.bindMemory(to: sockaddr_in.self)[0].sin_port = address.port.bigEndian
                raw[4..<8].copyBytes(from: bytes)
            }
        case .v6:
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            storage.sin6_family = sa_family_t(AF_INET6)
            storage.sin6_port = address.port.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0[8..<24].copyBytes(from: bytes) }
        }
    }

    var address: TransportAddress {
        withUnsafeBytes(of: storage) { raw in
            let bytes = storage.sin6_family == sa_family_t(AF_INET) ? raw[4..<8] : raw[8..<24]
            guard let ip = IPAddress(bytes: bytes) else { preconditionFailure("four or sixteen bytes are an address") }
            return TransportAddress(ip, port: UInt16(bigEndian: storage.sin6_port))
        }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    mutating func withMutablePointer<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                withUnsafeMutablePointer(to: &length) { body(address, $0) }
            }
        }
    }
}
