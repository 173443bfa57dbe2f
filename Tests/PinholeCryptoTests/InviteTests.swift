import PinholeWire
import Testing

@testable import PinholeCrypto

/// Invites: to the byte, and what is refused.
struct InviteTests {
    private struct Case: Decodable {
        let title: String
        let inviter: Identity
        let invited: Identity
        let secret: Hex
        let expiry: UInt32
        let binding: Hex
        let name: String
        let content: Hex
        let text: String
        let guestSeed: Hex
        let guestPublic: Hex
        let session: Hex
        let proof: Hex
        let introduction: Hex
        let verdictWaiting: Hex

        struct Identity: Decodable {
            let seed: Hex
            let `public`: Hex
        }
    }

    private let cases: [Case]

    init() throws {
        cases = try Vectors.load("invite.json", as: [Case].self)
    }

    private var invite: Invite {
        get throws { try Invite(text: cases[0].text) }
    }

    @Test("what is read is what the vectors say, and what is made reads the same")
    func vectors() throws {
        #expect(cases.count == 2)
        for vector in cases {
            let inviter = try IdentitySecret(seed: vector.inviter.seed.bytes)
            let invited = try IdentitySecret(seed: vector.invited.seed.bytes)
            let invite = try Invite(text: vector.text)
            #expect(invite.inviter == inviter.publicKey)
            #expect(invite.content.secret == vector.secret.bytes)
            #expect(invite.content.expiry == vector.expiry)
            #expect(invite.content.binding ?? [] == vector.binding.bytes)
            #expect(invite.content.name == vector.name)
            #expect(invite.content.encoded == vector.content.bytes)
            #expect(invite.guest.publicKey.raw == vector.guestPublic.bytes)
            #expect([UInt8](copying: invite.guest.seed) == vector.guestSeed.bytes)
            #expect(invite.isFor(invited.publicKey))
            #expect(invite.isFor(inviter.publicKey) == vector.binding.bytes.isEmpty)
            #expect(Invite.sign(invite.content, by: inviter).text == vector.text)

            guard
                case .introduction(let key, let signature, let introduction) =
                    try InviteRecord(vector.introduction.bytes.span)
            else {
                Issue.record("\(vector.title): not an introduction")
                continue
            }
            let proof = InviteProof(
                inviter: invite.inviter, guest: invite.guest.publicKey, sessionID: vector.session.bytes, introduction)
            #expect(key == vector.invited.public.bytes)
            #expect(signature == vector.proof.bytes && proof.sign(by: invited) == signature)
            #expect(proof.isSigned(signature, by: invited.publicKey))
            #expect(
                InviteRecord.introduction(key: key, signature: signature, introduction).encoded
                    == vector.introduction.bytes)
            #expect(try InviteRecord(vector.verdictWaiting.bytes.span) == .verdict(.waiting))
            #expect(InviteRecord.verdict(.waiting).encoded == vector.verdictWaiting.bytes)
        }
    }

    @Test("a proof is good for one inviter, one invite, one session, one key and one introduction")  // [INV-9]
    func proofs() throws {
        let (alice, bob, carol) = (
            try IdentitySecret.fixed(1), try IdentitySecret.fixed(2), try IdentitySecret.fixed(3)
        )
        let introduction = InviteIntroduction(name: "bob", places: [])
        let session = [UInt8](repeating: 7, count: 16)
        func proof(
            _ inviter: IdentitySecret, _ guest: IdentitySecret, _ session: [UInt8], _ introduction: InviteIntroduction
        ) -> InviteProof {
            InviteProof(
                inviter: inviter.publicKey, guest: guest.publicKey, sessionID: session, introduction)
        }
        let signature = proof(alice, carol, session, introduction).sign(by: bob)
        #expect(proof(alice, carol, session, introduction).isSigned(signature, by: bob.publicKey))
        #expect(!proof(alice, carol, session, introduction).isSigned(signature, by: carol.publicKey))
        #expect(!proof(carol, carol, session, introduction).isSigned(signature, by: bob.publicKey))
        #expect(!proof(alice, alice, session, introduction).isSigned(signature, by: bob.publicKey))
        #expect(!proof(alice, carol, session + [0], introduction).isSigned(signature, by: bob.publicKey))
        let other = InviteIntroduction(name: "bobby", places: [])
        #expect(!proof(alice, carol, session, other).isSigned(signature, by: bob.publicKey))
    }

    @Test("it survives mail programs, QR codes and a double click that takes the last word alone")  // [INV-3]
    func forgiving() throws {
        let text = cases[0].text
        let wrapped = "  " + text.prefix(70) + "\r\n   " + text.dropFirst(70) + "\n"
        for variant in [wrapped, text.uppercased(), String(text.dropFirst(Invite.prefix.count))] {
            #expect(try Invite(text: variant).text == text)
        }
        #expect(text.dropFirst(Invite.prefix.count).allSatisfy { $0.isLetter || $0.isNumber })
    }

    @Test("one wrong, missing or doubled character is always noticed")
    func damaged() throws {
        let text = [UInt8](cases[0].text.utf8)
        for index in Invite.prefix.utf8.count..<text.count {
            var changed = text
            changed[index] = text[index] == 0x71 ? 0x70 : 0x71
            for bytes in [
                changed, Array(text[..<index] + text[(index + 1)...]), Array(text[...index] + text[index...]),
            ] {
                #expect(throws: InviteError.damaged) { try Invite(text: String(decoding: bytes, as: UTF8.self)) }
            }
        }
    }

    @Test("one whose content was changed, or that another key signed, is forged")  // [INV-4]
    func forged() throws {
        let mallory = try IdentitySecret.fixed(9)
        let content = try invite.content
        #expect(throws: InviteError.forged) { try Invite(text: Invite.sign(content, by: mallory).text) }
        var later = content
        later.expiry += 1
        let (_, bytes) = try Bech32m.decode(cases[0].text)
        let changed = later.encoded + bytes.suffix(64)
        #expect(throws: InviteError.forged) {
            try Invite(text: Bech32m.encode(changed.span, prefix: Invite.prefix))
        }
        var noKey = content
        noKey.inviter = [UInt8](repeating: 0, count: 32)
        #expect(throws: InviteError.forged) { try Invite(text: Invite.sign(noKey, by: mallory).text) }
    }

    @Test("an invite may hold more than this version knows")  // [INV-2]
    func trailingBytes() throws {
        let alice = try IdentitySecret.fixed(1)
        let known = Invite.make(
            by: alice, expiry: 5, for: nil, name: "alice", places: [])
        let content = known.content.encoded + [1, 2, 3]
        let message = [UInt8](repeating: 0x20, count: 64) + Array("pinhole/1 invite".utf8) + [0] + content
        let text = Bech32m.encode((content + alice.sign(message)).span, prefix: Invite.prefix)
        #expect(try Invite(text: text).content == known.content)
    }

    @Test("other text, later versions and content that does not parse are refused for what they are")  // [INV-1]
    func refused() throws {
        for text in ["", "pin1", "hello", "https://example.org/add/1", try IdentitySecret.fixed(1).publicKey.text] {
            #expect(throws: InviteError.notAnInvite, "\(text)") { try Invite(text: text) }
        }
        let alice = try IdentitySecret.fixed(1)
        func signed(_ content: [UInt8]) -> String {
            let message = [UInt8](repeating: 0x20, count: 64) + Array("pinhole/1 invite".utf8) + [0] + content
            return Bech32m.encode((content + alice.sign(message)).span, prefix: Invite.prefix)
        }
        let content = try invite.content.encoded
        #expect(throws: InviteError.newer) { try Invite(text: signed([2] + content.dropFirst())) }
        #expect(throws: InviteError.newer) { try Invite(text: signed([1, 2] + content.dropFirst(2))) }
        #expect(throws: InviteError.damaged) { try Invite(text: signed(Array(content.dropLast()))) }
        #expect(throws: InviteError.damaged) { try Invite(text: signed([])) }
        #expect(throws: InviteError.damaged) { try Invite(text: Invite.prefix + "1") }
    }

    @Test("every invite has a secret of its own, so that nobody meets by that of another")
    func fresh() throws {
        let alice = try IdentitySecret.fixed(1)
        let made = (0..<20).map { _ in Invite.make(by: alice, expiry: 1, for: nil, name: "", places: []) }
        #expect(Set(made.map(\.guest.publicKey)).count == 20)
        let bound = Invite.make(by: alice, expiry: 1, for: try IdentitySecret.fixed(2).publicKey, name: "", places: [])
        #expect(try Invite(text: bound.text).isFor(try IdentitySecret.fixed(2).publicKey))
        #expect(try !Invite(text: bound.text).isFor(try IdentitySecret.fixed(3).publicKey))
    }
}

/// The words that stand for a safety number.
struct SafetyWordsTests {
    private struct File: Decodable {
        let identities: [Identity]
        let safetyWords: [String]
        let bip39: [Phrase]

        struct Identity: Decodable {
            let text: String
        }

        struct Phrase: Decodable {
            let entropy: Hex
            let words: [String]
        }
    }

    private let file: File

    init() throws {
        file = try Vectors.load("keys.json", as: File.self)
    }

    @Test("the words are those of BIP 39, and both sides have the same")  // [KEY-17]
    func vectors() throws {
        #expect(WordList.words.count == 2048 && WordList.words == WordList.words.sorted())
        for phrase in file.bip39 { #expect(SafetyWords.encode(phrase.entropy.bytes) == phrase.words) }
        let keys = try file.identities.map { try IdentityKey(text: $0.text) }
        #expect(SafetyWords.words(keys[0], keys[1]) == file.safetyWords)
        #expect(SafetyWords.words(keys[1], keys[0]) == file.safetyWords)
    }

    @Test("typed words are read in any case and shortened to four letters; a wrong one is noticed")  // [KEY-18]
    func reading() {
        let words = file.safetyWords
        #expect(SafetyWords.read(words.joined(separator: " ")) == words)
        #expect(SafetyWords.read(words.map { $0.prefix(4).uppercased() }.joined(separator: "-")) == words)
        #expect(SafetyWords.read(words.dropLast().joined(separator: " ")) == nil)
        #expect(SafetyWords.read(words.joined(separator: " ") + " zoo") == nil)
        #expect(SafetyWords.read((["pinhole"] + words.dropFirst()).joined(separator: " ")) == nil)
        // Six bits of checksum: of 2047 wrong words in one place about 32 go unnoticed here, and differ all the same.
        let wrong = WordList.words.filter { $0 != words[3] }.filter { word in
            var changed = words
            changed[3] = word
            return SafetyWords.read(changed.joined(separator: " ")) != nil
        }
        #expect(wrong.count < 80)
    }
}

/// Keys as other programs write them.
struct KeyFormatTests {
    private let key: IdentityKey
    private let line: String

    init() throws {
        struct File: Decodable {
            let openssh: String
        }
        line = try Vectors.load("keys.json", as: File.self).openssh
        key = try IdentityKey(text: line)
    }

    @Test("lines of authorized_keys and known_hosts, SSH2 and PEM blocks, hexadecimal digits and Base64")  // [KEY-7]
    func accepted() throws {
        let blob = line.split(separator: " ")[1]
        let spki = "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
        let forms = [
            "from=\"192.0.2.1\",no-pty \(line)", "example.org,192.0.2.1 \(line)\n",
            "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"bob\\\nby\"\n\(blob.prefix(40))\n\(blob.dropFirst(40))\n"
                + "---- END SSH2 PUBLIC KEY ----\n",
            "-----BEGIN PUBLIC KEY-----\n\(spki)\n-----END PUBLIC KEY-----",
            "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
            "03A107BFF3CE10BE1D70DD18E74BC09967E4D6309BA50D5F1DDC8664125531B8",
            "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
        ]
        for form in forms { #expect(try IdentityKey(text: form) == key, "\(form)") }
    }

    @Test("secret keys, keys of other kinds and cut ones are refused for what they are")
    func refused() throws {
        let secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----"
        #expect(throws: KeyError.secretKey) { try IdentityKey(text: secret) }
        let rsa = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA\n-----END PUBLIC KEY-----"
        #expect(throws: KeyError.notEd25519) { try IdentityKey(text: rsa) }
        #expect(throws: KeyError.unusablePoint) { try IdentityKey(text: String(repeating: "f", count: 64)) }
        #expect(throws: KeyError.self) { try IdentityKey(text: String(repeating: "0", count: 63)) }
        #expect(throws: KeyError.self) { try IdentityKey(text: "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVM") }
    }
}
