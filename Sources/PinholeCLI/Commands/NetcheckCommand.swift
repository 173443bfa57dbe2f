import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole netcheck`: what this network does to UDP.
struct NetcheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netcheck",
        abstract: "Find out what this network lets through, and whom you can reach from it.",
        discussion: """
            Asks the signaling services from a few sockets at several of their ports and compares what they see. \
            How long an idle mapping lives takes minutes to measure: 'listen' and 'chat' do it in the background, \
            and what they found on this network is shown with its age.

            Example:
              $ pinhole netcheck
              UDP         works
              IPv4        198.51.100.23:50412
              IPv6        none
              NAT         the same port towards everybody (easy)
              Filter      lets in only ports you wrote to
              Ports       kept as they are on this machine
              Hairpin     does not work: others behind this router are reached inside only
              Lifetime    an idle mapping lives 117 s or longer (measured 3 h ago)
              Mapping     the router forwards its port 50412 (PCP), which was …
              Service     pinhole-signal://pinsrv1…: answers in 23.1 ms
              Verdict     good: your router forwards a port, so everybody whose …

            Exits with 69 if no service answers, 78 if none is configured.

            With --json one object; what could not be found out is null or "unknown", never left out. Members may be \
            added to version 1, and none is taken away or changed:
              v              1
              udp            whether any service answered
              complete       whether there was time for everything
              ipv4, ipv6     this machine's address and port as seen from outside
              family         "IPv4" or "IPv6": which of the two the members from
                             mapping to portPreserved are about
              mapping        none, endpoint-independent, address-dependent,
                             address-and-port-dependent (RFC 4787)
              filtering      endpoint-independent, address-dependent,
                             address-and-port-dependent
              portPreserved  whether the port outside is the one inside
              nat4, nat6     for each family, as below
              services       for each: address, found (whether its name has an
                             address), rttMs, failure
              verdict        a sentence
            nat4 and nat6 have:
              address, mapping, filtering, portPreserved
                             as above
              allocation     preserving, sequential, block, random
              portDelta      the step of a sequential one
              portLow, portHigh
                             the ports that were seen
              hairpins       whether the router leads its own addresses back inside
              lifetimeMs     an idle mapping lived so long,
              lifetimeLimitMs
                             and was gone after
              lifetimeAgeMs  since that was measured
              portMapping    what the router forwards a port by: PCP, NAT-PMP,
                             UPnP-IGD; none; off
              mappedPort     the external port
              mappedPortReached
                             true once a service got through it; null until then
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Option(help: ArgumentHelp("How long to wait for the services.", valueName: "seconds"))
    var timeout = 4.5

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 600 else {
            throw ValidationError("--timeout must be more than 0 and at most 600 seconds")
        }
    }

    func run() async throws {
        guard try !Settings(network, global: global).services.isEmpty else {
            throw Failure(
                .configuration, "no signaling service is configured, so there is nobody to ask",
                hint: "give --service pinhole-signal://…, or put services = [\"pinhole-signal://…\"] into "
                    + "\(global.configurationPath)")
        }
        let limit = Duration.milliseconds(Int64(timeout * 1000))
        let report = try await Session.run(
            network, global: global, as: "netcheck", policy: .ask, tellsEvents: global.verbose
        ) {
            session in
            let end = ContinuousClock.now + limit
            let first = try await session.client.networkReport(.verdict, timeout: limit)
            if !json { Console.results(NetworkWords(first).first) }
            return try await session.client.networkReport(timeout: end - .now)
        }
        if json {
            JSON.show(JSON(encoding: NetworkShape(report)).members ?? [:])
        } else {
            Console.results(NetworkWords(report).rest)
        }
        guard report.udpWorks || report.services.contains(where: \.hasAddress) else {
            throw Failure(
                .unreachableService, "no signaling service was found: its name has no address",
                hint: "is the name spelled right, and does this machine reach a name server?")
        }
        guard report.udpWorks else {
            throw Failure(
                .unreachableService, "no signaling service answered over UDP",
                hint: "is the address right, is the service up, does this network block UDP?")
        }
    }
}
