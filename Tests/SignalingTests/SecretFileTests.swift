import Glibc
import PinholeCrypto
import Testing

@testable import Signaling

@Suite("Secret files")
struct SecretFileTests {
    /// Runs `body` with a directory of its own, and removes that.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/pinhole-signaling-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in ["a/b/service.key", "a/b", "a", "token"] { remove("\(directory)/\(name)") }
            rmdir(directory)
        }
        try body(directory)
    }

    private func write(_ text: String, to path: String, mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(descriptor >= 0)
        let bytes = Array(text.utf8)
        #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
    }

    private func failure(_ body: () throws(ServerError) -> Void) -> ServerError? {
        do throws(ServerError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("the key is made at the first start, for its owner alone, and is the same at the next")
    func created() throws {
        try withDirectory { directory in
            let path = "\(directory)/a/b/service.key"
            let made = try SecretFile.key(at: path)
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(try SecretFile.key(at: path).publicKey == made.publicKey)
        }
    }

    @Test("a key that others can read is refused, with the command that helps")
    func loose() throws {
        try withDirectory { directory in
            let path = "\(directory)/a"
            try write(ServiceSecret.generate().text, to: path, mode: 0o640)
            let error = failure { () throws(ServerError) in _ = try SecretFile.key(at: path) }
            #expect(error?.code == .blocked)
            #expect(error?.message.contains("chmod 600 \(path)") == true)
        }
    }

    @Test("a damaged, cut-off, empty or foreign key is refused, and left as it is")
    func damaged() throws {
        try withDirectory { directory in
            let path = "\(directory)/a"
            let text = ServiceSecret.generate().text
            let peer = IdentitySecret.generate().text
            for bad in [
                String(text.dropLast()), "", "\(text.dropLast())\(text.last == "Q" ? "P" : "Q")", peer, "\0\0\0",
            ] {
                try write(bad, to: path, mode: 0o600)
                let error = failure { () throws(ServerError) in _ = try SecretFile.key(at: path) }
                #expect(error?.code == .badKey, "\(bad)")
                var status = stat()
                #expect(stat(path, &status) == 0)
                #expect(status.st_size == bad.utf8.count)
            }
        }
    }

    @Test("a check finds with a key or a token what the start would, in the same words, and makes nothing")
    func check() throws {
        try withDirectory { directory in
            let (key, token) = ("\(directory)/a", "\(directory)/token")
            var configuration = Configuration(key: .file(key))
            configuration.listen = ["127.0.0.1:0"]
            func expect(_ code: ServerError.Code?, _ comment: Comment) {
                let checked = failure { () throws(ServerError) in try configuration.checkSecrets() }
                #expect(checked?.code == code, comment)
                guard code != nil else { return }
                let started = failure { () throws(ServerError) in
                    _ = try SignalingServer(configuration: configuration)
                }
                #expect(checked == started, comment)
            }
            expect(nil, "a key that the start will make")
            #expect(access(key, F_OK) != 0)
            try write(ServiceSecret.generate().text, to: key, mode: 0o644)
            expect(.blocked, "a loose key")
            try write("PIN", to: key, mode: 0o600)
            expect(.badKey, "a damaged key")
            try write(ServiceSecret.generate().text, to: key, mode: 0o600)
            expect(nil, "a whole key")
            configuration.tokenFile = token
            expect(nil, "a token file that access does not ask for")
            configuration.access = .token
            expect(.noSuchFile, "no token")
            try write("sesame\n", to: token, mode: 0o644)
            expect(.blocked, "a loose token")
            try write("sesame\n", to: token, mode: 0o600)
            expect(nil, "a token")
        }
    }

    @Test("where no key can be made, the reason is named")
    func unwritable() {
        let error = failure { () throws(ServerError) in _ = try SecretFile.key(at: "/proc/none/service.key") }
        #expect(error?.code == .cannotWrite)
    }

    @Test("a token is one word; a missing file, two words and a loose file are refused")
    func tokens() throws {
        try withDirectory { directory in
            let path = "\(directory)/token"
            #expect(failure { () throws(ServerError) in _ = try SecretFile.token(at: path) }?.code == .noSuchFile)
            try write("sesame\n", to: path, mode: 0o600)
            #expect(try SecretFile.token(at: path) == Array("sesame".utf8))
            try write("two words\n", to: path, mode: 0o600)
            #expect(failure { () throws(ServerError) in _ = try SecretFile.token(at: path) }?.code == .badKey)
            try write("sesame\n", to: path, mode: 0o644)
            #expect(failure { () throws(ServerError) in _ = try SecretFile.token(at: path) }?.code == .blocked)
        }
    }
}
