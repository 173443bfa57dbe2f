import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// A path that carries datagrams of up to `carries` bytes, and a sender that fills them and waits for each answer.
private final class ProbedPath {
    var mtu: PathMTU
    var carries: Int
    /// The share of probes that is lost, whatever their size.
    var loss = 0.0
    var now = Instant(nanoseconds: 1_000_000_000)
    var number: UInt64 = 0
    var probes: [Int] = []
    var random = SeededRandom(seed: 1)

    init(carries: Int, family: IPAddress.Family = .v4, interfaceMTU: Int? = nil) {
        mtu = PathMTU(family, interfaceMTU: interfaceMTU)
        self.carries = carries
    }

    /// Sends data until no probe is wanted any more.
    func settle(limit: Int = 200) {
        for _ in 0..<limit {
            exchange()
            guard probe() else { return }
        }
        Issue.record("the search does not end: \(probes)")
    }

    /// A flight of four full datagrams, and a small one.
    func exchange() {
        let flight = (0..<4).map { number + $0 }
        number += 5
        now += .milliseconds(50)
        let size = mtu.size
        mtu.didAcknowledge(number - 1, size: 100, at: now)
        for packet in flight {
            if size <= carries {
                mtu.didAcknowledge(packet, size: size, at: now)
            } else {
                mtu.didLose(packet, size: size, at: now)
            }
        }
    }

    /// What should be tried now.
    var nextProbe: Int? { mtu.nextProbe(at: now) }

    /// Whether there was one to send.
    func probe() -> Bool {
        guard let size = mtu.nextProbe(at: now) else { return false }
        probes.append(size)
        mtu.didSendProbe(size)
        number += 1
        now += .milliseconds(50)
        if size <= carries, !random.chance(loss) {
            mtu.didPass(size, at: now)
        } else {
            mtu.didLoseProbe(size, at: now)
        }
        return true
    }
}

@Suite("path MTU discovery")
struct PathMTUTests {
    @Test("data begins with 1200 bytes, and nothing larger is tried before these passed")  // [PKT-1] [SIZ-3]
    func base() {
        let path = ProbedPath(carries: 1472)
        #expect(path.mtu.size == 1200 && path.mtu.capacity == .unknown)
        #expect(path.nextProbe == nil)
        path.exchange()
        #expect(path.mtu.capacity == .full)
        #expect(path.nextProbe == 1472)
    }

    @Test(  // [SIZ-7]
        "what the interface carries is tried first, and is enough",
        arguments: [(1500, 1472), (9000, 8972), (65_536, Limits.largestDatagramSize), (1280, 1252)])
    func interface(mtu: Int, size: Int) {
        let path = ProbedPath(carries: 65_507, interfaceMTU: mtu)
        path.settle()
        #expect(path.mtu.size == size)
        #expect(path.probes == [size])
        path.now += .seconds(10_000)
        #expect(path.nextProbe == nil, "the interface carries no more")
    }

    @Test("IPv6's header is longer")
    func family() {
        let path = ProbedPath(carries: 65_507, family: .v6, interfaceMTU: 1500)
        path.settle()
        #expect(path.mtu.size == 1452)
    }

    @Test(  // [SIZ-4]
        "a path that is narrower than the interface is found out within few probes",
        arguments: [1280, 1360, 1380, 1400, 1420, 1440, 1452, 1472, 1480, 1492, 1500, 3000, 4352, 8000, 9000])
    func search(pathMTU: Int) {
        for interface in [1500, 9000, 65_536] where interface >= pathMTU {
            let path = ProbedPath(carries: pathMTU - 28, interfaceMTU: interface)
            path.settle()
            #expect(path.mtu.size <= pathMTU - 28 && path.mtu.capacity == .full)
            #expect(path.mtu.size >= (pathMTU - 28) * 14 / 15, "\(path.mtu.size) of \(pathMTU - 28): \(path.probes)")
            #expect(path.probes.count <= 26, "\(path.probes)")
        }
    }

    @Test("a probe is tried three times", arguments: 0..<50 as Range<UInt64>)  // [SIZ-5]
    func loss(seed: UInt64) {
        let path = ProbedPath(carries: 1472)
        path.random = SeededRandom(seed: seed)
        path.loss = 0.05
        path.settle()
        #expect(path.mtu.size == 1472)
    }

    @Test("after ten minutes a path that carried less is tried again")  // [SIZ-8]
    func raise() {
        let path = ProbedPath(carries: 1252)
        path.settle()
        #expect(path.mtu.size == 1252)
        path.carries = 1472
        path.now += .seconds(590)
        #expect(!path.probe())
        path.now += .seconds(10)
        path.settle()
        #expect(path.mtu.size == 1472)
    }

    @Test(  // [SIZ-11]
        "a path that carries less than 1200 bytes is narrow, and used as far as it goes", arguments: [576, 1000, 1200])
    func narrow(pathMTU: Int) {
        let path = ProbedPath(carries: pathMTU - 28)
        path.mtu.didFailBase(at: path.now)
        #expect(path.mtu.size == 508 && path.mtu.capacity == .narrow)
        path.settle()
        #expect(path.mtu.capacity == .narrow)
        #expect(path.mtu.size <= pathMTU - 28 && path.mtu.size >= (pathMTU - 28) * 14 / 15)
        path.carries = 1472
        path.now += .seconds(600)
        path.settle()
        #expect(path.mtu.size == 1472 && path.mtu.capacity == .full)
    }

    @Test("an interface that carries less than 1200 bytes is known to be narrow", arguments: [576, 1000])  // [SIZ-3]
    func narrowInterface(mtu: Int) {
        let path = ProbedPath(carries: mtu - 28, interfaceMTU: mtu)
        #expect(path.mtu.size == 508 && path.mtu.capacity == .narrow)
        path.settle()
        #expect(path.mtu.size == mtu - 28)
    }
}

@Suite("MTU black holes")
struct BlackHoleTests {
    // [SIZ-9]
    @Test("a path that carries less from now on is noticed within three losses", arguments: [1252, 1000, 548])
    func fall(carries: Int) {
        let path = ProbedPath(carries: 1472)
        path.settle()
        #expect(path.mtu.size == 1472)
        path.carries = carries
        path.exchange()
        #expect(path.mtu.size == 1200)
        if carries < 1200 { path.exchange() }
        #expect(path.mtu.size <= carries)
        path.settle()
        #expect(path.mtu.size <= carries && path.mtu.size >= carries * 14 / 15)
        #expect(path.mtu.capacity == (carries < 1200 ? .narrow : .full))
    }

    @Test("an outage of everything that looked like one costs one probe")  // [SIZ-4]
    func outage() {
        let path = ProbedPath(carries: 1472)
        path.settle()
        path.probes = []
        path.carries = 200
        for _ in 0..<2 { path.exchange() }
        #expect(path.mtu.size == 508 && path.mtu.capacity == .unknown)
        path.carries = 1472
        path.settle()
        #expect(path.mtu.size == 1472 && path.probes == [1200, 1472])
    }

    @Test("losses among datagrams of the same size are no sign of one")  // [SIZ-9]
    func congestion() {
        let path = ProbedPath(carries: 1472)
        path.settle()
        var random = SeededRandom(seed: 5)
        for number in path.number..<path.number + 5000 {
            // What comes last is known to have arrived before what came before it is known to be lost.
            path.mtu.didAcknowledge(number + 3, size: 1472, at: path.now)
            if random.chance(0.5) { path.mtu.didLose(number, size: 1472, at: path.now) }
        }
        #expect(path.mtu.size == 1472)
    }

    @Test("nor are losses before a full datagram that arrived, though a shorter one came after it")  // [SIZ-9]
    func shortTail() {
        let path = ProbedPath(carries: 1200)
        path.settle()
        let first = path.number
        path.mtu.didAcknowledge(first + 3, size: 1200, at: path.now)
        path.mtu.didAcknowledge(first + 4, size: 541, at: path.now)
        for number in first..<first + 3 { path.mtu.didLose(number, size: 1200, at: path.now) }
        #expect(path.mtu.size == 1200)
        // Shorter ones are no excuse for what is lost behind that.
        for number in first + 5..<first + 8 { path.mtu.didLose(number, size: 1200, at: path.now) }
        #expect(path.mtu.size == 508)
    }

    @Test("an answer that was only late lets the search begin again")
    func lateAnswer() {
        let path = ProbedPath(carries: 1000)
        path.mtu.didFailBase(at: path.now)
        path.settle()
        #expect(path.mtu.capacity == .narrow)
        path.carries = 1472
        path.mtu.didPass(1200, at: path.now)
        #expect(path.mtu.size == 1200)
        path.settle()
        #expect(path.mtu.size == 1472 && path.mtu.capacity == .full)
    }

    @Test("a probe that passed is no reason to send more than the interface carries by now")
    func fallenLimit() {
        let path = ProbedPath(carries: 1472)
        path.exchange()
        path.mtu.didSendProbe(1472)
        path.mtu.setInterfaceMTU(1400, at: path.now)
        path.mtu.didPass(1472, at: path.now)
        #expect(path.mtu.size == 1372)
    }

    @Test("nor does one that passed when nothing more may be sent keep the search from going on")
    func fallenToNothing() {
        let path = ProbedPath(carries: 1472)
        path.exchange()
        path.mtu.didSendProbe(1472)
        path.mtu.didRefuse(1201, at: path.now)
        path.mtu.didPass(1472, at: path.now)
        #expect(path.mtu.size == 1200)
        path.mtu.setInterfaceMTU(1400, at: path.now)
        path.settle()
        #expect(path.mtu.size == 1372)
    }

    @Test("small packets that are lost say nothing")  // [SIZ-9]
    func smallLosses() {
        let path = ProbedPath(carries: 1472)
        path.settle()
        for number in 0..<100 as Range<UInt64> { path.mtu.didLose(path.number + number, size: 1100, at: path.now) }
        #expect(path.mtu.size == 1472)
    }

    @Test("the packets of probe timeouts become smaller, the second sooner than the first")  // [SIZ-10]
    func timeouts() {
        let path = ProbedPath(carries: 1472)
        path.settle()
        let sizes = (0..<5).map { count in (0..<2).map { path.mtu.size(ofProbe: $0, afterTimeouts: count) } }
        #expect(sizes == [[1472, 1472], [1472, 1200], [1200, 508], [508, 508], [508, 508]])
        let short = ProbedPath(carries: 1200, interfaceMTU: 1228)
        short.settle()
        let later = (0..<5).map { count in (0..<2).map { short.mtu.size(ofProbe: $0, afterTimeouts: count) } }
        #expect(later == [[1200, 1200], [1200, 1200], [1200, 508], [508, 508], [508, 508]])
    }
}

@Suite("what the kernel says of sizes")
struct RefusedDatagramTests {
    @Test("a probe that the kernel refuses is lost at once, and no larger one is tried")  // [SIZ-5]
    func probe() {
        let path = ProbedPath(carries: 9000)
        path.exchange()
        #expect(path.nextProbe == 1472)
        path.mtu.didSendProbe(1472)
        path.mtu.didRefuse(1472, at: path.now)
        path.settle()
        #expect(path.probes.allSatisfy { $0 < 1472 } && path.mtu.size == 1464)
    }

    @Test("an interface that carries less from now on ends larger datagrams at once")  // [SIZ-12]
    func falls() {
        let path = ProbedPath(carries: 8972, interfaceMTU: 9000)
        path.settle()
        #expect(path.mtu.size == 8972)
        path.mtu.didRefuse(8972, at: path.now)
        #expect(path.mtu.size == 1200)
        path.mtu.setInterfaceMTU(1500, at: path.now)
        path.probes = []
        path.settle()
        #expect(path.mtu.size == 1472 && path.probes == [1472])
        path.mtu.setInterfaceMTU(1000, at: path.now)
        #expect(path.mtu.size == 508 && path.mtu.capacity == .narrow)
        path.carries = 972
        path.settle()
        #expect(path.mtu.size == 972)
    }

    @Test("an interface that carries more is used")
    func grows() {
        let path = ProbedPath(carries: 8972, interfaceMTU: 1500)
        path.settle()
        #expect(path.mtu.size == 1472)
        path.mtu.setInterfaceMTU(9000, at: path.now)
        path.settle()
        #expect(path.mtu.size == 8972)
    }

    // [PKT-1]
    @Test("whatever it is told, a size is between 508 bytes and the largest", arguments: 0..<200 as Range<UInt64>)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var mtu = PathMTU(.v4, interfaceMTU: Int.random(in: 0...70_000, using: &random))
        var now = Instant(nanoseconds: 0)
        for number in 0..<2000 as Range<UInt64> {
            now += .milliseconds(Int64.random(in: 0...2000, using: &random))
            let size = Int.random(in: 0...70_000, using: &random)
            switch Int.random(in: 0...8, using: &random) {
            case 0: mtu.didPass(min(size, 2000), at: now)
            case 1: mtu.didRefuse(size, at: now)
            case 2: mtu.setInterfaceMTU(size, at: now)
            case 3: mtu.didFailBase(at: now)
            case 4: mtu.didAcknowledge(number, size: min(size, mtu.size), at: now)
            case 5: mtu.didLose(number, size: min(size, mtu.size), at: now)
            case 6: mtu.didLoseProbe(mtu.size + 1, at: now)
            default:
                guard let probe = mtu.nextProbe(at: now) else { continue }
                #expect(probe > mtu.size && probe <= Limits.largestDatagramSize, "seed \(seed)")
                mtu.didSendProbe(probe)
                if random.chance(0.5) { mtu.didLoseProbe(probe, at: now) } else { mtu.didPass(probe, at: now) }
            }
            #expect((508...Limits.largestDatagramSize).contains(mtu.size), "seed \(seed)")
        }
    }
}
