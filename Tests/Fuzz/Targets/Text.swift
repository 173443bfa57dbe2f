import Pinhole
import PinholeCrypto
import PinholeWire

@testable import PinholeControl
@testable import PinholeCrypto
@testable import Signaling

extension FuzzTarget {
    /// What a person, a file or a program on this machine gives as text.
    static let text: [FuzzTarget] = [keyText, keyFile, inviteText, addresses, serviceConfiguration, rpcLine]

    static let alice = sure { try IdentitySecret(seed: Array(0..<32)) }
    static let bob = sure { try IdentitySecret(seed: Array(32..<64)) }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static let keyText = FuzzTarget(
        name: "key-text", maxLength: 1024,
        samples: {
            [
                alice.publicKey.text, KeyFormats.openSSHLine(alice.publicKey.raw) + " alice@example",
                alice.publicKey.raw.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
                "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
                """
                -----BEGIN PUBLIC KEY-----
                MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
                -----END PUBLIC KEY-----
                """,
                """
                ---- BEGIN SSH2 PUBLIC KEY ----
                Comment: "alice"
                AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4
                ---- END SSH2 PUBLIC KEY ----
                """, alice.text,
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        let text = text(bytes)
        if let key = try? IdentityKey(text: text) {
            must((try? IdentityKey(text: key.text)) == key, "\(key.text) is another key")
            must((try? IdentityKey(raw: key.raw)) == key, "a key that its own bytes do not make")
        }
        if let secret = try? IdentitySecret(text: text) {
            must((try? IdentitySecret(text: secret.text))?.publicKey == secret.publicKey, "another secret")
        }
        if let key = try? ServiceKey(text: text) { must((try? ServiceKey(text: key.text)) == key, "another service") }
    }

    private static let passphrase = SecretBytes(copying: Array("secret".utf8))

    private static let keyFile = FuzzTarget(
        name: "key-file", maxLength: 1024,
        samples: {
            // As cheap as Argon2id can be.
            let cost = KeyFile.Cost(passes: 1, memory: 8)
            return [nil, passphrase].compactMap { try? KeyFile.seal(alice, passphrase: $0, cost: cost) }
                .map { Array($0.utf8) }
        }
    ) { bytes in
        let text = text(bytes)
        if let identity = try? KeyFile.open(text, passphrase: nil) {
            must(!KeyFile.isSealed(text), "a sealed file that opens without its passphrase")
            guard let again = try? KeyFile.seal(identity, passphrase: nil) else { fatalError("broken: not sealed") }
            must((try? KeyFile.open(again, passphrase: nil))?.publicKey == identity.publicKey, "another identity")
        }
        // What a file asks for of time and memory is bounded; here only what costs nothing is tried.
        guard let line = text.split(whereSeparator: \.isNewline).last(where: { !$0.hasPrefix("#") }),
            let body = try? Bech32m.decode(line, prefix: "pin-sealed-", count: 129),
            body[1..<9].elementsEqual([0, 0, 0, 1, 0, 0, 0, 8])
        else { return }
        if let identity = try? KeyFile.open(text, passphrase: passphrase) {
            must(identity.publicKey.raw == Array(body[9..<41]), "another identity than the file says")
        }
    }

    private static let inviteText = FuzzTarget(
        name: "invite-text", maxLength: 1024,
        samples: {
            let places = [Place(host: "192.0.2.1", port: 7000)]
            return [nil, bob.publicKey].flatMap { key -> [[UInt8]] in
                let invite = Invite.make(by: alice, expiry: .max, for: key, name: "Alice", places: places)
                return [Array(invite.text.utf8), invite.content.encoded]
            }
        }
    ) { bytes in
        if let link = try? InviteLink(text(bytes)) {
            must((try? InviteLink(link.text)) == link, "an invite that is written as another")
            _ = (link.services, link.addresses, link.isFor(link.inviter))
        }
        // What the checksum and the signature would keep from being reached.
        guard let content = try? InviteContent(bytes.span), content.inviter == alice.publicKey.raw else { return }
        let invite = Invite.sign(content, by: alice)
        guard let read = try? Invite(text: invite.text) else { fatalError("broken: \(invite.text) cannot be read") }
        must(read.content == content && read.guest.publicKey == invite.guest.publicKey, "another invite")
    }

    private static let addresses = FuzzTarget(
        name: "addresses", maxLength: 256,
        samples: {
            let key = (try? ServiceSecret(raw: Array(1...32)))?.publicKey.text ?? ""
            return [
                "192.0.2.1:443", "[2001:db8::1]:1", "::ffff:1.2.3.4", "fe80::1%eth0", "bob.example.org:7000",
                "pinhole-signal://\(key)@signal.example.org:41414", "pinhole-signal://\(key)@[::1]:1",
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        let text = text(bytes)
        if let ip = IPAddress(text) { must(IPAddress(ip.description) == ip, "\(ip) is another address") }
        if let address = TransportAddress(text) {
            must(TransportAddress(address.description) == address, "\(address) is another address")
        }
        if let service = try? ServiceAddress(text) {
            must((try? ServiceAddress("\(service)")) == service, "\(service) is another service")
        }
        if let (host, port) = Contact.hostAndPort(text) { must(!host.isEmpty && port != 0, "\(text) is no place") }
    }

    private static let serviceConfiguration = FuzzTarget(
        name: "service-configuration", maxLength: 2048,
        samples: {
            [
                """
                listen = ["0.0.0.0:41414", "[::]:41414"]
                alternate-ports = [41415, 41416, 41417]
                second-addresses = ["192.0.2.2"]
                address = "signal.example.org"
                key = "/tmp/key"
                access = "token"
                token-file = "/tmp/token"
                [limits]
                registrations = 100000
                registrations-per-source = 1_000
                tags = 0x10000
                stun-per-second = 50000
                """, "[.a]\n", "[limits]\nregisters-per-second = 1e3\n# x\n[[a]]\nb = {c = 1979-05-27T07:32:00Z}",
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        var configuration = Configuration(key: .file("key"))
        do throws(ServerError) {
            try configuration.read(text(bytes), file: "file")
        } catch {
            return must(error.message.hasPrefix("file:"), "an error without a place: \(error.message)")
        }
        must(configuration.capacity.registrations > 0 && configuration.capacity.tags > 0, "no room for anybody")
    }

    private static let rpcLine = FuzzTarget(
        name: "rpc-line", maxLength: 2048,
        samples: {
            [
                #"{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"to":"bob","text":"hé\u0000\ud83d\ude00"}}"#,
                #"[{"jsonrpc":"2.0","method":"rpc.discover"},{"jsonrpc":"2.0","id":"a","method":"x","params":[]}]"#,
                #"{"jsonrpc":"2.0","id":1.5e300,"method":"node.status","params":{"a":[true,null,-1,{}]}}"#,
                #"{"jsonrpc":"2.0","id":7,"error":{"code":69,"message":"no","data":{"hint":"h"}}}"#,
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        guard let json = try? JSON(parsing: bytes) else { return }
        let line = json.line
        must(!line.unicodeScalars.contains { $0.isUnsafeForTerminal }, "a line that a terminal obeys: \(line)")
        guard let again = try? JSON(parsing: line.utf8) else { fatalError("broken: \(line) is no JSON") }
        must(again.line == line, "\(line) is written as \(again.line)")
        for call in json.elements ?? [json] {
            if let request = try? RPC.Request(call) { _ = RPC.response(request.id ?? .unknown, call).line }
            _ = RPC.Request.id(of: call)
            if let failure = call["error"] { _ = RPC.Failure(failure).error.message.spoken }
            if let params = call["params"] { _ = try? params.decode(ContactAdd.Params.self) }
        }
    }
}
