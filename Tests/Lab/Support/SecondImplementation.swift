import Foundation
import Glibc
import Testing

/// `Tests/Peer`: the protocol once more, in Python, written from its specification and not from these sources.
enum SecondImplementation {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Peer").path
    /// Debian's own, which Debian's packages belong to.
    static let interpreter = "/usr/bin/python3"

    /// What is missing here, in words; nil when everything is there.
    static let missing: String? = {
        let trial = try? Program(interpreter, ["-c", "import cryptography, nacl"], named: "python3")
        guard let trial, (try? Reactor([trial]).exitStatus(of: trial, within: .seconds(30))) == .exited(0) else {
            return "python3-cryptography and python3-nacl (apt-get install python3-cryptography python3-nacl)"
        }
        return nil
    }()
}

extension Trait where Self == ConditionTrait {
    static var needsPython: Self {
        .enabled(
            if: SecondImplementation.missing == nil || Requirements.mustRun,
            "the second implementation needs \(SecondImplementation.missing ?? "nothing more")")
    }
}

/// A service, `pinhole` and the second implementation, all on loopback: no root is needed, and nothing leaves the machine.
final class Loopback {
    let directory: String
    let reactor = Reactor()

    init() throws {
        // Short, for the path of a socket may be in it.
        directory = "/tmp/pin-\(UInt32.random(in: 0...(.max)))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit {
        reactor.stopAll()
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func start(_ path: String, _ arguments: [String]) throws(LabError) -> Talker {
        let name = URL(filePath: path).lastPathComponent + " " + (arguments.first ?? "")
        let program = try Program(
            path, arguments, named: name,
            environment: [
                "HOME": directory, "XDG_RUNTIME_DIR": directory, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1",
            ])
        reactor.add(program)
        return Talker(program, reactor)
    }

    /// Starts `pinhole-signaling` and returns its address.
    func service() throws(LabError) -> String {
        let service = try start(
            try Binaries.path("pinhole-signaling"),
            ["--listen", "127.0.0.1:0", "--key", directory + "/service.key", "--address-host", "127.0.0.1"])
        return try reactor.wait(for: "the service's address", within: .seconds(30)) {
            service.program.output.lines.first { $0.hasPrefix("pinhole-signal://") }
        }
    }

    /// Runs a `pinhole` command to its end and returns what it printed.
    @discardableResult
    func run(_ arguments: [String]) throws(LabError) -> String {
        let command = try pinhole(arguments)
        let status = try command.finish()
        guard status == .exited(0) else {
            throw LabError("pinhole \(arguments): \(status): \(command.program.errors.text)")
        }
        return command.program.output.text.trimmingCharacters(in: .newlines)
    }

    func pinhole(_ arguments: [String]) throws(LabError) -> Talker {
        try start(
            try Binaries.path("pinhole"),
            arguments + ["--profile", directory + "/profile", "--config", directory + "/config.toml"])
    }

    /// `pinhole chat` or `pinhole listen`, with its events as JSON.
    func talking(_ arguments: [String]) throws(LabError) -> Talker {
        try pinhole(
            arguments + ["--json", "--allow-loopback", "--accept", "all", "--downloads", directory + "/downloads"])
    }

    /// The second implementation's person: the same each time, with what it keeps in a directory of that name.
    func snake(contact: String, keeping place: String = "snake", _ arguments: [String] = []) throws(LabError) -> Talker
    {
        try start(
            SecondImplementation.interpreter,
            [
                SecondImplementation.directory + "/peer.py", "--seed", String(repeating: "5e", count: 32), "--contact",
                contact, "--directory", "\(directory)/\(place)",
            ] + arguments)
    }

    /// A file of random bytes, and where it is.
    @discardableResult
    func write(_ name: String, of size: Int) throws -> String {
        let path = directory + "/" + name
        try Data((0..<size).map { _ in UInt8.random(in: 0...255) }).write(to: URL(filePath: path))
        return path
    }

    /// Runs a script of the second implementation, which says what is not so, if anything, and then fails.
    func check(_ name: String, _ arguments: [String] = []) throws {
        let script = try start(
            SecondImplementation.interpreter, ["\(SecondImplementation.directory)/\(name)"] + arguments)
        let status = try script.finish()
        #expect(status == .exited(0), "\(name): \(script.program.output.text)\(script.program.errors.text)")
    }
}

/// A program that takes lines and prints JSON objects, one a line.
final class Talker {
    let program: Program
    private let reactor: Reactor
    private var parsed = 0
    private(set) var events: [Event] = []

    /// The members that the tests look at, of both implementations.
    struct Event: Decodable {
        var event: String
        var text: String?
        var id: String?
        var name: String?
        var why: String?
        var reason: String?
        var key: String?
        var address: String?
        var addresses: [String]?
        var counter: Int?
        var number: Int?
        var file: String?
        /// Hexadecimal, by what each is for.
        var secrets: [String: String]?
    }

    init(_ program: Program, _ reactor: Reactor) { (self.program, self.reactor) = (program, reactor) }

    func say(_ line: String) { program.write(line + "\n") }

    /// The first event of this kind for which `matches` holds, now or within `limit`.
    @discardableResult
    func expect(
        _ kind: String, within limit: Duration = .seconds(30), where matches: (Event) -> Bool = { _ in true }
    ) throws(LabError) -> Event {
        try reactor.wait(for: "\(program.name): \(kind)", within: limit) {
            parse()
            if let event = events.first(where: { $0.event == kind && matches($0) }) { return event }
            if let status = program.status, program.output.isAtEnd {
                throw LabError("\(program.name) ended (\(status)) before: \(kind)\n\(reactor.lastWords)")
            }
            return nil
        }
    }

    @discardableResult
    func expect(_ kind: String, text: String) throws(LabError) -> Event {
        try expect(kind) { $0.text == text }
    }

    /// The texts of all messages so far.
    var messages: [String] {
        parse()
        return events.filter { $0.event == "message" }.compactMap(\.text)
    }

    /// What was said so far does not count for the next ``expect(_:within:where:)``.
    func forget() {
        parse()
        events = []
    }

    /// Ends the input and waits for the end.
    func finish() throws(LabError) -> Program.Status {
        program.closeInput()
        return try reactor.exitStatus(of: program, within: .seconds(30))
    }

    private func parse() {
        let lines = program.output.lines
        for line in lines[parsed...] {
            if let event = try? JSONDecoder().decode(Event.self, from: Data(line.utf8)) { events.append(event) }
        }
        parsed = lines.count
    }
}
