import Foundation
import Glibc
import PinholeWire

/// A person with the `pinhole` command and a profile, at one site.
final class Peer {
    let name: String
    let site: Network.Site
    let network: Network
    /// The public key, as `pinhole init` printed it.
    private(set) var key = ""
    let directory: String

    /// Makes a profile, in a directory that no other person of this network has; `service` is the address of the
    /// signaling service.
    init(_ name: String, at site: Network.Site, of network: Network, service: String?) throws(LabError) {
        (self.name, self.site, self.network) = (name, site, network)
        directory = network.newDirectory(name)
        try readKey(of: try startInit(service))
    }

    /// Nobody yet: `startInit` and `readKey` have to follow.
    private init(blank name: String, at site: Network.Site, of network: Network) {
        (self.name, self.site, self.network) = (name, site, network)
        directory = network.newDirectory(name)
    }

    private func startInit(_ service: String?) throws(LabError) -> Program {
        try start(["init"] + (service.map { ["--service", $0] } ?? []))
    }

    private func readKey(of program: Program) throws(LabError) {
        program.closeInput()
        let status = try network.reactor.exitStatus(of: program, within: .seconds(30))
        guard status == .exited(0) else { throw LabError("\(name): init: \(status): \(program.errors.text)") }
        key = program.output.text.trimmingCharacters(in: .newlines)
        guard key.hasPrefix("pin1"), !key.contains("\n") else {
            throw LabError("\(name): init printed more, or other, than a public key: \(program.output.text)")
        }
    }

    /// The same person as of now, at another site perhaps, with a profile and a past of its own from now on.
    func copy(at site: Network.Site? = nil) throws(LabError) -> Peer {
        let copy = Peer(copyOf: self, at: site ?? self.site)
        do {
            try FileManager.default.copyItem(atPath: directory, toPath: copy.directory)
        } catch {
            throw LabError("could not copy \(directory): \(error)")
        }
        return copy
    }

    private init(copyOf other: Peer, at site: Network.Site) {
        (name, self.site, network, key) = (other.name, site, other.network, other.key)
        directory = network.newDirectory(name)
    }

    var downloads: String { directory + "/downloads" }

    /// What a finished command said.
    struct Outcome {
        var status: Program.Status
        var output: String
        var errors: String
        var duration: Duration

        /// The sentences on standard error that name an error.
        var complaints: [String] {
            errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("pinhole: error: ") }
        }
    }

    /// Two people, alice at the first site and bob at the second, who have exchanged public keys over something that they
    /// trust, and perhaps addresses.
    static func pair(
        at sites: [Network.Site], of network: Network, service: String?, addresses: [TransportAddress?] = [nil, nil]
    ) throws(LabError) -> (alice: Peer, bob: Peer) {
        // Both at once: the laboratory does this some hundred times.
        let alice = Peer(blank: "alice", at: sites[0], of: network)
        let bob = Peer(blank: "bob", at: sites[1], of: network)
        let programs = (try alice.startInit(service), try bob.startInit(service))
        try alice.readKey(of: programs.0)
        try bob.readKey(of: programs.1)
        let additions = (try alice.startAdding(bob, at: addresses[1]), try bob.startAdding(alice, at: addresses[0]))
        try alice.finishAdding(additions.0)
        try bob.finishAdding(additions.1)
        return (alice, bob)
    }

    func add(_ contact: Peer, at address: TransportAddress? = nil) throws(LabError) {
        try finishAdding(try startAdding(contact, at: address))
    }

    private func startAdding(_ contact: Peer, at address: TransportAddress?) throws(LabError) -> Program {
        try start(["contact", "add", contact.name, contact.key] + (address.map { ["--address", "\($0)"] } ?? []))
    }

    private func finishAdding(_ program: Program) throws(LabError) {
        program.closeInput()
        let status = try network.reactor.exitStatus(of: program, within: .seconds(30))
        guard status == .exited(0) else { throw LabError("\(name): contact add: \(status): \(program.errors.text)") }
    }

    /// Writes the configuration file anew.
    func configure(_ text: String) throws(LabError) {
        do {
            try text.write(toFile: directory + "/config.toml", atomically: true, encoding: .utf8)
        } catch {
            throw LabError("could not write \(name)'s configuration: \(error)")
        }
    }

    /// Runs a command to its end.
    func run(_ arguments: [String], within limit: Duration = .seconds(30)) throws(LabError) -> Outcome {
        let begin = ContinuousClock.now
        let program = try start(arguments)
        program.closeInput()
        let status = try network.reactor.exitStatus(of: program, within: limit)
        return Outcome(
            status: status, output: program.output.text, errors: program.errors.text,
            duration: ContinuousClock.now - begin)
    }

    /// Starts a command.
    func start(_ arguments: [String]) throws(LabError) -> Program {
        let command =
            [try Binaries.path("pinhole")] + arguments
            + ["--profile", directory + "/profile", "--config", directory + "/config.toml"]
        // The network's own names, and nobody else's.
        let script = "mount --bind '\(network.directory)/hosts' /etc/hosts && exec \"$@\""
        return try network.start(
            "/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script, "sh"] + command,
            named: "\(name): pinhole \(arguments.first ?? "")", on: site.host,
            environment: ["XDG_RUNTIME_DIR": directory, "NO_COLOR": "1"])
    }

    /// Opens `pinhole chat`.
    func chat(with contact: Peer) throws(LabError) -> Conversation {
        Conversation(
            self, try start(["chat", contact.name, "--json", "--accept", "all", "--downloads", downloads]))
    }

    /// Opens `pinhole listen`.
    func listen(_ options: [String] = []) throws(LabError) -> Conversation {
        Conversation(self, try start(["listen", "--json", "--accept", "all", "--downloads", downloads] + options))
    }
}

/// A running `pinhole` that prints its events as JSON.
final class Conversation {
    let peer: Peer
    let program: Program
    private var parsed = 0
    private(set) var events: [Event] = []
    /// The lines that were typed, commands left out.
    private(set) var said: [String] = []

    /// One line of `--json`: the members that the laboratory looks at.
    struct Event: Decodable {
        var v: Int
        var event: String
        var contact: String?
        private var place: Place?
        var text: String?
        var id: String?
        var name: String?
        var reason: String?
        var exitCode: Int32?
        /// Bytes of a file that are there.
        var done: UInt64?
        /// When the laboratory read it.
        var instant = ContinuousClock.now

        /// The network path of a session.
        var path: Path? { if case .path(let path) = place { path } else { nil } }

        private enum CodingKeys: String, CodingKey {
            case v, event, contact, text, id, name, reason, exitCode, done
            case place = "path"
        }

        /// A session's path is an object; a received file's is a word.
        private enum Place: Decodable {
            case path(Path), file(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let file = try? container.decode(String.self) {
                    self = .file(file)
                } else {
                    self = .path(try container.decode(Path.self))
                }
            }
        }

        struct Path: Decodable {
            var remote: String
            var kind: String
            var family: String
            var rttMs: Double?
            var connectMs: Double
            var serviceRttMs: Double?
            var roundTrips: Double?
        }
    }

    init(_ peer: Peer, _ program: Program) { (self.peer, self.program) = (peer, program) }

    private var reactor: Reactor { peer.network.reactor }

    func say(_ line: String) {
        program.write(line + "\n")
        if !line.hasPrefix("/") { said.append(line) }
    }

    /// The first event of this kind for which `matches` holds, now or within `limit`.
    @discardableResult
    func expect(
        _ kind: String, within limit: Duration = .seconds(10), where matches: (Event) -> Bool = { _ in true }
    ) throws(LabError) -> Event {
        try expect(oneOf: [kind], within: limit, where: matches)
    }

    @discardableResult
    func expect(
        oneOf kinds: [String], within limit: Duration = .seconds(10), where matches: (Event) -> Bool = { _ in true }
    ) throws(LabError) -> Event {
        let what = kinds.joined(separator: " or ")
        return try reactor.wait(for: "\(program.name): \(what)", within: limit) {
            try parse()
            if let event = events.first(where: { kinds.contains($0.event) && matches($0) }) { return event }
            if let status = program.status, program.output.isAtEnd {
                throw LabError("\(program.name) ended (\(status)) before: \(what)\n\(reactor.lastWords)")
            }
            return nil
        }
    }

    func expect(message text: String, within limit: Duration = .seconds(10)) throws(LabError) {
        try expect("message", within: limit) { $0.text == text }
    }

    /// All events so far.
    func read() throws(LabError) -> [Event] {
        try parse()
        return events
    }

    func messages() throws(LabError) -> [String] {
        try read().filter { $0.event == "message" }.compactMap(\.text)
    }

    /// Ends the input, as Ctrl-D does, and waits for the end.
    func finish(within limit: Duration = .seconds(10)) throws(LabError) -> Program.Status {
        program.closeInput()
        return try reactor.exitStatus(of: program, within: limit)
    }

    private func parse() throws(LabError) {
        let lines = program.output.lines
        for line in lines[parsed...] {
            guard let event = try? JSONDecoder().decode(Event.self, from: Data(line.utf8)), event.v == 1 else {
                throw LabError("\(program.name) printed a line that is no event of version 1: \(line)")
            }
            events.append(event)
        }
        parsed = lines.count
    }
}
