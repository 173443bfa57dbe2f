import Foundation
import Glibc
import PinholeWire

/// One try of two people to connect who have not met before: profiles without a past, routers that know nobody.
struct Attempt {
    /// `connected`, or `unreachable`.
    let outcome: Conversation.Event
    /// From the end of the caller's registration until the callee has the caller's first line, or the caller is told that
    /// there is no way. The caller's own `connected` comes half a round trip later: it waits for the callee's answer.
    let duration: Duration
    /// Whether a line arrived and was acknowledged.
    private(set) var isDelivered = false
    /// UDP packets out of each router's line, to the service or the peer, since the caller began.
    private(set) var packets = [0, 0]
    /// What each router remembers of the same time.
    private(set) var entries = [0, 0]

    var isConnected: Bool { outcome.event == "connected" && isDelivered }

    /// Both have the service, and `bob` is online; then `alice` calls.
    init(_ network: Network, _ alice: Peer, calls bob: Peer) throws {
        let sites = [alice.site, bob.site]
        let (alice, bob) = (try alice.copy(), try bob.copy())
        for site in sites { try site.router.flushConnections() }
        let listener = try bob.listen()
        try listener.expect("service-up")
        let before = try sites.map { try $0.router.connectionCount() }
        for site in sites { try site.router.nft(Self.traffic) }
        let caller = try alice.chat(with: bob)
        let registered = try caller.expect("service-up")
        caller.say("hello")
        outcome = try caller.expect(oneOf: ["connected", "unreachable"], within: .seconds(20))
        if outcome.event == "connected" {
            let line = try listener.expect("message") { $0.text == "hello" }
            duration = line.instant - registered.instant
            try caller.expect("delivered")
            isDelivered = true
        } else {
            duration = outcome.instant - registered.instant
        }
        packets = try sites.map { try $0.router.counters()["sent"]?.packets ?? 0 }
        entries = try zip(sites, before).map { try $0.router.connectionCount() - $1 }
        for conversation in [caller, listener] {
            conversation.program.signal(SIGTERM)
            _ = try network.reactor.exitStatus(of: conversation.program, within: .seconds(10))
        }
    }

    private static let traffic = """
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
