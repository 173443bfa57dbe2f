import Foundation
import Glibc
import PinholeWire
import Synchronization
import Testing

extension Laboratory {
    /// What carries the packets, counts them, and goes away afterwards.
    ///
    /// ```
    ///   probe ── router1 ── backbone ── service (witness: nftables counters)
    ///                     20 ms, `lag`
    /// ```
    @Suite("backbone")
    struct BackboneTests {
        @Test("a round trip takes the two delays, in both families")
        func delay() async throws {
            try await Network.run([.none]) { network in
                for family in [IPAddress.Family.v4, .v6] {
                    let probe = try NATProbe(network, family)
                    _ = try probe.mapping(to: probe.first)  // neighbours are found
                    var best = Duration.seconds(10)
                    for _ in 0..<5 {
                        best = min(best, try ContinuousClock().measure { _ = try probe.echo() })
                    }
                    #expect(best >= Network.roundTrip && best < Network.roundTrip + .milliseconds(20), "\(best)")
                }
            }
        }

        @Test("a burst of full packets arrives whole and in order")
        func burst() async throws {
            try await Network.run([.home]) { network in
                let probe = try NATProbe(network, .v4)
                let count = 200
                for index in 0..<count {
                    probe.host.send([UInt8(index)] + [UInt8](repeating: 0, count: 1199), to: probe.first.address)
                }
                for index in 0..<count {
                    let datagram = try #require(probe.first.receive())
                    #expect(datagram.bytes.first == UInt8(index))
                }
            }
        }

        @Test("the witness counts session bytes, and only those")
        func witness() async throws {
            try await Network.run([.none]) { network in
                let probe = try NATProbe(network, .v4)
                for first in [UInt8(0x00), 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xc1, 0xc3, 0xc4, 0xd1, 0xd4] {
                    probe.host.send([first] + [UInt8](repeating: 7, count: 63), to: probe.first.address)
                    _ = probe.first.receive()
                }
                let counters = try network.service.counters()
                #expect(counters["datagrams"] == Namespace.Counter(packets: 11, bytes: 11 * 92))
                #expect(counters["session"]?.packets == 2)
                #expect(counters["handshake"]?.packets == 2)
            }
        }

        @Test("nothing leads outside")
        func isolation() async throws {
            try await Network.run([.home]) { network in
                for namespace in [network.backbone, network.service, network.sites[0].router] {
                    let links = try namespace.enter { () throws(LabError) in try Tool.run("ip", ["-br", "link"]) }
                    let names = links.split(separator: "\n").compactMap { $0.split(separator: "@").first }
                    let known = ["lo", "lag", "service", "site1", "wan", "lan", "port", "eth0"]
                    #expect(names.allSatisfy { name in known.contains { name.hasPrefix($0) } }, "\(links)")
                }
            }
        }

        @Test("what crosses is recorded on request, and can be repeated byte by byte")
        func record() async throws {
            try await Network.run([.none], recording: true) { network in
                let probe = try NATProbe(network, .v4)
                _ = try probe.mapping(to: probe.first)
                let packet = try #require(try network.lag.recorded().first(where: \.isUDP))
                #expect(packet.source == probe.host.address && packet.destination == probe.first.address)
                #expect(packet.payload.elementsEqual("mapping?".utf8))
                try network.lag.inject(packet)
                try network.lag.inject(packet.carrying("changed".utf8))
                for text in ["mapping?", "changed"] {
                    let datagram = ProbeSocket.Datagram(bytes: Array(text.utf8), source: probe.host.address)
                    #expect(probe.first.receive() == datagram)
                }
            }
        }

        @Test("nothing is left of a network, nor of its programs, after an error")
        func cleanup() async throws {
            struct Failure: Error {}
            let prefix = Mutex("")
            let pid = Mutex<pid_t>(0)
            await #expect(throws: Failure.self) {
                try await Network.run([.home]) { network in
                    prefix.withLock { $0 = network.prefix }
                    let program = try network.start("/bin/sleep", ["1000"], named: "sleep", on: network.sites[0].host)
                    pid.withLock { $0 = program.pid }
                    throw Failure()
                }
            }
            let name = prefix.withLock { $0 }
            let spaces = try FileManager.default.contentsOfDirectory(atPath: Namespace.directory)
            #expect(!spaces.contains { $0.hasPrefix(name) })
            #expect(!FileManager.default.fileExists(atPath: "/tmp/\(name)lab"))
            #expect(kill(pid.withLock { $0 }, 0) == -1)
        }

        @Test("the reaper works when nobody is left to ask it, and stale namespaces are recognised")
        func crash() async throws {
            try await Network.run { network in
                // What a process that died left behind: its number is one that no process has.
                var dead: pid_t = 4_000_000
                while kill(dead, 0) == 0 { dead -= 1 }
                let prefix = "ph\(dead)-1-"
                #expect(Stale.isStale(prefix + "peer1") && !Stale.isStale(network.service.name))
                let orphan = try Namespace.create(prefix + "peer1")
                let program = try orphan.enter { () throws(LabError) in
                    try Program("/bin/sleep", ["1000"], named: "sleep")
                }
                let reaper = try Stale.reaper(prefix: prefix, directory: network.directory + "/none")
                reaper.closeInput()
                let reactor = Reactor([reaper, program])
                #expect(try reactor.exitStatus(of: program, within: .seconds(5)) == .killed(signal: SIGKILL))
                _ = try reactor.exitStatus(of: reaper, within: .seconds(5))
                #expect(!FileManager.default.fileExists(atPath: "\(Namespace.directory)/\(orphan.name)"))
            }
        }
    }
}
