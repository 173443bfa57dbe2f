import CBench
import Glibc
import Pinhole
import PinholeCrypto
import PinholeWire

/// A node in a process of its own, which does what it is told on stdin, one line each.
enum NodeProcess {
    /// `ADDRESS [allocations]`
    static func run(_ arguments: [String]) throws -> Never {
        guard let address = arguments.first.flatMap({ IPAddress($0) }) else { fail("node: no address") }
        let loop = try DatagramLoop(isLoopback: address.isLoopback)
        let node = BenchNode(loop: loop, address: address, isLoopback: address.isLoopback)
        let key = node.identity.publicKey.text
        let bound = LoopBound(value: node)
        try loop.start(node)
        say("ready \(key) \(TransportAddress(address, port: loop.localPort(.v4) ?? 0))")
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            // A line that is typed is late from now on, not from when the loop has time for it.
            let time = monotonicNanoseconds()
            loop.perform {
                do {
                    try carryOut(words, bound.value, typedAt: time, at: MonotonicClock.now)
                } catch {
                    fail("\(line): \(error)")
                }
            }
        }
        exit(0)
    }

    private static func carryOut(_ words: [String], _ node: BenchNode, typedAt time: UInt64, at now: Instant) throws {
        let numbers = words.dropFirst().compactMap { Int($0) }
        switch words.first {
        case "peer":
            try node.add(IdentityKey(text: words[1]), words.dropFirst(2).compactMap { TransportAddress($0) }, at: now)
        case "connect": node.connect(at: now)
        case "progress": say("progress \(node.progress)")
        case "await-sessions": node.awaitSessions(numbers[0])
        case "files": node.sendFiles(numbers[0], size: UInt64(numbers[1]), at: now)
        case "flood":
            node.talk.begin(.flood(size: numbers[0]))
            node.send((0..<numbers[1]).map { _ in node.talk.message(of: numbers[0]) }, at: now)
        case "ping":
            node.talk.begin(.ping(size: numbers[0], left: numbers[1]))
            node.send([node.talk.message(of: numbers[0])], at: now)
        case "echo": node.talk.begin(.echo)
        case "listen": node.talk.begin(.listen)
        case "quiet": node.talk.begin(.none)
        case "chat": node.send([node.talk.message(of: numbers[0], typedAt: time)], at: now)
        case "times": say("times " + node.talk.times.map { "\($0)" }.joined(separator: " "))
        case "count-allocations": bench_count_allocations(true)
        case "spread": node.spread(numbers[0], window: numbers[1], at: now)
        case "tell-all": node.tellAll(numbers[0], count: 1, at: now)
        case "sync": say("synced")
        case "heap": say("heap \(bench_heap_in_use())")
        case "mark": say(node.mark())
        case _: fail("unknown: \(words)")
        }
    }
}

/// Two nodes that have a session with each other.
struct NodePair {
    let near: Child
    let far: Child

    init(over link: any Link, countsAllocations: Bool = false) throws(Child.Failure) {
        near = try Child([Role.node.rawValue, link.near.address], in: link.near)
        far = try Child([Role.node.rawValue, link.far.address], in: link.far)
        let nearReady = try near.hear("ready")
        let farReady = try far.hear("ready")
        near.say("peer \(farReady[0]) \(farReady[1])")
        far.say("peer \(nearReady[0])")
        near.say("connect")
        far.say("await-sessions 1")
        _ = try near.hear("connected")
        _ = try far.hear("connected")
        guard countsAllocations else { return }
        near.say("count-allocations")
        far.say("count-allocations")
    }
}
