import Glibc
import PinholeWire
import Testing

extension Laboratory {
    /// What strangers send to the two programs, as real datagrams to real processes.
    @Suite("bad input")
    struct BadInputTests {
        @Test("100,000 random datagrams get no byte back from a peer, and it stays reachable")
        func silence() async throws {
            try await Network.run([.none, .home]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let port: UInt16 = 45_000
                let listener = try alice.listen(["--port", "\(port)"])
                try listener.expect("service-up")
                // The stranger is alice's router itself, so that nothing is lost on the way.
                let router = network.sites[0].router
                try alice.site.host.nft(
                    """
                    table inet answers {
                        counter answers {}
                        chain outgoing {
                            type filter hook output priority raw
                            ip daddr 192.0.2.9 counter name answers
                        }
                    }
                    """)
                let stranger = try ProbeSocket(in: router, "192.0.2.9", port: 6666)
                var noise = Noise()
                let target = TransportAddress(alice.site.address, port)
                for round in 0..<1000 {
                    for _ in 0..<100 { stranger.send(noise.datagram(), to: target) }
                    // A process that keeps up is a process that saw them all.
                    if round % 20 == 0 { try network.waitUntilRead(port, on: alice.site.host) }
                }
                try network.waitUntilRead(port, on: alice.site.host)
                #expect(try alice.site.host.counters()["answers"] == Namespace.Counter(), "seed \(noise.seed)")
                #expect(stranger.receive(within: .zero) == nil)
                #expect(try network.droppedDatagrams(port, on: alice.site.host) == 0, "not all were looked at")
                let ping = try bob.run(["ping", "alice"])
                #expect(ping.status == .exited(0), "\(ping)")
                #expect(listener.program.status == nil)
            }
        }

        @Test("the service answers noise with no more than it got, and goes on")
        func serviceNoise() async throws {
            try await Network.run([.home, .home, .none]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let ports = try network.udpPorts(on: network.service)
                #expect(ports.count >= 4 && ports.contains(SignalingService.port))
                let outside = network.sites[2]
                let stranger = try ProbeSocket(in: outside.host, outside.address, port: 6666)
                try network.service.nft(
                    """
                    table inet balance {
                        counter got {}
                        counter gave {}
                        chain incoming {
                            type filter hook input priority raw
                            ip saddr \(stranger.address.ip) meta l4proto udp counter name got
                        }
                        chain outgoing {
                            type filter hook output priority raw
                            ip daddr \(stranger.address.ip) counter name gave
                        }
                    }
                    """)
                var noise = Noise()
                var sent = 0
                for port in ports {
                    let target = TransportAddress(Network.serviceAddresses[0], port)
                    for _ in 0..<10 {
                        for _ in 0..<500 { stranger.send(noise.datagram(), to: target) }
                        sent += 500
                        _ = try network.reactor.wait(for: "\(sent) datagrams to arrive", within: .seconds(5)) {
                            try network.service.counters()["got"]?.packets == sent ? true : nil
                        }
                        try network.waitUntilRead(port, on: network.service)
                    }
                }
                let counters = try network.service.counters()
                let (got, gave) = (try #require(counters["got"]?.bytes), try #require(counters["gave"]?.bytes))
                #expect(gave <= got, "\(gave) bytes answer \(got); seed \(noise.seed)")
                #expect(service.program.status == nil)
                let listener = try bob.listen()
                try listener.expect("service-up")
                let ping = try alice.run(["ping", "bob"])
                #expect(ping.status == .exited(0), "\(ping)")
            }
        }

        @Test("replayed, truncated, lengthened and flipped datagrams change nothing in a session")
        func replay() async throws {
            try await Network.run([.home, .home], recording: true) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let (one, other) = (try alice.chat(with: bob), try bob.chat(with: alice))
                try one.expect("connected")
                try other.expect("connected")
                one.say("once")
                try other.expect(message: "once")
                other.say("upon a time")
                try one.expect(message: "upon a time")

                let recorded = try network.lag.recorded().filter(\.isUDP)
                #expect(recorded.count > 10)
                for packet in recorded.prefix(200) {
                    let payload = packet.payload
                    guard let first = payload.first else { continue }
                    for replayed in [
                        packet, packet, packet.carrying(payload.dropLast()), packet.carrying(payload.prefix(1)),
                        packet.carrying(payload.prefix(0)), packet.carrying(Array(payload) + [0]),
                        packet.carrying(Array(payload) + [UInt8](repeating: 0, count: 1470 - payload.count)),
                        packet.carrying([first ^ 0x80] + payload.dropFirst()),
                        packet.carrying(payload.dropLast() + [payload[payload.endIndex - 1] ^ 1]),
                    ] {
                        try network.lag.inject(replayed)
                    }
                }
                one.say("after the storm")
                try other.expect(message: "after the storm")
                other.say("all is well")
                try one.expect(message: "all is well")
                #expect(try other.messages() == ["once", "after the storm"])
                #expect(try one.messages() == ["upon a time", "all is well"])
                for conversation in [one, other] {
                    #expect(!conversation.events.contains { $0.event == "disconnected" })
                    #expect(try conversation.finish() == .exited(0))
                }
                #expect(service.program.status == nil)
            }
        }

        /// Who is not there.
        private enum Absent: CaseIterable { case service, peer }

        @Test("a service that does not exist, or has died, is named: exit code 69; a peer that is offline: 75")
        func absence() async throws {
            try await together(Absent.allCases) { absent in
                try await Network.run([.home, .home]) { network in
                    let service = try SignalingService(on: network)
                    let (alice, _) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                    if absent == .service {
                        service.kill()
                        _ = try network.reactor.exitStatus(of: service.program, within: .seconds(5))
                    }
                    for arguments in [["ping", "bob"], ["send", "bob", "hello", "--timeout", "5"]] {
                        switch absent {
                        case .service: try expectComplaint(from: alice, arguments, 69, mentioning: "service")
                        case .peer: try expectComplaint(from: alice, arguments, 75, mentioning: "bob")
                        }
                    }
                }
            }
        }

        @Test("two processes with one identity: the second uses the first one's node")
        func oneIdentityTwice() async throws {
            try await Network.run([.home, .home]) { network in
                let service = try SignalingService(on: network)
                let (alice, _) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let first = try alice.listen()
                try first.expect("service-up")
                let second = try alice.run(["status"])
                #expect(second.status == .exited(0), "\(second.errors)")
                #expect(second.output.contains("\(first.program.pid)"), "\(second.output)")
                #expect(first.program.status == nil)
            }
        }

        @Test("one identity on two machines: both are told, and contacts reach one of them")
        func oneIdentityOnTwoMachines() async throws {
            try await Network.run([.home, .home, .none]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let copy = try alice.copy(at: network.sites[2])
                let first = try alice.listen()
                try first.expect("service-up")
                let second = try copy.listen()
                try second.expect("identity-elsewhere")
                try first.expect("identity-elsewhere")
                let sent = try bob.run(["send", "alice", "which of you?"])
                #expect(sent.status == .exited(0), "\(sent)")
                let told = try network.reactor.wait(for: "the message", within: .seconds(10)) { () throws(LabError) in
                    let count = try first.messages().count + second.messages().count
                    return count > 0 ? count : nil
                }
                #expect(told == 1)
                try network.pass(.seconds(1))
                #expect(try first.messages().count + second.messages().count == 1)
            }
        }

        @Test("a port in use: exit code 1")
        func portInUse() async throws {
            try await Network.run([.home, .home]) { network in
                let service = try SignalingService(on: network)
                let (alice, _) = try Peer.pair(at: network.sites, of: network, service: service.address(.v4))
                let holder = try ProbeSocket(in: alice.site.host, "0.0.0.0", port: 45_001)
                try expectComplaint(
                    from: alice, ["listen", "--port", "\(holder.address.port)"], 1, mentioning: "45001")
            }
        }

        @Test("a service whose port is in use says so and ends: exit code 69")
        func servicePortInUse() async throws {
            try await Network.run { network in
                let holder = try ProbeSocket(
                    in: network.service, Network.serviceAddresses[0], port: SignalingService.port)
                let program = try network.start(
                    try Binaries.path("pinhole-signaling"),
                    ["--listen", "\(holder.address)", "--key", network.directory + "/key"], named: "pinhole-signaling",
                    on: network.service)
                let status = try network.reactor.exitStatus(of: program, within: .seconds(10))
                #expect(status == .exited(69), "\(program.errors.text)")
                let complaint = program.errors.text
                #expect(complaint.contains("\(holder.address.port)") && complaint.contains("\(holder.address.ip)"))
                #expect(complaint.split(separator: "\n").count == 1, "\(complaint)")
                #expect(program.output.text.isEmpty)
            }
        }

        /// One sentence, the exact exit code, nothing on standard output.
        private func expectComplaint(
            from peer: Peer, _ arguments: [String], _ code: Int32, mentioning word: String,
            at location: SourceLocation = #_sourceLocation
        ) throws {
            let outcome = try peer.run(arguments)
            #expect(outcome.status == .exited(code), "\(arguments): \(outcome)", sourceLocation: location)
            #expect(outcome.complaints.count == 1, "\(arguments): \(outcome.errors)", sourceLocation: location)
            #expect(
                outcome.complaints.first?.contains(word) == true, "\(arguments): \(outcome.errors)",
                sourceLocation: location)
            #expect(outcome.output.isEmpty, "\(arguments): \(outcome.output)", sourceLocation: location)
        }
    }
}
