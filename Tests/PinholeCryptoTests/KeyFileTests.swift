import PinholeWire
import Testing

@testable import PinholeCrypto

/// Key files, open and sealed.
struct KeyFileTests {
    private struct File: Decodable {
        let identities: [Identity]
        let keyFile: Sealed

        struct Identity: Decodable {
            let seed: Hex
        }

        struct Sealed: Decodable {
            let passphrase: String
            let text: String
        }
    }

    private let cheap = KeyFile.Cost(passes: 1, memory: 8)
    private let passphrase = SecretBytes(copying: [UInt8]("correct horse".utf8))

    @Test("a plain file names its public key and opens")  // [KEY-9]
    func plain() throws {
        let identity = try IdentitySecret.fixed(7)
        let text = try KeyFile.seal(identity, passphrase: nil)
        #expect(text.hasPrefix("# The identity \(identity.publicKey.text)\n"))
        #expect(text.hasSuffix("\n\(identity.text)\n"))
        #expect(!KeyFile.isSealed(text))
        #expect(try KeyFile.open(text, passphrase: nil).publicKey == identity.publicKey)
        #expect(try KeyFile.open(identity.text, passphrase: passphrase).publicKey == identity.publicKey)
    }

    @Test("a sealed file opens with its passphrase only, and differs each time")
    func sealed() throws {
        let identity = try IdentitySecret.fixed(7)
        let text = try KeyFile.seal(identity, passphrase: passphrase, cost: cheap)
        #expect(KeyFile.isSealed(text))
        #expect(!text.contains(identity.text.dropFirst(12)))
        #expect(try KeyFile.open(text, passphrase: passphrase).publicKey == identity.publicKey)
        #expect(throws: KeyFileError.needsPassphrase) { try KeyFile.open(text, passphrase: nil) }
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            let wrong = SecretBytes(copying: [UInt8](wrong.utf8))
            #expect(throws: KeyFileError.wrongPassphrase) { try KeyFile.open(text, passphrase: wrong) }
        }
        #expect(try KeyFile.seal(identity, passphrase: passphrase, cost: cheap) != text)
    }

    @Test("a file sealed elsewhere opens")
    func vector() throws {
        let file = try Vectors.load("keys.json", as: File.self)
        let identity = try IdentitySecret(seed: file.identities[0].seed.bytes)
        let passphrase = SecretBytes(copying: [UInt8](file.keyFile.passphrase.utf8))
        #expect(try KeyFile.open(file.keyFile.text, passphrase: passphrase).publicKey == identity.publicKey)
    }

    @Test("a file sealed at the usual cost opens")  // [KEY-12]
    func moderateCost() throws {
        let identity = try IdentitySecret.fixed(8)
        let text = try KeyFile.seal(identity, passphrase: passphrase)
        #expect(try KeyFile.open(text, passphrase: passphrase).publicKey == identity.publicKey)
    }

    @Test("damage is told from a wrong passphrase")
    func damage() throws {
        let identity = try IdentitySecret.fixed(7)
        for passphrase in [nil, passphrase] {
            let text = try KeyFile.seal(identity, passphrase: passphrase, cost: cheap)
            let line = String(text.split(separator: "\n")[2])
            let damaged = [
                "", "\n", "# only a comment\n", String(line.dropLast()), String(line.dropFirst()), line + "Q",
                line + " " + line, text + text, line.replacing("Q", with: "P", maxReplacements: 1), "PIN-SECRET-1",
                "PIN-SEALED-1", "\u{0}\u{1}",
            ]
            for text in damaged {
                #expect(throws: KeyFileError.damaged, "\(text)") {
                    try KeyFile.open(text, passphrase: passphrase)
                }
            }
        }
    }

    @Test("comments, empty lines and other line ends do not matter")  // [KEY-9]
    func layout() throws {
        let identity = try IdentitySecret.fixed(7)
        let text = "\r\n  # mine\r\n\r\n\t\(identity.text)  \r\n# end"
        #expect(try KeyFile.open(text, passphrase: nil).publicKey == identity.publicKey)
    }

    @Test("a file that asks for too much, for nothing, or for another form is refused before any work")  // [KEY-10]
    func cost() throws {
        let costs: [(form: UInt8, passes: UInt32, memory: UInt32)] = [
            (1, 17, 64), (1, .max, 64), (1, 1, 1024 * 1024 + 1), (1, 1, .max), (1, 0, 64), (1, 1, 7), (2, 1, 64),
        ]
        for cost in costs {
            var body = ByteWriter()
            body.u8(cost.form)
            body.u32(cost.passes)
            body.u32(cost.memory)
            body.zeros(32 + 16 + 24 + 48)
            let text = Bech32m.encode(body.bytes.span, prefix: "pin-sealed-")
            #expect(throws: KeyFileError.unsupported) { try KeyFile.open(text, passphrase: passphrase) }
        }
        let short = Bech32m.encode([1, 2, 3].span, prefix: "pin-sealed-")
        #expect(throws: KeyFileError.unsupported) { try KeyFile.open(short, passphrase: passphrase) }
    }

    @Test("a sealed file whose public key was replaced does not open")  // [KEY-11]
    func replacedPublicKey() throws {
        let text = try KeyFile.seal(try IdentitySecret.fixed(7), passphrase: passphrase, cost: cheap)
        var body = try Bech32m.decode(text.split(separator: "\n")[2]).bytes
        body.replaceSubrange(9..<41, with: try IdentitySecret.fixed(8).publicKey.raw)
        let changed = Bech32m.encode(body.span, prefix: "pin-sealed-")
        #expect(throws: KeyFileError.wrongPassphrase) { try KeyFile.open(changed, passphrase: passphrase) }
    }

    @Test("each error has its own sentence")
    func messages() {
        let errors: [KeyFileError] = [.damaged, .needsPassphrase, .wrongPassphrase, .unsupported, .notEnoughMemory]
        #expect(Set(errors.map(\.message)).count == errors.count)
    }

    // MARK: Of other programs

    /// The secret key of RFC 8032 §7.1, test 1, as `ssh-keygen` and OpenSSL write it.
    private static let openSSH = """
        -----BEGIN OPENSSH PRIVATE KEY-----
        b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUx
        OQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAIjAlW4QwJVuEAAAAAtzc2gt
        ZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAECdYbGd7/1aYLqE
        SvSS7CzEREnFaXsyaRlwO6wDHK5/YNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAAAA
        AAECAwQF
        -----END OPENSSH PRIVATE KEY-----
        """
    private static let pem = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----
        """
    private static let publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    @Test("a secret key of OpenSSH's, and one in PEM, is an identity", arguments: [openSSH, pem])
    func foreign(text: String) throws {
        let identity = try KeyFile.import(text + "\n", passphrase: nil)
        #expect(
            identity.publicKey.raw.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                == Self.publicKey)
    }

    @Test("what another program has sealed, cut off, or made of another kind, is refused")
    func badForeign() {
        // The cipher's name, and the public key in the section.
        let sealed = Self.openSSH.replacing("AAAABG5vbmUAAAAEbm9uZQ", with: "AAAABG5vbmYAAAAEbm9uZQ")
        let other = Self.openSSH.replacing("ZWQyNTUxOQAAACDXWpgB", with: "ZWQyNTUxOQAAACDXWpgC")
        let cases: [(String, KeyFileError)] = [
            (sealed, .foreignSeal), (other, .damaged), (Self.openSSH.replacing("AAECAwQF", with: "AAECA"), .damaged),
            (Self.pem.replacing("MC4CAQAw", with: "MC4CAQAx"), .notEd25519),
            (Self.pem.replacing("PRIVATE", with: "RSA PRIVATE"), .notEd25519), ("nothing", .damaged),
        ]
        for (text, error) in cases {
            #expect(throws: error) { try KeyFile.import(text, passphrase: nil) }
        }
        for count in stride(from: 40, to: Self.openSSH.count - 80, by: 7) {
            #expect(throws: KeyFileError.self) {
                try KeyFile.import(
                    Self.openSSH.prefix(count) + "\n-----END OPENSSH PRIVATE KEY-----", passphrase: nil)
            }
        }
    }
}
