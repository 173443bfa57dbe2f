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

    @Test("of a name with many addresses the first four of each family are used")  // [SRV-9]
    func many() {
        let all = (0..<3000).map { index in
            let ip = index.isMultiple(of: 3) ? IPAddress("2001:db8::\(index % 30 + 1)")! : IPAddress(v4: UInt32(index))
            return TransportAddress(ip, port: 1)
        }
        let few = Resolver.few(of: all + all)
        #expect(few == [all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[9]])
    }

    @Test("a name without an address is not one that cannot be looked up")
    func noAddress() {
        // glibc: EAI_NONAME, EAI_NODATA, EAI_AGAIN.
        for status in [-2, -5] as [Int32] {
            #expect(Resolver.failure(status, of: "a.example") == .notFound(host: "a.example"))
        }
        guard case .unavailable = Resolver.failure(-3, of: "a.example") else {
            Issue.record("a name server that is silent knows nothing of names")
            return
        }
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
