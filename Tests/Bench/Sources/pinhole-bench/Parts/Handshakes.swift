import CBench
import Glibc
import PinholeCore
import PinholeCrypto
import PinholeWire

/// What it costs and takes to come to a session.
enum Handshakes {
    static func run(_ options: Options) throws {
        let count = options.isQuick ? 50 : 1000
        var full = Sample()
        var bare = Sample()
        for _ in 0..<options.rounds {
            bare.add(try rate(count) { bench_key_exchanges(UInt32(count)) == UInt32(count) })
            let pair = try VirtualPair(delay: .zero)
            full.add(
                try rate(count) {
                    for _ in 0..<count {
                        guard pair.connect() else { return false }
                        pair.disconnect()
                    }
                    return true
                })
        }
        let oneSide = Sample(full.values.map { $0 * 2 })
        let bareSide = Sample(bare.values.map { $0 * 2 })
        var table = Table(
            "Handshakes on one core, in process (median, lowest-highest of \(options.rounds) times \(count))",
            ["what", "both sides on the core, 1/s", "one side, 1/s", "of the bound"])
        table.add([
            "from HELLO to a session on a validated path, and its end", full.text(), oneSide.text(),
            full.ratio(to: bare).text(2),
        ])
        table.add([
            "X25519 twice, Ed25519 signed and verified once, each side (the bound)", bare.text(), bareSide.text(),
            "1.00",
        ])
        table.print()
        Target("handshakes/s of one peer on one core", oneSide.median, atLeast: 3000, digits: 0).print()
        try measureConnectTime()
        try measureFlood(options)
    }

    /// What strangers' HELLOs cost a peer with a hundred contacts, 10,000 of them a second.
    private static func measureFlood(_ options: Options) throws {
        let own = IdentitySecret.generate()
        var now = Instant(nanoseconds: 1_000_000_000)
        let endpoint = Endpoint(
            identity: own, entropy: Entropy(SystemRandomNumberGenerator()), unixMilliseconds: 1_800_000_000_000, at: now
        )
        guard let listener = TransportAddress("192.0.2.1:4000") else { return }
        endpoint.setLocal([LocalAddress(listener.ip, prefixLength: 24)], ports: [.v4: listener.port], at: now)
        for _ in 0..<100 { try endpoint.add(IdentitySecret.generate().publicKey, at: now) }
        let knowing = try (0..<64).map { number in
            HandshakeAttempt(
                pair: try PairKeys(own: .generate(), peer: own.publicKey),
                connectionID: ConnectionID(rawValue: UInt64(number)), timestamp: 1_800_000_000_000, introID: .random()
            ).hello(.direct(cookie: nil))
        }
        let noise = knowing.map { $0.map { $0 ^ 0x55 }.replacing(at: 0, with: DatagramKind.helloByte) }
        let count = options.isQuick ? 1000 : 50_000
        var table = Table(
            "HELLOs of strangers, 10,000 a second, at a peer with 100 contacts (\(count) of them)",
            ["what", "each, us", "of a core"])
        for (what, hellos) in [("noise of their shape", noise), ("by somebody who knows the key: a COOKIE", knowing)] {
            let perSecond = try rate(count) {
                for number in 0..<count {
                    now += .microseconds(100)
                    let source = TransportAddress(
                        IPAddress(v4: 0xc633_6400 + UInt32(number % 4096)), port: UInt16(1024 + number % 60_000))
                    let hello = hellos[number % hellos.count]
                    endpoint.receive(hello.span, from: Route(source), at: now)
                    drain(endpoint, at: now)
                }
                return true
            }
            table.add([what, (1e6 / perSecond).text(2), (10_000 / perSecond).text(4)])
        }
        table.print()
    }

    private static func drain(_ endpoint: Endpoint, at now: Instant) {
        while true {
            if case .idle = endpoint.poll(at: now) { return }
        }
    }

    /// In virtual time, which computing does not take.
    private static func measureConnectTime() throws {
        let delay = Duration.milliseconds(50)
        let pair = try VirtualPair(delay: delay)
        let start = pair.now
        guard pair.connect(), let caller = pair.connected[0], let called = pair.connected[1] else {
            throw Child.Failure(description: "no session in virtual time")
        }
        var table = Table("From the wish to connect to a session on a validated path, known address", ["side", "RTT"])
        for (side, time) in [("who calls", caller), ("who is called", called)] {
            table.add([side, ((time - start) / (delay * 2)).text(2)])
        }
        table.print()
    }

    /// A second of this thread's processor time.
    private static func rate(_ count: Int, _ work: () -> Bool) throws -> Double {
        let start = processorSeconds()
        guard work() else { throw Child.Failure(description: "a handshake failed") }
        return Double(count) / (processorSeconds() - start)
    }
}

extension [UInt8] {
    fileprivate func replacing(at index: Int, with byte: UInt8) -> [UInt8] {
        var copy = self
        copy[index] = byte
        return copy
    }
}
