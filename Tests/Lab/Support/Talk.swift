import PinholeWire
import Testing

/// Two people in a conversation, and the service that introduced them.
struct Talk {
    let network: Network
    let service: SignalingService
    let alice: Conversation
    let bob: Conversation

    /// Opens the conversation and waits until both have said that they are connected.
    init(_ network: Network, _ sites: [Network.Site]? = nil) throws {
        self.network = network
        let service = try SignalingService(on: network)
        self.service = service
        let (alice, bob) = try Peer.pair(at: sites ?? network.sites, of: network, service: service.address)
        self.bob = try bob.chat(with: alice)
        try self.bob.expect("service-up")
        self.alice = try alice.chat(with: bob)
        try self.alice.expect("connected")
        try self.bob.expect("connected")
        try exchange("before")
    }

    /// The path over which alice was connected first.
    var path: Conversation.Event.Path {
        get throws { try #require(alice.events.first { $0.event == "connected" }?.path) }
    }

    /// Both write at once; returns how long it took until each had read the other's line.
    @discardableResult
    func exchange(_ subject: String, within limit: Duration = .seconds(10)) throws -> Duration {
        let start = ContinuousClock.now
        alice.say("alice: \(subject)")
        bob.say("bob: \(subject)")
        try bob.expect(message: "alice: \(subject)", within: limit)
        try alice.expect(message: "bob: \(subject)", within: limit)
        return ContinuousClock.now - start
    }

    /// One writes; returns how long it took until the other had read it.
    @discardableResult
    func say(_ line: String, from sender: Conversation, within limit: Duration = .seconds(10)) throws -> Duration {
        let receiver = sender === alice ? bob : alice
        let start = ContinuousClock.now
        sender.say(line)
        try receiver.expect(message: line, within: limit)
        return ContinuousClock.now - start
    }

    /// The service's machine dies.
    func killTheService() throws {
        service.kill()
        _ = try network.reactor.exitStatus(of: service.program, within: .seconds(5))
    }

    /// Both are still in the conversation that they began; every line was read once and in order.
    func end() throws {
        for (reader, writer) in [(alice, bob), (bob, alice)] {
            #expect(try reader.messages() == writer.said)
            #expect(!reader.events.contains { $0.event == "disconnected" })
        }
        for conversation in [alice, bob] { #expect(try conversation.finish() == .exited(0)) }
    }
}
