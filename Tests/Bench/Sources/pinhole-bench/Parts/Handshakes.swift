import CBench
import Glibc
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

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
