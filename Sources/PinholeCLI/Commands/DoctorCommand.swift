import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole doctor`: why a contact can be reached, or not, and what can be done.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try to reach a contact, and explain what was tried, what came of it and what can be done.",
        discussion: """
            Looks at this network, asks the services for the contact and tries every way there is. What it prints is \
            meant for asking others for help: --hide-addresses takes IP addresses and host names out of it.

            Example:
              $ pinhole doctor bob
              Your network
                UDP         works
                IPv4        198.51.100.23:50412
                …
              bob's network
                NAT         another port for each address and port (hard)
                Filter      lets in only ports you wrote to
              What happened
                   0.00 ms  asked signal.example.org:41414 for bob
                   23.1 ms  signal.example.org:41414 knows bob
                   61.9 ms  bob said where to reach them: 2 addresses
                    9.50 s  gave up
              Addresses of bob
                203.0.113.7:41207   server-reflexive  17 sent, no answer
                192.168.2.10:50496  host              not tried: a private address of another network
              Result        no direct path to bob: your network …, and bob's network …
              What helps    use IPv6, a port mapping on bob's router, or another network there

            Exits as 'ping' does: 0 if there is a path, 69 if no service can be asked, 75 if bob is offline or the \
            time was too short, 79 if bob is online and no direct path exists.
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Argument(help: "The contact's name.", completion: contactNames) var name: String

    @Option(help: ArgumentHelp("How long to wait for the contact.", valueName: "seconds"))
    var timeout = 15.0

    @Flag(help: "Write ipv4-1, ipv6-1, host-1 and so on instead of addresses and host names.")
    var hideAddresses = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout must be more than 0 and at most 3600 seconds")
        }
        guard !hideAddresses || !global.verbose else {
            throw ValidationError("--verbose shows addresses: it does not go together with --hide-addresses")
        }
    }

    func run() async throws {
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        let name = name
        let findings = try await Session.run(
            network, global: global, as: "doctor", policy: .ask, tellsEvents: global.verbose
        ) {
            session in
            let contact = try await session.contact(named: name)
            return try await Findings(of: contact, in: session, timeout: limit)
        }
        let redaction = hideAddresses ? Redaction(hiding: findings) : Redaction()
        if json {
            JSON.show(findings.json(redaction))
        } else {
            Console.results(findings.lines(redaction))
        }
        if let failure = findings.failure { throw ExitCode(failure.exitCode) }
    }
}
