import CLab
import CSodium
import Foundation
import Glibc
import PinholeWire
import Testing

@testable import PinholeCrypto

extension Laboratory {
    /// What of the secrets is in the memory of the real program, while it runs and when it has done everything.
    @Suite("memory")
    struct MemoryTests {
        @Test(
            "keys lie in guarded memory alone, and passphrases nowhere, while it runs and in its last image",
            arguments: [true, false])
        func secrets(isSealed: Bool) async throws {
            try await Network.run { network in try Self.look(isSealed: isSealed, network) }
        }

        private static func look(isSealed: Bool, _ network: Network) throws {
            let folder = network.newDirectory("memory")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let reactor = network.reactor
            let seed = randomBytes(32)
            let identity = try IdentitySecret(seed: seed)
            // Long enough that no String holds it in itself.
            let passphrase = "correct horse battery staple \(UInt64.random(in: 0 ... .max))"
            try write(passphrase + "\n", to: folder + "/passphrase")
            try write(identity.text + "\n", to: folder + "/key")

            func start(_ person: String, _ arguments: [String]) throws -> Program {
                let secret = person == "alice" && isSealed ? ["--passphrase-file", folder + "/passphrase"] : []
                let program = try Program(
                    try Binaries.path("pinhole"),
                    arguments + ["--profile", "\(folder)/\(person)", "--config", "\(folder)/\(person).toml"] + secret,
                    named: "\(person): \(arguments[0])", environment: ["HOME": folder, "XDG_RUNTIME_DIR": folder])
                reactor.add(program)
                return program
            }
            func run(_ person: String, _ arguments: [String]) throws -> String {
                let program = try start(person, arguments)
                program.closeInput()
                let status = try reactor.exitStatus(of: program, within: .seconds(30))
                #expect(status == .exited(0), "\(person): \(arguments): \(program.errors.text)")
                return program.output.text.trimmingCharacters(in: .newlines)
            }
            let alice = try run("alice", ["init", "--key", folder + "/key"])
            let bob = try run("bob", ["init"])
            let ports = try (freePort(), freePort())
            _ = try run("alice", ["contact", "add", "bob", bob, "--address", "127.0.0.1:\(ports.1)"])
            _ = try run("bob", ["contact", "add", "alice", alice, "--address", "127.0.0.1:\(ports.0)"])
            let program = try start(
                "alice", ["listen", "--json", "--allow-loopback", "--port", "\(ports.0)"])
            _ = try run("bob", ["send", "alice", "hello", "--allow-loopback", "--port", "\(ports.1)"])
            _ = try reactor.wait(for: "the message", within: .seconds(10)) {
                program.output.text.contains("hello") ? true : nil
            }

            let secrets = secrets(of: identity, seed, passphrase)
            // Or nothing was looked at.
            for (secret, places) in try expectGuarded(secrets, in: program.pid, "while it runs") where secret.isKept {
                #expect(!places.isEmpty, "\(secret.name) is nowhere while it runs")
            }
            guard lab_trace_exit(program.pid) == 0 else { throw LabError.system("trace") }
            program.signal(SIGTERM)
            guard lab_wait_exit(program.pid, 20_000) == 0 else { throw LabError("it did not stop at its end") }
            // What was freed is wiped: there may be nothing left.
            _ = try expectGuarded(secrets, in: program.pid, "in its last image")
            _ = lab_release(program.pid)
            let status = try reactor.exitStatus(of: program, within: .seconds(10))
            #expect(status == .exited(0))
        }

        /// The other side is the second implementation, which tells what both have derived.
        @Test("the keys of a handshake, an epoch and a session are wiped when it is over", .needsPython)
        func sessionKeys() throws {
            let loopback = try Loopback()
            let service = try loopback.service()
            let alice = try loopback.run(["init", "--service", service])
            let snake = try loopback.snake(contact: alice, ["--service", service])
            try loopback.run(["contact", "add", "snake", try #require(try snake.expect("ready").key)])
            try snake.expect("registered")
            let chat = try loopback.talking(["chat", "snake"])
            try snake.expect("session")
            try chat.expect("connected")
            let first = try Self.keys(of: snake, epoch: 0)
            // Or nothing was looked at.
            let used = first.filter { $0.name.hasPrefix("traffic") }
            #expect(used.count == 2)
            for (key, places) in try Self.find(used, in: chat.program.pid) {
                #expect(!places.isEmpty, "\(key.name) is nowhere while it is used")
            }

            snake.say("rekey")
            try snake.expect("epoch") { $0.number == 1 }
            let second = try Self.keys(of: snake, epoch: 1)
            _ = try loopback.reactor.wait(for: "the keys of the first epoch to go", within: .seconds(20)) {
                try Self.find(first, in: chat.program.pid).allSatisfy(\.places.isEmpty) ? true : nil
            }

            guard lab_trace_exit(chat.program.pid) == 0 else { throw LabError.system("trace") }
            chat.program.signal(SIGTERM)
            guard lab_wait_exit(chat.program.pid, 20_000) == 0 else { throw LabError("it did not stop at its end") }
            for (key, places) in try Self.find(first + second, in: chat.program.pid) {
                #expect(places.isEmpty, "\(key.name), in its last image: \(places)")
            }
            _ = lab_release(chat.program.pid)
            #expect(try loopback.reactor.exitStatus(of: chat.program, within: .seconds(10)) == .exited(143))
        }

        private static func keys(of snake: Talker, epoch: Int) throws -> [Secret] {
            snake.say("keys")
            let secrets = try #require(try snake.expect("keys") { $0.number == epoch }.secrets)
            return try secrets.map { name, hex in
                let digits = Array(hex.utf8)
                let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
                }
                try #require(bytes.count == 32)
                return Secret(name: "\(name), epoch \(epoch)", bytes: bytes)
            }
        }

        private static func find(
            _ secrets: [Secret], in pid: pid_t
        ) throws -> [(secret: Secret, places: [MemoryImage.Finding])] {
            let image = try MemoryImage(of: pid)
            defer { image.close() }
            #expect(image.size > 1 << 20)
            return secrets.map { ($0, image.find($0.bytes)) }
        }

        private struct Secret {
            let name: String
            let bytes: [UInt8]
            /// Whether the program needs it all the time.
            var isKept = false
        }

        private static func secrets(of identity: IdentitySecret, _ seed: [UInt8], _ passphrase: String) -> [Secret] {
            var (publicKey, signingKey) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 64))
            crypto_sign_ed25519_seed_keypair(&publicKey, &signingKey, seed)
            var scalar = [UInt8](repeating: 0, count: 32)
            _ = crypto_sign_ed25519_sk_to_curve25519(&scalar, signingKey)
            let vault = concatKDF(seed.span, "vault", count: 64)
            let keys = [UInt8](copying: vault.bytes)
            return [
                Secret(name: "the seed", bytes: seed, isKept: true),
                Secret(name: "the seed's text", bytes: Array(identity.text.utf8)),
                Secret(name: "the seed's text in small letters", bytes: Array(identity.text.lowercased().utf8)),
                Secret(name: "the key of X25519", bytes: scalar),
                Secret(name: "the key of the history", bytes: Array(keys[..<32]), isKept: true),
                Secret(name: "the key of the history's tags", bytes: Array(keys[32...]), isKept: true),
                Secret(name: "the passphrase", bytes: Array(passphrase.utf8)),
            ]
        }

        /// Returns where each of them is.
        private static func expectGuarded(
            _ secrets: [Secret], in pid: pid_t, _ when: String
        ) throws -> [(secret: Secret, places: [MemoryImage.Finding])] {
            let found = try find(secrets, in: pid)
            for (secret, places) in found {
                let exposed = places.filter { !$0.isGuarded }
                #expect(exposed.isEmpty, "\(secret.name), \(when): \(exposed)")
            }
            return found
        }

        private static func write(_ text: String, to path: String) throws {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, 0o600)
        }

        /// A UDP port that nobody has at the moment.
        private static func freePort() throws -> UInt16 {
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let status = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
                }
            }
            guard status == 0 else { throw LabError.system("find a port") }
            return UInt16(bigEndian: address.sin_port)
        }
    }
}
