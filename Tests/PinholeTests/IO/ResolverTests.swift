import Glibc
import PinholeWire
import Testing

@testable import Pinhole

@Suite("the resolver and the clocks")
struct ResolverTests {
    @Test("address literals need no look-up", arguments: ["192.0.2.7", "2001:db8::7"])
    func literals(host: String) async throws {
        let ip = try #require(IPAddress(host))
        #expect(try await Resolver.resolve(host, port: 443) == [TransportAddress(ip, port: 443)])
    }

    @Test("a name is looked up on this machine")
    func localhost() async throws {
        let addresses = try await Resolver.resolve("localhost", port: 80)
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.ip.isLoopback && $0.port == 80 })
        #expect(Set(addresses).count == addresses.count)
    }

    @Test("a name that cannot be one is an error with a sentence")
    func impossible() async {
        let host = String(repeating: "a", count: 300)
        do throws(ResolverError) {
            _ = try await Resolver.resolve(host, port: 1)
            Issue.record("a name of 300 letters has no address")
        } catch {
            #expect(error.pinholeError.code == .unreachableService)
        }
    }

    @Test("the clocks run in their units")
    func clocks() {
        let before = MonotonicClock.now
        let after = MonotonicClock.now
        #expect(after >= before && after - before < .seconds(10))
        let seconds = time(nil)
        #expect(abs(Int64(WallClock.unixMilliseconds / 1000) - Int64(seconds)) <= 1)
    }
}
