import PinholeWire
import Testing

extension Laboratory {
    /// Interfaces whose MTU changes while a file goes over them; nobody's ICMP is listened to.
    @Suite("packet sizes", .figures("packet sizes", "what", "measured", "–"))
    struct PathSizeTests {
        @Test("a file arrives whole though the sender's and its router's interfaces carry less and less")
        func interfaces() async throws {
            try await Network.run { network in
                try network.addSite(.home, line: "rate=20Mbit queue=50ms")
                try network.addSite(.home)
                let talk = try Talk(network)
                let site = network.sites[0]
                let line = try #require(site.uplink.line)
                let size = 6_000_000
                let file = try Transfer("file.bin", of: size, from: talk.alice)
                // The kernel refuses what is longer, and says that the interface changed.
                try Self.wait(for: 1_000_000, on: line, talk)
                try site.host.ip("link set eth0 mtu 1400")
                // The router drops what is longer.
                try Self.wait(for: 2_000_000, on: line, talk)
                try site.router.ip("link set wan mtu 1280")
                try Self.wait(for: 3_000_000, on: line, talk)
                try site.router.ip("link set wan mtu 1000")
                let time = try file.finish(at: talk.bob, within: .seconds(60))
                Figures.note(["6 MB, 20 Mbit/s, MTU 1,400, 1,280 and 1,000 on the way", time.rate(of: size), "–"])
                try talk.exchange("afterwards")
                try talk.end()
            }
        }

        private static func wait(for bytes: Int, on line: Emulator, _ talk: Talk) throws {
            _ = try talk.network.reactor.wait(for: "\(bytes) bytes", within: .seconds(20)) {
                try line.counters(.up).deliveredBytes > bytes ? true : nil
            }
        }
    }
}
