import Foundation
import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// The main job, for every pair of routers that must connect: two people behind their own routers, the built
    /// executables, and the service out of the way afterwards.
    ///
    /// ```
    ///   peer1 ── router1 (one type) ──┐            ┌── router2 (other type) ── peer2
    ///                                 ├─ backbone ─┤
    ///                       service ──┘  20 ms     └   introduced by the service, then directly
    /// ```
    @Suite("two people")
    struct PairTests {
        static let pairs: [RouterPair] = {
            let ipv4: [RouterType] = [.none, .fullCone, .addressFiltering, .home]
            let all = RouterPair.pairs(ipv4) + RouterPair.pairs([.none, .ipv6Firewall], [.ipv6Firewall])
            // The others have the matrix, without the files.
            return Requirements.isFull ? all : all.filter { ["N–N", "P–P", "6–6"].contains("\($0)") }
        }()

        @Test("talk directly, also when the service dies and the routers forget", arguments: pairs)
        func talk(_ pair: RouterPair) async throws {
            let isLast = pair.description == Self.pairs.last?.description
            try await Network.run([pair.one, pair.other]) { network in
                let report = PairReport(pair: pair.description)
                defer { report.file(last: isLast) }
                let story = try Story(network, report)
                try story.connect()
                try story.talk()
                try story.sendFiles()
                try story.checkThatNothingWentThroughTheService()
                try story.killTheService()
                try story.flushTheRouters()
                try story.end()
            }
        }
    }
}

/// What two people do, step by step, and what is noted about it.
private struct Story {
    let network: Network
    let report: PairReport
    let service: SignalingService
    let alice: Conversation
    let bob: Conversation

    static let fileSize = 10_000_000

    init(_ network: Network, _ report: PairReport) throws {
        (self.network, self.report) = (network, report)
        let service = try SignalingService(on: network)
        self.service = service
        let people = try zip(["alice", "bob"], network.sites).map { name, site in
            let family: IPAddress.Family = site.type.families.contains(.v4) ? .v4 : .v6
            return try Peer(name, at: site, of: network, service: service.address(family))
        }
        try people[0].add(people[1])
        try people[1].add(people[0])
        bob = try people[1].chat(with: people[0])
        try bob.expect("service-up")
        alice = try people[0].chat(with: people[1])
    }

    func connect() throws {
        let registered = try alice.expect("service-up")
        let connected = try alice.expect("connected")
        let path = try #require(connected.path)
        _ = try bob.expect("connected")
        report.path = path
        let sinceRegistration = (connected.instant - registered.instant) / Network.roundTrip
        report.sinceRegistration = sinceRegistration
        let remote = try #require(TransportAddress(path.remote))
        let services = (Network.serviceAddresses + Network.serviceAddresses6).compactMap { IPAddress($0) }
        #expect(!services.contains(remote.ip), "the path leads to the service")
        // One round trip to the service and one to the peer; the rest is for machines with other work.
        #expect(sinceRegistration <= 4, "connected \(sinceRegistration) round trips after the registration")
        #expect(path.connectMs <= 1000, "connected after \(path.connectMs) ms")
    }

    func talk() throws {
        alice.say("hello bob, this is alice")
        try bob.expect(message: "hello bob, this is alice")
        bob.say("hello alice — ünïcödé 👋")
        try alice.expect(message: "hello alice — ünïcödé 👋")
        try alice.expect("delivered")
        try bob.expect("delivered")
        report.text = "ok"
    }

    func sendFiles() throws {
        report.aToB = try send("from alice.bin", from: alice, to: bob)
        report.bToA = try send("from bob.bin", from: bob, to: alice)
    }

    /// Sends ten random megabytes and returns MB/s until the receiver has them verified on disk.
    private func send(
        _ name: String, from sender: Conversation, to receiver: Conversation
    ) throws -> Double {
        let duration = try Transfer(name, of: Self.fileSize, from: sender).finish(at: receiver)
        return Double(Self.fileSize) / 1e6 / (duration / .seconds(1))
    }

    func checkThatNothingWentThroughTheService() throws {
        let counters = try network.service.counters()
        let all = try #require(counters["datagrams"])
        report.serviceBytes = all.bytes
        #expect(counters["session"]?.packets == 0, "session packets in the service's namespace")
        #expect(counters["handshake"]?.packets == 0, "handshake packets in the service's namespace")
        #expect(all.bytes > 0 && all.bytes < 60_000, "\(all.bytes) bytes in the service's namespace")
    }

    func killTheService() throws {
        service.kill()
        _ = try network.reactor.exitStatus(of: service.program, within: .seconds(5))
        report.afterDeath = try exchange("the service is dead")
    }

    func flushTheRouters() throws {
        for site in network.sites { try site.router.flushConnections() }
        report.afterFlush = try exchange("the routers forgot us")
    }

    /// Both speak at once; returns how long it took until both had heard.
    private func exchange(_ subject: String) throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        alice.say("alice: \(subject)")
        bob.say("bob: \(subject)")
        try bob.expect(message: "alice: \(subject)")
        try alice.expect(message: "bob: \(subject)")
        return clock.now - start
    }

    /// Each message was shown once and in order, and both programs end well although the service is gone.
    func end() throws {
        #expect(
            try bob.messages() == [
                "hello bob, this is alice", "alice: the service is dead", "alice: the routers forgot us",
            ])
        #expect(
            try alice.messages() == [
                "hello alice — ünïcödé 👋", "bob: the service is dead", "bob: the routers forgot us",
            ])
        #expect(try alice.finish() == .exited(0))
        #expect(try bob.finish() == .exited(0))
    }
}
