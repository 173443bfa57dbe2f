import Foundation
import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// The README, followed on three hosts: each command that it shows is run as it is written, but for the addresses and
    /// keys, which are others every time.
    ///
    /// ```
    ///   alice ── home router ── backbone ── home router ── bob
    ///                              │
    ///                             vps
    /// ```
    @Suite("the README")
    struct ReadmeTests {
        @Test("a person who follows it on three hosts talks")
        func follow() async throws {
            try await Network.run([.home, .home]) { network in
                var story = try Readme()
                let vps = Host("vps", network.service, of: network)
                let alice = Host("alice", network.sites[0].host, of: network)
                let bob = Host("bob", network.sites[1].host, of: network)

                let serve = try story.take("pinhole-signaling")
                story.replace("signal.example.org", by: Network.serviceAddresses[0])
                let service = try vps.start(story.filledIn(serve))
                let address = try network.reactor.wait(for: "the service's address", within: .seconds(10)) {
                    service.output.lines.first { $0.hasPrefix("pinhole-signal://") }
                }
                story.replace(story.shown(after: "pinhole-signal://"), by: address)

                let initialise = try story.take("pinhole init")
                let add = try story.take("pinhole contact add")
                let aliceKey = try alice.run(story.filledIn(initialise)).trimmingCharacters(in: .newlines)
                let bobKey = try bob.run(story.filledIn(initialise)).trimmingCharacters(in: .newlines)
                #expect(try alice.run(story.take("pinhole id")).trimmingCharacters(in: .newlines) == aliceKey)
                let shown = try #require(add.split(separator: " ").last).description
                _ = try alice.run(add.replacing(shown, with: bobKey))
                _ = try bob.run(add.replacing(shown, with: aliceKey).replacing(" bob ", with: " alice "))
                let verify = try story.take("pinhole contact verify")
                _ = try alice.run("echo y | script -qec '\(verify)' /dev/null")

                let listen = try bob.start(try story.take("pinhole listen"))
                _ = try network.reactor.wait(for: "bob to listen", within: .seconds(10)) {
                    try network.udpPorts(on: network.sites[1].host).isEmpty ? nil : true
                }
                _ = try alice.run("echo 'a line' | \(try story.take("pinhole chat"))")
                _ = try alice.run("printf report > report.pdf; mkdir photos; printf photo > photos/photo.jpg")
                // The sessions of `Transcripts` run these: invites, the daemon, and a pipe, which needs both sides.
                for command in [
                    "pinhole invite", "pinhole contact requests", "pinhole contact accept", "pinhole add", "tar c src",
                    "install -D", "systemctl", "pinhole events", "pinhole rpc",
                ] {
                    _ = try story.take(command)
                }
                for command in story.takeRest() { _ = try alice.run(command) }

                _ = try network.reactor.wait(for: "bob to have everything", within: .seconds(10)) {
                    let text = listen.output.text
                    return text.contains("a line") && text.contains("see you at eight") ? true : nil
                }
                let report = try String(contentsOfFile: bob.home + "/Downloads/report.pdf", encoding: .utf8)
                #expect(report == "report")
            }
        }
    }
}

extension Laboratory.ReadmeTests {
    /// In a mount namespace, so that nothing of this machine changes. What needs a running systemd is left out: instead
    /// the unit's own command is started.
    @Test("the service is installed as it says, and the unit's command starts it")
    func install() async throws {
        try await Network.run { network in
            let vps = Host("vps", network.service, of: network)
            let readme = try Readme()
            let steps = readme.lines(beginningWith: "install ").map {
                $0.replacing(".build/release/", with: "$BINARIES/")
            }
            #expect(steps.count == 3)
            let script = """
                set -e
                mkdir -p layers/upper layers/work bin state
                mount -t tmpfs none layers && mkdir layers/upper layers/work
                mount -t overlay overlay -o lowerdir=/etc,upperdir=layers/upper,workdir=layers/work /etc
                mount --bind bin /usr/local/bin
                mkdir -p /etc/systemd/system
                export STATE_DIRECTORY="$PWD/state"
                cd "$ROOT"
                \(steps.joined(separator: "\n"))
                command=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/pinhole-signaling.service)
                $command --check
                exec $command
                """
            let service = try vps.start("exec unshare --mount sh -c '\(script.replacing("'", with: "'\\''"))'")
            _ = try network.reactor.wait(for: "the service's address", within: .seconds(10)) {
                service.output.lines.first { $0.hasPrefix("pinhole-signal://pinsrv1") }
            }
            service.signal(SIGTERM)
            #expect(try network.reactor.exitStatus(of: service, within: .seconds(5)) == .exited(0))
        }
    }
}

/// The commands that the README shows at a prompt, and what stands for what in them.
private struct Readme {
    private var commands: [String]
    private var replacements: [(String, String)] = []
    private let text: String

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    init() throws {
        text = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        commands = text.split(separator: "\n").filter { $0.hasPrefix("$ ") }.map {
            $0.dropFirst(2).split(separator: " # ")[0].trimmingCharacters(in: .whitespaces)
        }
    }

    func lines(beginningWith prefix: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map(String.init)
    }

    /// The command that begins with `prefix`, all of whose appearances are then done.
    mutating func take(_ prefix: String) throws -> String {
        let command = try #require(commands.first { $0.hasPrefix(prefix) }, "the README shows no \(prefix)")
        commands.removeAll { $0.hasPrefix(prefix) }
        return command
    }

    mutating func takeRest() -> [String] {
        defer { commands.removeAll() }
        return commands
    }

    /// The word of the README that begins like this.
    func shown(after prefix: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace)
        return words.first { $0.hasPrefix(prefix) }.map { filledIn(String($0)) } ?? prefix
    }

    mutating func replace(_ shown: String, by real: String) {
        replacements.append((shown, real))
    }

    func filledIn(_ command: String) -> String {
        replacements.reduce(command) { $0.replacing($1.0, with: $1.1) }
    }
}

/// A machine with a shell and a home of its own.
private struct Host {
    let name: String
    let namespace: Namespace
    let network: Network

    init(_ name: String, _ namespace: Namespace, of network: Network) {
        (self.name, self.namespace, self.network) = (name, namespace, network)
        try? FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    }

    var home: String { "\(network.directory)/home-\(name)" }

    func start(_ command: String) throws -> Program {
        let binaries = URL(filePath: try Binaries.path("pinhole")).deletingLastPathComponent().path
        let program = try network.start(
            "/bin/sh", ["-c", "cd \"$HOME\" && \(command)"], named: "\(name): \(command)", on: namespace,
            environment: [
                "HOME": home, "PATH": "\(binaries):/usr/sbin:/usr/bin:/sbin:/bin", "BINARIES": binaries,
                "ROOT": Readme.root.path,
            ])
        return program
    }

    /// Runs a command to its end, which must be a good one, and returns what it printed.
    func run(_ command: String) throws -> String {
        let program = try start(command)
        program.closeInput()
        let status = try network.reactor.exitStatus(of: program, within: .seconds(40))
        guard status == .exited(0) else {
            throw LabError("\(name): \(command): \(status): \(program.errors.text)\(program.output.text)")
        }
        return program.output.text
    }
}
