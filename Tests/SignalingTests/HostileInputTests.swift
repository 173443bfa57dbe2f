import PinholeCrypto
import PinholeWire
import TestSupport
import Testing

@testable import Signaling

@Suite("Hostile input")
struct HostileInputTests {
    private let mallory: TransportAddress = "198.51.100.66:6666"
    private let victim: TransportAddress = "192.0.2.99:53"

    /// Rates that never refuse, so that what is tested is the handling.
    private var unlimited: Service.Rates {
        var rates = Service.Rates()
        let rate = RateLimiter.Rate(perSecond: 1_000_000, burst: 1_000_000)
        (rates.challenges, rates.registers, rates.registersPerSource) = (rate, rate, rate)
        (rates.stun, rates.stunPerSource) = (rate, rate)
        return rates
    }

    @Test("100,000 random datagrams are answered with nothing, but for well-formed STUN requests")
    func randomDatagrams() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        var world = World(rates: unlimited)
        let client = try world.registered("192.0.2.1:1", tags: [entry(1, .lo)])
        let firstBytes: [UInt8] = [0x00, 0x40, 0xc1, 0xc3, 0xd1, 0xd2, 0xd3, 0xd4]
        var bytes = 0
        for round in 0..<100_000 {
            var datagram = random.bytes(Int(random.next() % (round % 10 == 0 ? 1400 : 320)))
            if round % 2 == 0, !datagram.isEmpty {
                datagram[0] = firstBytes[Int(random.next() % UInt64(firstBytes.count))]
                if datagram[0] == 0xd1, datagram.count > 1 { datagram[1] = Limits.version }
                if datagram[0] == 0xd3, datagram.count > 8 {
                    for index in 1...8 {
                        datagram[index] = UInt8(truncatingIfNeeded: client.registration >> UInt64(8 * (8 - index)))
                    }
                }
            }
            if let message = try? STUNMessage(datagram.span), message.messageClass == .request { continue }
            bytes += world.deliver(datagram, from: mallory).reduce(0) { $0 + $1.datagram.count }
        }
        #expect(bytes == 0, "seed \(seed)")
        #expect(world.service.registry.count == 1)
        #expect(client.replies(in: client.say(.ping(9), in: &world)) == [.pong(9)])
    }

    @Test("every truncation, extension and changed byte of REGISTER is dropped without a word")
    func damagedRegister() throws {
        var world = World(rates: unlimited)
        let client = TestClient(service: world.key, source: mallory)
        let body = RegisterBody(cookie: try client.cookie(in: &world), token: [], tags: [entry(1, .lo)])
        let register = client.keys.register(body)
        for count in 0..<register.count { #expect(world.deliver(Array(register.prefix(count)), from: mallory).isEmpty) }
        #expect(world.deliver(register + [0], from: mallory).isEmpty)
        for index in register.indices {
            var damaged = register
            damaged[index] ^= 0x10
            #expect(world.deliver(damaged, from: mallory).isEmpty)
        }
        let padding = [UInt8](repeating: 0, count: Limits.signalingDatagramSize + 1 - register.count)
        #expect(world.deliver(register + padding, from: mallory).isEmpty)
        #expect(world.service.registry.count == 0)
        #expect(world.deliver(register, from: mallory).count == 1)
    }

    @Test("every truncation, extension, changed byte and repetition of CLIENT is dropped without a word")  // [SIG-5]
    func damagedClient() throws {
        var world = World()
        let client = try world.registered(mallory, tags: [entry(1, .lo)])
        let other = try world.registered("192.0.2.1:1", tags: [entry(1, .hi)])
        let datagram = client.datagram([.connect(tag: tag(1), side: .lo, blob: [1, 2, 3])])
        for count in 0..<datagram.count { #expect(world.deliver(Array(datagram.prefix(count)), from: mallory).isEmpty) }
        #expect(world.deliver(datagram + [0], from: mallory).isEmpty)
        for index in datagram.indices {
            var damaged = datagram
            damaged[index] ^= 0x01
            #expect(world.deliver(damaged, from: mallory).isEmpty)
        }
        let oversized = datagram + [UInt8](repeating: 0, count: 1200)
        #expect(world.deliver(oversized, from: mallory).isEmpty)
        let sent = world.deliver(datagram, from: mallory)
        #expect(other.replies(in: sent).count == 1)
        #expect(world.deliver(datagram, from: mallory).isEmpty)
        #expect(world.service.statistics.introduced == 1)
    }

    @Test("sealed nonsense from a registered client stops at the first request that is none")  // [SIG-21]
    func sealedNonsense() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        var world = World()
        let client = try world.registered(mallory)
        for _ in 0..<5000 {
            let nonsense = random.bytes(Int(random.next() % 200))
            let datagram = client.keys.seal(nonsense, registration: client.registration)
            let sent = world.deliver(datagram, from: mallory)
            let answered = sent.filter { $0.destination == mallory }.reduce(0) { $0 + $1.datagram.count }
            #expect(answered <= 3 * datagram.count + 64, "seed \(seed)")
            world.advance(.milliseconds(20))
        }
        // It may have unregistered itself; nobody else can have noticed.
        #expect(world.service.registry.count <= 1)
    }

    @Test("no answer to anything before proof of an address is larger than the request; STUN's is bounded")  // [SIG-38]
    func amplification() throws {
        var world = World(access: .token([1]), rates: unlimited)
        let keys = SignalingClientKeys(service: world.key)
        let zero = [UInt8](repeating: 0, count: 16)
        let six: TransportAddress = "[2001:db8::99]:53"
        for count in [0, 1, 10, Limits.maxTagsPerMessage] {
            let tags = (0..<count).map { entry(UInt64($0), .lo, watch: true) }
            let register = keys.register(RegisterBody(cookie: zero, token: [], tags: tags))
            for source in [victim, six] {
                let sent = world.deliver(register, from: source)
                #expect(sent.count == 1)
                #expect(sent.reduce(0) { $0 + $1.datagram.count } <= register.count / 3)
            }
        }
        var request = STUNMessage(.request, transactionID: STUNMessage.TransactionID(high: 1, low: 2))
        for (change, bound) in [(false, 12), (true, 24)] {
            request.changePort = change
            let datagram = request.encoded
            let sent = world.deliver(datagram, from: victim)
            #expect(sent.reduce(0) { $0 + $1.datagram.count } <= datagram.count + bound)
        }
    }

    @Test("RESPONSE-PORT reaches no other address than the one that asks, and no more often")  // [STN-5]
    func responsePort() throws {
        let rates = Service.Rates()
        var world = World(rates: rates)
        var sent: [Sent] = []
        for number in UInt64(0)..<5000 {
            var request = STUNMessage(.request, transactionID: STUNMessage.TransactionID(high: 1, low: number))
            request.responsePort = UInt16(truncatingIfNeeded: number)
            request.changePort = number % 2 == 0
            sent += world.deliver(request.encoded, from: victim)
        }
        #expect(sent.count <= rates.stunPerSource.burst)
        #expect(sent.allSatisfy { $0.destination.ip == victim.ip && $0.destination.port != 0 })
    }

    @Test("a registered client that claims another's address sends it at most three times its own bytes")  // [SIG-39]
    func amplificationByAClient() throws {
        var world = World()
        let client = try world.registered(mallory)
        let floods: [[SignalingRequest]] = [
            Array(repeating: .refresh, count: 400), Array(repeating: .tags([], first: true), count: 300),
            (0..<20).map { .connect(tag: tag($0), side: .lo, blob: []) }, [.refresh, .ping(1), .refresh],
        ]
        for flood in floods {
            let datagram = client.datagram(flood)
            let sent = world.deliver(datagram, from: victim)
            #expect(sent.reduce(0) { $0 + $1.datagram.count } <= 3 * datagram.count)
            #expect(sent.allSatisfy { $0.datagram.count <= Limits.signalingDatagramSize })
        }
    }

    @Test("who takes both sides of tags sends an address at most three times its own bytes")  // [SIG-39]
    func introducedToOneself() throws {
        for isAlone in [true, false] {
            var world = World(rates: unlimited)
            let caller = try world.registered(mallory)
            let called = isAlone ? caller : try world.registered(mallory)
            _ = world.deliver(
                called.datagram([.tags((0..<20).map { entry(UInt64($0), .hi, watch: false) }, first: true)]),
                from: victim)
            let seats = (0..<20).map { entry(UInt64($0), .lo, watch: false) }
            _ = world.deliver(caller.datagram([.tags(seats, first: false)]), from: victim)
            for count in [1, 5, 20] {
                let datagram = caller.datagram((0..<count).map { .connect(tag: tag(UInt64($0)), side: .lo, blob: []) })
                let sent = world.deliver(datagram, from: victim)
                #expect(sent.reduce(0) { $0 + $1.datagram.count } <= 3 * datagram.count, "\(count), alone: \(isAlone)")
            }
        }
    }

    @Test("who watches from an address that is only claimed is told at most three times its own bytes")  // [SIG-39]
    func notifiedElsewhere() throws {
        var world = World(rates: unlimited)
        var (fromWatcher, toVictim, told) = (0, 0, 0)
        func count(_ sent: [Sent]) {
            toVictim += sent.filter { $0.destination == victim }.reduce(0) { $0 + $1.datagram.count }
            told += sent.count { $0.destination == mallory }
        }
        let watcher = try world.registered(mallory)
        let other = try world.registered("198.51.100.67:6666")
        let chunks = (0..<20).map { UInt64($0) * 50..<UInt64($0) * 50 + 50 }
        func watch(from source: TransportAddress) {
            for chunk in chunks {
                let datagram = watcher.datagram([
                    .tags(chunk.map { entry($0, .lo, watch: true) }, first: chunk.lowerBound == 0)
                ])
                fromWatcher += datagram.count
                count(world.deliver(datagram, from: source))
            }
        }
        func appear() {
            for chunk in chunks {
                count(other.say(.tags(chunk.map { entry($0, .hi) }, first: chunk.lowerBound == 0), in: &world))
            }
        }
        watch(from: mallory)
        appear()
        #expect(told >= 1000, "where it proved to be it hears of all")
        let move = watcher.datagram([.refresh])
        fromWatcher += move.count
        count(world.deliver(move, from: victim))
        for _ in 0..<3 {
            count(other.say(.tags([], first: true), in: &world))
            appear()
        }
        count(other.say(.unregister, in: &world))
        #expect(toVictim > 46, "who has moved hears of something")
        #expect(toVictim <= 3 * fromWatcher, "\(toVictim) bytes for \(fromWatcher)")
        #expect(toVictim <= 16_384, "\(toVictim) bytes at once")
    }

    @Test("a datagram from port 0 is dropped, since no answer could be sent")  // [HS-1]
    func portZero() throws {
        var world = World()
        let request = STUNMessage(.request, transactionID: STUNMessage.TransactionID(high: 1, low: 2))
        #expect(world.deliver(request.encoded, from: "192.0.2.1:0").isEmpty)
    }
}
