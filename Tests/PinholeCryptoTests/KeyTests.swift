import PinholeWire
import Testing

@testable import PinholeCrypto

/// Keys as people give them: text forms, and what is refused.
struct KeyTests {
    private struct File: Decodable {
        let identities: [Identity]
        let openssh: String
        let safetyNumber: [String]
        let blake2b: [Digest]

        struct Identity: Decodable {
            let seed: Hex
            let `public`: Hex
            let text: String
            let secretText: String
        }

        struct Digest: Decodable {
            let input: Hex
            let hash: Hex
        }
    }

    private let file: File

    init() throws {
        file = try Vectors.load("keys.json", as: File.self)
    }

    @Test("the text forms are those of the vectors, and read back")  // [KEY-6]
    func text() throws {
        for vector in file.identities {
            let identity = try IdentitySecret(seed: vector.seed.bytes)
            #expect(identity.publicKey.raw == vector.public.bytes)
            #expect(identity.publicKey.text == vector.text)
            #expect(identity.text == vector.secretText)
            #expect(try IdentityKey(text: " \(vector.text)\n") == identity.publicKey)
            #expect(try IdentityKey(text: vector.text.uppercased()) == identity.publicKey)
            #expect(try IdentitySecret(text: vector.secretText + "\n").publicKey == identity.publicKey)
            #expect(try IdentityKey(raw: vector.public.bytes) == identity.publicKey)
        }
    }

    @Test("an OpenSSH line is read, with and without its comment")  // [KEY-7]
    func openSSH() throws {
        #expect(try IdentityKey(text: file.openssh).raw == file.identities[0].public.bytes)
        let words = file.openssh.split(separator: " ")
        #expect(try IdentityKey(text: words[0] + " " + words[1]).raw == file.identities[0].public.bytes)
        let refused = [
            "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 \(words[1])AAAA", "ssh-ed25519 \(words[1].dropLast(4))",
            "ssh-rsa \(words[1])", "ssh-ed25519 !\(words[1])", "sk-ssh-ed25519@openssh.com \(words[1])",
            "ecdsa-sha2-nistp256 \(words[1])",
        ]
        for line in refused {
            #expect(throws: KeyError.notOpenSSH, "\(line)") { try IdentityKey(text: line) }
        }
    }

    @Test("one wrong, missing, doubled or swapped character of a key is always noticed")
    func checksum() throws {
        let text = [UInt8](file.identities[0].text.utf8)
        for index in text.indices {
            for replacement in [UInt8]("qpzry9x8gf2tvdw0s3jn54khce6mua7lb1Q".utf8) where replacement != text[index] {
                var changed = text
                changed[index] = replacement
                expectRefused(changed)
            }
            expectRefused(text[..<index] + text[(index + 1)...])
            expectRefused(text[...index] + text[index...])
            if index > 0, text[index] != text[index - 1] {
                var swapped = text
                swapped.swapAt(index, index - 1)
                expectRefused(swapped)
            }
        }
    }

    private func expectRefused(_ text: some Sequence<UInt8>) {
        let text = String(decoding: Array(text), as: UTF8.self)
        #expect(throws: KeyError.self, "\(text)") { try IdentityKey(text: text) }
    }

    @Test("each refusal says what is wrong with the key")  // [KEY-5]
    func refusals() throws {
        let identity = file.identities[0]
        #expect(throws: KeyError.secretKey) { try IdentityKey(text: identity.secretText) }
        #expect(throws: KeyError.secretKey) { try IdentityKey(text: identity.secretText.lowercased()) }
        #expect(throws: KeyError.wrongPrefix(expected: "pin-secret-1", found: "pin1")) {
            try IdentitySecret(text: identity.text)
        }
        let service = ServiceSecret.generate()
        #expect(throws: KeyError.wrongPrefix(expected: "pin1", found: "pinsrv1")) {
            try IdentityKey(text: service.publicKey.text)
        }
        #expect(throws: KeyError.secretKey) { try ServiceKey(text: service.text) }
        #expect(throws: KeyError.wrongLength(31)) { try IdentityKey(raw: [UInt8](repeating: 9, count: 31)) }
        #expect(throws: KeyError.wrongLength(33)) { try IdentityKey(raw: identity.public.bytes + [0]) }
        #expect(throws: KeyError.wrongLength(0)) { try IdentitySecret(seed: []) }
        let short = Bech32m.encode([1, 2, 3].span, prefix: "pin")
        #expect(throws: KeyError.wrongLength(3)) { try IdentityKey(text: short) }
        #expect(throws: KeyError.badCharacter) { try IdentityKey(text: "") }
        #expect(throws: KeyError.badCharacter) { try IdentityKey(text: "pin1 qqqq") }
        #expect(throws: KeyError.badCharacter) { try IdentityKey(text: "Pin" + identity.text.dropFirst(3)) }
        #expect(throws: KeyError.badCharacter) { try IdentityKey(text: "pïn1qqqqqqqqqq") }
        #expect(throws: KeyError.badChecksum) { try IdentityKey(text: "pin") }
        #expect(throws: KeyError.badChecksum) { try IdentityKey(text: "1") }
        let messages = [
            KeyError.wrongLength(31), .badCharacter, .badChecksum, .wrongPrefix(expected: "pin1", found: "x1"),
            .secretKey, .unusablePoint, .ownKey, .notOpenSSH,
        ].map(\.message)
        #expect(Set(messages).count == messages.count)
    }

    @Test("no refusal repeats a secret")
    func secretsAreNotRepeated() throws {
        let secret = file.identities[0].secretText
        let damaged = secret.dropLast() + (secret.last == "Q" ? "P" : "Q")
        do {
            _ = try IdentitySecret(text: String(damaged))
            Issue.record("a damaged secret was read")
        } catch {
            #expect(error == .badChecksum)
        }
        let identity = try IdentitySecret(text: secret)
        #expect(!"\(identity)".contains(secret.dropFirst(12)))
        #expect("\(SecretBytes(copying: [1, 2, 3]))" == "SecretBytes(3 bytes)")
    }

    @Test(  // [KEY-1]
        "points that cannot be used are refused",
        arguments: [
            // The eight points of small order, and other encodings of them.
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            // y = p + 3 … p + 18: on the curve, not canonical.
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            // y = 2: not on the curve.
            "0200000000000000000000000000000000000000000000000000000000000000",
            // 9 B + a point of order eight: outside the prime-order subgroup.
            "e445a9708d645e4bfbfd5a5b3948e64eb2dfe10796d3c8b7149a1c17881a4aec",
        ] as [Hex])
    func unusablePoints(raw: Hex) {
        #expect(throws: KeyError.unusablePoint) { try IdentityKey(raw: raw.bytes) }
    }

    @Test("nine times the base point is usable")  // [KEY-1]
    func usablePoint() throws {
        _ = try IdentityKey(raw: hex("c0f1225584444ec730446e231390781ffdd2f256e9fcbeb2f40dddc2c2233d7f"))
    }

    @Test("a service's key of small order is refused", arguments: lowOrderPoints)  // [KEY-3]
    func lowOrderServiceKey(point: [UInt8]) {
        #expect(throws: KeyError.unusablePoint) { try ServiceKey(raw: point) }
    }

    @Test("one's own key is no contact")  // [KEY-2]
    func ownKey() throws {
        let identity = try IdentitySecret.fixed(1)
        #expect(throws: KeyError.ownKey) { try PairKeys(own: identity, peer: identity.publicKey) }
    }

    @Test("a pre-shared key has 32 bytes")  // [KEY-14]
    func pskLength() throws {
        let one = try IdentitySecret.fixed(1)
        let other = try IdentitySecret.fixed(2)
        for count in [0, 31, 33] {
            #expect(throws: KeyError.wrongLength(count)) {
                try PairKeys(own: one, peer: other.publicKey, psk: [UInt8](repeating: 1, count: count))
            }
        }
    }

    @Test("the safety number is that of the vectors, on both sides")  // [KEY-16]
    func safetyNumber() throws {
        let keys = try file.identities.map { try IdentityKey(raw: $0.public.bytes) }
        #expect(SafetyNumber.digits(keys[0], keys[1]) == file.safetyNumber)
        #expect(SafetyNumber.digits(keys[1], keys[0]) == file.safetyNumber)
        #expect(file.safetyNumber.count == 12 && file.safetyNumber.allSatisfy { $0.count == 5 })
        let third = try IdentitySecret.fixed(3).publicKey
        #expect(SafetyNumber.digits(keys[0], third) != file.safetyNumber)
    }

    @Test("generated keys differ")
    func generation() throws {
        #expect(IdentitySecret.generate().publicKey != IdentitySecret.generate().publicKey)
        #expect(ServiceSecret.generate().publicKey != ServiceSecret.generate().publicKey)
        #expect(IntroID.random() != IntroID.random())
        #expect(randomBytes(0).isEmpty)
        let service = ServiceSecret.generate()
        #expect(try ServiceSecret(text: service.text).publicKey == service.publicKey)
        #expect(try ServiceKey(text: service.publicKey.text) == service.publicKey)
    }

    @Test("BLAKE2b is that of the vectors")
    func blake2b() {
        for vector in file.blake2b { #expect(Blake2b.hash(vector.input.bytes) == vector.hash.bytes) }
    }

    @Test("secrets compare by content and length")  // [SIG-10]
    func secretBytes() {
        #expect(SecretBytes(copying: [1, 2, 3]) == SecretBytes(copying: [1, 2, 3]))
        #expect(SecretBytes(copying: [1, 2, 3]) != SecretBytes(copying: [1, 2, 4]))
        #expect(SecretBytes(copying: [1, 2, 3]) != SecretBytes(copying: [1, 2]))
        #expect(SecretBytes(copying: []) == SecretBytes(copying: []))
        #expect(constantTimeEquals([], []) && !constantTimeEquals([1], []))
    }
}
