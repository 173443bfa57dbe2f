import Glibc
import TestThreads
import Testing

@testable import Pinhole

@Suite("the identity file", .ownThreads)
struct IdentityTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
    }

    @Test("a plain identity comes back, and only its owner can read the file")
    func plain() throws {
        let identity = Identity.generate()
        try identity.save(to: folder.path("identity"), passphrase: nil)
        #expect(mode(of: folder.path("identity")) == 0o600)
        #expect(try folder.entries == ["identity"])
        #expect(try !Identity.isSealed(at: folder.path("identity")))
        let opened = try Identity(contentsOf: folder.path("identity")) {
            Issue.record("the file is not sealed")
            return nil
        }
        #expect(opened.publicKey == identity.publicKey)
    }

    @Test("a sealed identity opens with its passphrase, and with no other")
    func sealed() throws {
        let path = folder.path("identity")
        let identity = Identity.generate()
        try identity.save(to: path, passphrase: "correct horse")
        #expect(try Identity.isSealed(at: path))
        #expect(try Identity(contentsOf: path) { "correct horse" }.publicKey == identity.publicKey)
        #expect(failure { _ = try Identity(contentsOf: path) { "wrong horse" } }?.code == .wrongPassphrase)
        #expect(failure { _ = try Identity(contentsOf: path) { nil } }?.code == .wrongPassphrase)
    }

    @Test("a file that others can see is refused with the command to run", arguments: [0o640, 0o604, 0o620, 0o666])
    func looseMode(loose: mode_t) throws {
        let path = folder.path("my identity")
        try Identity.generate().save(to: path, passphrase: nil)
        chmod(path, loose)
        let error = try #require(failure { _ = try Identity(contentsOf: path) { nil } })
        #expect(error.code == .configuration)
        #expect(error.message.english.hasSuffix("(mode 0\(String(loose, radix: 8)))"))
        #expect(error.hint == "chmod 600 '\(path)'")
    }

    @Test("an existing file is never overwritten")
    func overwrite() throws {
        try folder.write([1, 2, 3], to: "identity")
        let error = failure { try Identity.generate().save(to: folder.path("identity"), passphrase: nil) }
        #expect(error?.code == .cannotWrite)
        #expect(try folder.read("identity") == [1, 2, 3])
        #expect(try folder.entries == ["identity"])
    }

    @Test("a missing file has its own code")
    func missing() {
        #expect(failure { _ = try Identity(contentsOf: folder.path("none")) { nil } }?.code == .noSuchFile)
    }

    @Test("every cut and every flipped byte of the key line is found out")
    func damaged() throws {
        let path = folder.path("identity")
        let identity = Identity.generate()
        try identity.save(to: path, passphrase: nil)
        let bytes = try folder.read("identity")
        let line = try #require(bytes.firstRange(of: Array("PIN-SECRET-1".utf8)))
        for index in line.upperBound..<bytes.count - 1 {
            try folder.write(Array(bytes[..<index]), to: "cut")
            #expect(failure { _ = try Identity(contentsOf: folder.path("cut")) { nil } }?.code == .badKey)
            var flipped = bytes
            flipped[index] = flipped[index] == UInt8(ascii: "Q") ? UInt8(ascii: "P") : UInt8(ascii: "Q")
            try folder.write(flipped, to: "flipped")
            #expect(failure { _ = try Identity(contentsOf: folder.path("flipped")) { nil } }?.code == .badKey)
        }
    }

    @Test("what is no key file at all is refused, without waiting or reading it whole")
    func garbage() throws {
        try folder.write([], to: "empty")
        try folder.write([UInt8](repeating: 0xff, count: 100), to: "binary")
        try folder.write([UInt8](repeating: 0x41, count: 1_000_000), to: "long")
        for name in ["empty", "binary", "long"] {
            let error = failure { _ = try Identity(contentsOf: folder.path(name)) { nil } }
            #expect(error?.code == .badKey)
            #expect(error?.message.english.contains("damaged") == true)
        }
        mkfifo(folder.path("pipe"), 0o600)
        #expect(failure { _ = try Identity(contentsOf: folder.path("pipe")) { nil } }?.code == .badKey)
        #expect(failure { _ = try Identity(contentsOf: folder.path) { nil } } != nil)
    }

    @Test("keys have one text form, and their errors say what is wrong")
    func publicKeys() throws {
        let key = Identity.generate().publicKey
        #expect(try PublicKey(key.text) == key)
        #expect(try PublicKey(raw: key.raw) == key)
        #expect(failure { _ = try PublicKey("pin1qqqq") }?.code == .badKey)
        #expect(failure { _ = try PublicKey(raw: [UInt8](repeating: 0, count: 32)) }?.code == .badKey)
        #expect(failure { _ = try PublicKey(raw: [1, 2, 3]) }?.code == .badKey)
    }

    @Test("both sides see the same safety number")
    func safetyNumber() {
        let alice = Identity.generate()
        let bob = Identity.generate()
        let number = alice.safetyNumber(with: bob.publicKey)
        #expect(number == bob.safetyNumber(with: alice.publicKey))
        #expect(number.count == 12 && number.allSatisfy { $0.count == 5 })
    }
}
