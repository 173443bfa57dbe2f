import Foundation
import PinholeWire

/// An internet of namespaces, cut off from the real one.
///
/// ```
///              ┌────────────────────────── backbone ──────────────────────────┐
///              │  every packet between two sites waits 20 ms in the link `lag` │
///              └──────┬──────────────────────┬────────────────────────┬───────┘
///              service│ 198.51.100.1    site1│ 203.0.113.9       site2│ 203.0.113.17
///            ┌────────┴───────┐    wan┌──────┴──────┐         wan┌────┴────────┐
///            │    service     │       │ 203.0.113.10│            │ 203.0.113.18│
///            │ 198.51.100.2   │       │   router1   │            │   router2   │
///            │ 198.51.100.3   │       │ 192.168.1.1 │            │ 192.168.1.1 │
///            │ 2001:db8:ffff::│       └──────┬──────┘            └────┬────────┘
///            └────────────────┘           lan│                     lan│
///                                  eth0┌─────┴──────┐          eth0┌──┴─────────┐
///                                      │   peer1    │              │   peer2    │
///                                      │192.168.1.10│              │192.168.1.10│
///                                      └────────────┘              └────────────┘
/// ```
/// All homes use the same private addresses, as in life. A router without NAT has 192.0.2.8k/29 inside, one with IPv6
/// 2001:db8:k::/64. A carrier's customers have 100.64.k.0/24 outside, and a home may have a second network, 192.168.2.0/24.
final class Network {
    /// How long a packet takes from one site to another, and from a site to the service.
    static let oneWayDelay: Duration = .milliseconds(20)
    static let roundTrip: Duration = .milliseconds(40)
    static let serviceAddresses = ["198.51.100.2", "198.51.100.3"]
    static let serviceAddresses6 = ["2001:db8:ffff::2", "2001:db8:ffff::3"]
    /// The host name of the service, which has its first address of each family.
    static let serviceName = "signal.example.org"

    /// What all names of this network begin with; the process's number tells the next run whether it is stale.
    let prefix: String
    /// A directory that is removed with the network.
    let directory: String
    let backbone: Namespace
    let service: Namespace
    /// In the order in which they were added.
    var sites: [Site] = []
    private var routers = 0
    private var hosts: [Int: Int] = [:]
    private var directories: Set<String> = []
    /// Programs that run in this network and end with it.
    let reactor = Reactor()
    private let reaper: Program
    /// What all packets between two sites pass; conditions of one site's line are the line's own.
    let lag: Emulator
    private var lines: [Emulator] = []

    /// Builds the network, gives it to `body` on a thread of its own, and removes it whatever happens. With `recording`,
    /// all that crosses the backbone can be read and repeated.
    static func run<Result: Sendable>(
        _ types: [RouterType] = [], recording: Bool = false, _ body: @escaping @Sendable (Network) throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(BlockingExecutor()) { try Network.build(types, recording).use(body) }
    }

    private static func build(_ types: [RouterType], _ recording: Bool) throws(LabError) -> Network {
        if let missing = Requirements.missing { throw LabError("the laboratory needs \(missing)") }
        return try Network(types, recording)
    }

    private func use<Result>(_ body: (Network) throws -> Result) throws -> Result {
        defer { close() }
        return try body(self)
    }

    private init(_ types: [RouterType], _ recording: Bool) throws(LabError) {
        Stale.sweepOnce
        prefix = Stale.newPrefix()
        directory = "/tmp/\(prefix)lab"
        reaper = try Stale.reaper(prefix: prefix, directory: directory)
        let addresses =
            ["127.0.0.1 localhost"]
            + [Self.serviceAddresses[0], Self.serviceAddresses6[0]].map { "\($0) \(Self.serviceName)" }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            try addresses.joined(separator: "\n").write(toFile: directory + "/hosts", atomically: true, encoding: .utf8)
        } catch {
            throw LabError("could not make \(directory): \(error)")
        }
        backbone = try Namespace.create(prefix + "backbone")
        lag = try Emulator(
            detour: "lag", in: backbone, "delay=\(Int(Self.oneWayDelay / .milliseconds(1)))ms",
            recordingTo: recording ? directory + "/record" : nil)
        service = try Namespace.create(prefix + "service")
        try connectService()
        for type in types { try addSite(type) }
    }

    /// Starts a program on a host; it ends with the network.
    func start(
        _ path: String, _ arguments: [String], named name: String, on host: Namespace,
        environment: [String: String] = [:]
    ) throws(LabError) -> Program {
        let program = try host.enter { () throws(LabError) in
            try Program(path, arguments, named: name, environment: ["HOME": directory].merging(environment) { $1 })
        }
        reactor.add(program)
        return program
    }

    /// Ends all programs, then lets the reaper remove the rest: the same way as after a crash.
    private func close() {
        reactor.stopAll()
        for emulator in lines + [lag] { emulator.stop() }
        reaper.closeInput()
        _ = try? Reactor([reaper]).exitStatus(of: reaper, within: .seconds(20))
    }

    /// Keeps an emulator until the network ends.
    func add(_ line: Emulator) { lines.append(line) }

    /// Routers and lines are numbered from 1, the carriers' with them: their addresses come from their numbers.
    func newRouterNumber() -> Int {
        routers += 1
        return routers
    }

    func newHostNumber(at site: Site) -> Int {
        hosts[site.number, default: 0] += 1
        return hosts[site.number, default: 0]
    }

    /// A path inside ``directory`` that nobody has, `name` or something that begins with it; not made.
    func newDirectory(_ name: String) -> String {
        var count = 1
        while !directories.insert(count == 1 ? name : "\(name)\(count)").inserted { count += 1 }
        return "\(directory)/\(count == 1 ? name : "\(name)\(count)")"
    }

    private func connectService() throws(LabError) {
        try backbone.becomeRouter()
        try backbone.ip(
            """
            link set lag up
            rule add not iif lag lookup 100
            route add default dev lag table 100
            link add service type veth peer name eth0 netns \(service.name)
            addr add 198.51.100.1/29 dev service
            addr add 2001:db8:ffff::1/64 dev service nodad
            link set service up
            """)
        try backbone.ip6("rule add not iif lag lookup 100\nroute add default dev lag table 100")
        try service.ip(
            """
            addr add 198.51.100.2/29 dev eth0
            addr add 198.51.100.3/29 dev eth0
            addr add 2001:db8:ffff::2/64 dev eth0 nodad
            addr add 2001:db8:ffff::3/64 dev eth0 nodad
            link set eth0 up
            route add default via 198.51.100.1
            route add default via 2001:db8:ffff::1
            """)
        try service.nft(Self.witness)
    }

    /// Counts what crosses the service's interface: everything, and whatever could belong to a session of two peers
    /// (`0x40`–`0x7F` session data, `0xC1`–`0xC3` handshake).
    private static let witness = """
        table inet witness {
            counter datagrams {}
            counter session {}
            counter handshake {}
            chain incoming {
                type filter hook prerouting priority raw
                meta l4proto udp counter name datagrams
                meta l4proto udp @th,64,8 0x40-0x7f counter name session
                meta l4proto udp @th,64,8 0xc1-0xc3 counter name handshake
            }
            chain outgoing {
                type filter hook output priority raw
                meta l4proto udp counter name datagrams
                meta l4proto udp @th,64,8 0x40-0x7f counter name session
                meta l4proto udp @th,64,8 0xc1-0xc3 counter name handshake
            }
        }
        """
}

extension Namespace {
    fileprivate func ip6(_ commands: String) throws(LabError) {
        try Tool.run("ip", ["-6", "-n", name, "-batch", "-"], input: commands + "\n")
    }
}

/// A thread of its own for one laboratory: its body blocks, and Swift's pool must not.
private final class BlockingExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "laboratory")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
