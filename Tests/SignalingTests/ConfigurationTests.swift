import Glibc
import PinholeCrypto
import PinholeWire
import Testing

@testable import Signaling

/// Serialized, as getopt_long(3) has one state for the whole process.
@Suite("Configuration", .serialized)
struct ConfigurationTests {
    private func command(_ words: String..., file: String = "") throws(ServerError) -> Command {
        try Command(
            arguments: ["pinhole-signaling"] + words, read: { _ in file },
            environment: { $0 == "HOME" ? "/home/op" : nil })
    }

    private func configuration(_ words: String..., file: String = "") throws -> Configuration {
        let command = try Command(
            arguments: ["pinhole-signaling", "--config", "x.toml"] + words, read: { _ in file },
            environment: { _ in nil })
        guard case .run(let configuration) = command else { throw TestClient.Failure() }
        return configuration
    }

    private func error(_ words: String..., file: String = "") -> ServerError? {
        do throws(ServerError) {
            _ = try Command(
                arguments: ["pinhole-signaling", "--config", "x.toml"] + words, read: { _ in file },
                environment: { _ in nil })
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "a table without a name is an error with its line, and not the end of the program",
        arguments: ["[.a]", "[[", "[ ="])
    func namelessTable(text: String) {
        let message = error(file: "\n\(text)\n")?.message
        #expect(message?.hasPrefix("x.toml:2: ") == true, "\(message ?? "none")")
    }

    @Test("without a word, the defaults hold")
    func defaults() throws {
        guard case .run(let configuration) = try command() else {
            Issue.record("the service does not run")
            return
        }
        #expect(configuration.listen == ["0.0.0.0:41414", "[::]:41414"])
        #expect(configuration.ports == [41414, 41415, 41416, 41417])
        guard case .file("/home/op/.local/share/pinhole-signaling/service.key") = configuration.key else {
            Issue.record("the key is \(configuration.key)")
            return
        }
    }

    @Test("every key of the file is read, and options override it")
    func everyKey() throws {
        let file = """
            listen = ["192.0.2.1:5000"]
            alternate-ports = [6000, 6001]
            second-addresses = ["192.0.2.2"]
            address = "signal.example.org"
            key = "/k"
            access = "token"
            token-file = "/t"
            [limits]
            registrations = 10
            registrations-per-source = 5
            tags = 70
            registers-per-second = 8
            registers-per-second-per-source = 2
            stun-per-second = 9
            stun-per-second-per-source = 3
            """
        let read = try configuration(file: file)
        #expect(read.listen == ["192.0.2.1:5000"])
        #expect(read.ports == [5000, 6000, 6001])
        #expect(read.secondAddresses == ["192.0.2.2"])
        #expect(read.addressHost == "signal.example.org")
        #expect(read.access == .token)
        #expect(read.tokenFile == "/t")
        #expect(read.capacity.registrations == 10)
        #expect(read.capacity.tags == 70)
        #expect(read.rates.registersPerSource == RateLimiter.Rate(perSecond: 2, burst: 8))
        let overridden = try configuration(
            "--listen", "192.0.2.1:7000", "--alternate-ports", "1,2,3", "--address-host=other.example.org", file: file)
        #expect(overridden.ports == [7000, 1, 2, 3])
        #expect(overridden.addressHost == "other.example.org")
    }

    @Test("the shipped file reads, and every default that it shows is the default")
    func shippedFile() throws {
        let file = try #require(
            fopen(
                #filePath.replacing("Tests/SignalingTests/ConfigurationTests.swift", with: "config/signaling.toml"), "r"
            ))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let text = String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
        let uncommented = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }.joined(separator: "\n")
        let shipped = try configuration(file: text)
        let explicit = try configuration(file: uncommented)
        let defaults = Configuration(key: .file(""))
        for read in [shipped, explicit] {
            #expect(read.listen == defaults.listen)
            #expect(read.ports == defaults.ports)
            #expect(read.secondAddresses == defaults.secondAddresses)
            #expect(read.addressHost == nil)
            #expect(read.access == .open)
            #expect(read.tokenFile == nil)
            #expect(read.capacity == defaults.capacity)
            #expect(read.rates == defaults.rates)
        }
        #expect(uncommented.split(separator: "\n").count { $0.contains(" = ") && !$0.hasPrefix("#") } == 14)
    }

    @Test(
        "a mistake in the file is named with its line, and ends with 78",
        arguments: [
            ("\nlisten = [\"0.0.0.0:1\"]\nlisen = 3\n", "x.toml:3: lisen: there is no such key"),
            ("[limits]\n\nregistrations = \"many\"\n", "x.toml:3: limits.registrations: the value should be"),
            ("[limits]\nregistrations = 0\n", "x.toml:2: limits.registrations: the value should be"),
            ("listen = [\n\"nowhere\"]\n", "x.toml:1: listen: \"nowhere\" is not an IP address and a port"),
            ("listen = \"0.0.0.0:1\"\n", "x.toml:1: listen: the value should be a list"),
            ("# hello\naccess = \"some\"\n", "x.toml:2: access: \"some\" is neither"),
            ("alternate-ports = [70000]\n", "x.toml:1: alternate-ports: the value should be a whole number"),
            ("\n\n[limit]\nregistrations = 1\n", "x.toml:3: limit: there is no such key"),
            ("address = \n", "x.toml:1: this is not TOML"),
            ("\n\naccess = \"token\"\n", "x.toml:3: access: \"token\" needs a token-file"),
        ])
    func mistakes(file: String, message: String) {
        let error = error(file: file)
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "no error")")
    }

    @Test("addresses and ports that cannot work together are refused before a socket is opened")
    func impossible() {
        #expect(error("--listen", "0.0.0.0:1000", "--listen", "[::]:1001")?.code == .configuration)
        #expect(error("--listen", "192.0.2.1:1000", "--listen", "192.0.2.2:1000")?.code == .configuration)
        #expect(error("--alternate-ports", "41414,1,2")?.code == .configuration)
        #expect(error("--listen", "0.0.0.0:65533")?.code == .configuration)
        #expect(error("--second-address", "192.0.2.2")?.code == .configuration)
        #expect(error("--listen", "192.0.2.1:1", "--second-address", "192.0.2.2") == nil)
    }

    @Test("a wrong option is named, and ends with 64")
    func wrongOptions() {
        #expect(error("--frob")?.code == .usage)
        #expect(error("--frob")?.message.hasPrefix("--frob: ") == true)
        #expect(error("word")?.message.hasPrefix("word: ") == true)
        #expect(error("--listen", "everywhere")?.code == .usage)
        #expect(error("--listen")?.code == .usage)
        #expect(error("--alternate-ports", "1,x")?.code == .usage)
    }

    @Test("--help, --version, --check and --print-address are told apart")
    func otherCommands() throws {
        func name(_ word: String) throws -> String {
            switch try command(word) {
            case .run: "run"
            case .check: "check"
            case .printAddress: "print-address"
            case .help: "help"
            case .version: "version"
            }
        }
        for word in ["help", "version", "check", "print-address"] { #expect(try name("--" + word) == word) }
    }

    @Test(
        "a host with a port, or in brackets that it does not need, is refused",
        arguments: ["s.example.org:5000", "[::1]", "a b", "x@y", "/"])
    func noHost(text: String) {
        #expect(error("--address-host", text)?.message.hasPrefix("address: \"\(text)\" is neither") == true)
        #expect(error(file: "address = \"\(text)\"")?.code == .configuration)
    }

    @Test("of several letters behind one dash the first is named")
    func letters() {
        #expect(error("-abc")?.message.hasPrefix("-a: no such option") == true)
        #expect(error("-x")?.message.hasPrefix("-x: no such option") == true)
        #expect(error("--frob")?.message.hasPrefix("--frob: no such option") == true)
    }

    @Test("a key with a dot in quotes is no key of a table")
    func quotedKey() {
        #expect(error(file: "\"limits.tags\" = 7")?.message == "x.toml:1: \"limits.tags\": there is no such key")
        #expect(error(file: "[limits]\n\"tags\\u0000\" = 7")?.code == .configuration)
    }

    @Test("the printed address has the host that was named, or an address of this machine")
    func addressText() {
        #expect(
            SignalingServer.addressText(key: "pinsrv1x", host: "s.example.org", listen: ["0.0.0.0:7"])
                == "pinhole-signal://pinsrv1x@s.example.org:7")
        #expect(
            SignalingServer.addressText(key: "pinsrv1x", host: "2001:db8::1", listen: ["0.0.0.0:7"])
                == "pinhole-signal://pinsrv1x@[2001:db8::1]:7")
        #expect(
            SignalingServer.addressText(key: "pinsrv1x", host: nil, listen: ["0.0.0.0:7", "[2001:db8::1]:7"])
                == "pinhole-signal://pinsrv1x@[2001:db8::1]:7")
    }
}
