import PinholeWire
import TestSupport
import Testing

@testable import PinholeCrypto

/// Changed, cut and random datagrams at every door: nothing opens, nothing crashes.
struct HostileInputTests {
    /// Every datagram of the protocol with the door that opens it.
    private struct Door {
        let name: String
        let datagram: [UInt8]
        /// How many bytes, from the start, this door protects.
        let protected: Int
        let opens: ([UInt8]) -> Bool
    }

    private func doors() throws -> [Door] {
        let run = try Run(try .fixed(1), try .fixed(2))
        let (lo, hi) = (run.lo, run.hi)
        var gate = CookieGate(own: hi.pair.ownKey)
        let source = TransportAddress(IPAddress(v4: 0xc000_0201), port: 9)
        let cookie = gate.cookieReply(to: lo.hello.span, from: source, at: Instant(nanoseconds: 0))
        let service = ServiceSecret.generate()
        let client = SignalingClientKeys(service: service.publicKey)
        let register = client.register(
            RegisterBody(
                cookie: [UInt8](repeating: 1, count: 16), token: [2],
                tags: [TagEntry(tag: lo.pair.tag(day: 1), side: .lo, watch: false)]))
        let keys = try unwrap(SignalingServerKeys.open(register: register, secret: service)).keys
        let challenge = keys.challenge(
            ChallengeBody(cookie: [UInt8](repeating: 1, count: 16), time: 1, observed: source))
        var server = keys.accept(registration: 77)
        let request = client.seal([1, 2, 3], registration: 77)
        let reply = server.seal([1, 2, 3])
        return [
            // What follows the sealed part is the gate's (CookieGateTests).
            Door(name: "HELLO", datagram: lo.hello, protected: 224) {
                PeerHello.open($0, pair: hi.pair) != nil
            },
            Door(name: "blob", datagram: lo.blob, protected: lo.blob.count) {
                PeerHello.open(blob: $0, pair: hi.pair) != nil
            },
            Door(name: "HS", datagram: lo.keys.seal([1], size: 256), protected: 256) { hi.keys.open($0) != nil },
            // The connection id is for whoever looks up the attempt.
            Door(name: "COOKIE", datagram: cookie, protected: 65) {
                $0.count > 9 && $0.span.bigEndian64(at: 1) == lo.attempt.connectionID.rawValue
                    && CookieGate.open($0, peer: hi.pair.ownKey, sentMAC1: CookieGate.mac1(of: lo.hello)) != nil
            },
            Door(name: "DATA", datagram: lo.session.seal([1, 2, 3], packetNumber: 5), protected: 32) {
                hi.session.open($0) != nil
            },
            Door(name: "REGISTER", datagram: register, protected: 256) {
                SignalingServerKeys.open(register: $0, secret: service) != nil
            },
            Door(name: "CHALLENGE", datagram: challenge, protected: challenge.count) {
                client.openChallenge($0) != nil
            },
            Door(name: "CLIENT", datagram: request, protected: request.count) { server.open(client: $0) != nil },
            Door(name: "SERVER", datagram: reply, protected: reply.count) { client.open($0) != nil },
        ]
    }

    @Test("one flipped bit anywhere closes the door, and the unchanged datagram still opens it")  // [HS-14]
    func flippedBits() throws {
        for door in try doors() {
            for index in 0..<door.protected {
                for bit in 0..<8 {
                    let changed = door.datagram.flipped(at: index, mask: 1 << UInt8(bit))
                    #expect(!door.opens(changed), "\(door.name), byte \(index), bit \(bit)")
                }
            }
            #expect(door.opens(door.datagram), "\(door.name)")
        }
    }

    @Test("no datagram opens when it is cut or grows")  // [HS-64]
    func lengths() throws {
        for door in try doors() {
            for count in 0..<door.datagram.count {
                #expect(!door.opens([UInt8](door.datagram[..<count])), "\(door.name), \(count) bytes")
            }
            for extra in [1, 16, 1000] {
                let longer = door.datagram + [UInt8](repeating: 0, count: extra)
                #expect(!door.opens(longer), "\(door.name), \(extra) bytes more")
            }
            #expect(door.opens(door.datagram), "\(door.name)")
        }
    }

    @Test("each datagram opens its own door only")
    func crossed() throws {
        let doors = try doors()
        for door in doors {
            for other in doors where other.name != door.name {
                #expect(!door.opens(other.datagram), "\(other.name) at \(door.name)")
                let disguised = [door.datagram[0]] + other.datagram.dropFirst()
                #expect(!door.opens(disguised), "\(other.name) as \(door.name)")
            }
        }
    }

    @Test("ten thousand random datagrams open no door", arguments: [20_260_731] as [UInt64])
    func garbage(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let doors = try doors()
        for round in 0..<10_000 {
            let door = doors[round % doors.count]
            var datagram = generator.bytes(
                Bool.random(using: &generator) ? door.datagram.count : Int.random(in: 0...1500, using: &generator))
            if let first = datagram.indices.first { datagram[first] = door.datagram[0] }
            if datagram.count > 40, Bool.random(using: &generator) {
                datagram.replaceSubrange(0..<34, with: door.datagram[..<min(34, door.datagram.count)])
            }
            #expect(!door.opens(datagram), "seed \(seed), round \(round), \(door.name)")
        }
    }

    @Test("random text is no key, no service and no key file", arguments: [77] as [UInt64])
    func randomText(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let starts = ["", "pin1", "PIN-SECRET-1", "PIN-SEALED-1", "pinsrv1", "ssh-ed25519 ", "# "]
        let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bQ =#\n\u{0}é")
        for round in 0..<3000 {
            let length = Int.random(in: 0...220, using: &generator)
            let text =
                starts[round % starts.count]
                + String((0..<length).compactMap { _ in alphabet.randomElement(using: &generator) })
            #expect((try? IdentityKey(text: text)) == nil, "seed \(seed), round \(round)")
            #expect((try? IdentitySecret(text: text))?.publicKey == nil, "seed \(seed), round \(round)")
            #expect((try? ServiceKey(text: text)) == nil, "seed \(seed), round \(round)")
            #expect((try? ServiceSecret(text: text))?.publicKey == nil, "seed \(seed), round \(round)")
            #expect((try? KeyFile.open(text, passphrase: nil))?.publicKey == nil, "seed \(seed), round \(round)")
        }
    }

    @Test("sealed nonsense in a REGISTER or a CHALLENGE is refused")
    func sealedNonsense() throws {
        var generator = SeededRandom(seed: 4)
        let service = ServiceSecret.generate()
        let client = SignalingClientKeys(service: service.publicKey)
        // A tag count beyond what follows it, or beyond what one message may carry.
        for count in [1, 57, 255] as [UInt8] {
            let plaintext = generator.bytes(16) + [0, count]
            #expect(throws: WireError.self) { _ = try RegisterBody(plaintext.span) }
        }
        let full = RegisterBody(
            cookie: generator.bytes(16), token: generator.bytes(60),
            tags: (0..<Limits.maxTagsPerMessage).map {
                TagEntry(tag: RendezvousTag(high: UInt64($0), low: 1), side: .hi, watch: true)
            })
        let datagram = client.register(full)
        #expect(datagram.count <= Limits.signalingDatagramSize)
        #expect(SignalingServerKeys.open(register: datagram, secret: service)?.body == full)
    }
}
