import Foundation
import Glibc
import PinholeWire

/// One try of two people to connect who have never met before: fresh profiles, and routers that know nobody.
struct Attempt {
    let status: Program.Status
    /// What `ping` printed, when they connected.
    let path: Conversation.Event.Path?
    /// The sentence, when they did not.
    let complaint: String?
    /// How long the whole command took.
    let duration: Duration
    /// UDP packets out of each router's line, the ones to the service with them.
    let packets: [Int]
    /// What each router remembered afterwards.
    let entries: [Int]

    private struct Pong: Decodable { var path: Conversation.Event.Path }
}

extension Attempt {
    /// The host of the second site listens, that of the first calls.
    init(_ network: Network, at sites: [Network.Site], service: SignalingService) throws {
        for site in sites {
            try site.router.flushConnections()
            try site.router.nft(Self.meter)
        }
        let (alice, bob) = try Peer.pair(at: sites, of: network, service: service.address)
        let listener = try bob.listen()
        try listener.expect("service-up")
        let outcome = try alice.run(["ping", "bob", "--json"])
        (status, duration, complaint) = (outcome.status, outcome.duration, outcome.complaints.first)
        path = try? JSONDecoder().decode(Pong.self, from: Data(outcome.output.utf8)).path
        packets = try sites.map { try $0.router.counters()["sent"]?.packets ?? 0 }
        entries = try sites.map { try $0.router.connectionCount() }
        listener.program.signal(SIGTERM)
        _ = try network.reactor.exitStatus(of: listener.program, within: .seconds(10))
    }

    var connectTime: Duration? { path.map { .microseconds(Int64($0.connectMs * 1000)) } }

    private static let meter = """
        table inet traffic
        delete table inet traffic
        table inet traffic {
            counter sent {}
            chain forward {
                type filter hook forward priority filter + 1
                oifname "wan*" meta l4proto udp counter name sent
            }
        }
        """
}

extension Namespace {
    /// How many connections the firewall knows.
    func connectionCount() throws(LabError) -> Int {
        let text = try enter { () throws(LabError) in try Tool.run("conntrack", ["-C"]) }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }
}
