import Glibc
import PinholeCore
import PinholeCrypto
import PinholeWire

/// What contacts cost a node that has many: to know them, and to find out which of them a HELLO is from, since it says so
/// to nobody but the one that it is meant for.
enum Contacts {
    static func run(_ options: Options) throws {
        let steps = [1, 10, 100, 1000, 10_000].filter { $0 < options.sessions } + [options.sessions]
        let node = try Known()
        var table = Table(
            "Contacts of one node, in process (median, lowest-highest of \(options.rounds))",
            ["contacts", "to add one, us", "a stranger's HELLO, tried with all, us", "for each contact, us"])
        for count in steps {
            let added = try node.add(upTo: count)
            var hello = Sample()
            for _ in 0..<options.rounds { hello.add(try node.tryStranger()) }
            let each = Sample(hello.values.map { $0 / Double(count) })
            table.add(["\(count)", added.text(1), hello.text(1), each.text(2)])
        }
        table.print()
    }

    /// A node, its contacts, and what a stranger says who knows its key.
    private final class Known {
        private let identity = IdentitySecret.generate()
        private let endpoint: Endpoint
        private let source = Route(TransportAddress(IPAddress(v4: 0xc000_0202), port: 4000))
        private let hello: [UInt8]
        private var count = 0
        private var now = Instant(nanoseconds: 1_000_000_000)

        init() throws {
            endpoint = Self.makeEndpoint(identity, at: now)
            hello = try Self.makeHello(to: identity.publicKey, at: now)
        }

        /// Microseconds for each, with the X25519 that they have in common.
        func add(upTo total: Int) throws -> Double {
            let keys = (count..<total).map { _ in IdentitySecret.generate().publicKey }
            let start = processorSeconds()
            for key in keys { try endpoint.add(key, at: now) }
            defer { count = total }
            return (processorSeconds() - start) * 1e6 / Double(keys.count)
        }

        /// Microseconds until it is known that it is from nobody. Once a second, as more are not looked at.
        func tryStranger() throws -> Double {
            let times = max(1, 20_000 / count)
            let (endpoint, hello) = (endpoint, hello)
            let before = endpoint.drops[.notForUs]
            let start = processorSeconds()
            for _ in 0..<times {
                now = now + .seconds(1)
                endpoint.receive(hello.span, from: source, at: now)
            }
            let seconds = processorSeconds() - start
            guard endpoint.drops[.notForUs] - before == times else {
                throw Child.Failure(description: "a stranger's HELLO was not tried")
            }
            return seconds * 1e6 / Double(times)
        }

        private static func makeEndpoint(_ identity: IdentitySecret, at now: Instant) -> Endpoint {
            Endpoint(
                identity: identity, entropy: Entropy(SystemRandomNumberGenerator()),
                unixMilliseconds: 1_800_000_000_000, at: now)
        }

        private static func makeHello(to key: IdentityKey, at now: Instant) throws -> [UInt8] {
            let stranger = makeEndpoint(.generate(), at: now)
            let address = TransportAddress(IPAddress(v4: 0xc000_0201), port: 4000)
            stranger.setLocal([LocalAddress(IPAddress(v4: 0xc000_0202), prefixLength: 24)], ports: [.v4: 4000], at: now)
            try stranger.add(key, directAddresses: [address], at: now)
            stranger.connect(to: key, at: now)
            while true {
                switch stranger.poll(at: now) {
                case .transmit(let datagram) where datagram.count == Limits.helloSize:
                    return [UInt8](copying: stranger.bytes(of: datagram))
                case .idle: throw Child.Failure(description: "a stranger says no HELLO")
                case .transmit, .openSockets, .beacon, .closeSockets, .event: break
                }
            }
        }
    }
}

/// What this thread has used of a processor.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
