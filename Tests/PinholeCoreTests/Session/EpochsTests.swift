import Foundation
import PinholeCrypto
import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// Two sides' keys without a network between: every message of a rekey in every order.
struct EpochsTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let timeout: Duration = .milliseconds(100)

    /// Always due, as soon as an epoch is ready.
    private var eager: KeyLimits {
        var limits = KeyLimits()
        limits.packets = 0
        limits.minLifetime = .zero
        return limits
    }

    private func makePair(_ limits: KeyLimits? = nil) throws -> (one: Epochs, other: Epochs) {
        let schedules = try KeySchedule.makePair()
        let limits = limits ?? eager
        return (Epochs(schedules.0, limits: limits, at: start), Epochs(schedules.1, limits: limits, at: start))
    }

    /// The REKEY of a side that is due.
    private func ask(_ side: Epochs, at now: Instant) throws -> [Frame] {
        let step = try side.handleTimeout(lastData: now, probeTimeout: timeout, at: now)
        guard case .send(let frames) = step else { throw Unexpected() }
        return frames
    }

    struct Unexpected: Error {}

    /// Gives frames to a side and returns its answer.
    @discardableResult
    private func give(_ frames: [Frame], to side: Epochs, at now: Instant) throws -> [Frame] {
        var answer: [Frame] = []
        for frame in frames {
            switch frame {
            case .rekey(let epoch, let key):
                answer += try side.receive(rekey: epoch, key: key, probeTimeout: timeout, at: now)
            case .reauth(let epoch, let signature):
                try side.receive(reauth: epoch, signature: signature, at: now)
            default: throw Unexpected()
            }
        }
        return answer
    }

    /// One rekey: `one` asks, or both at once. Everything arrives. Afterwards the next one may begin.
    private func rekey(_ one: Epochs, _ other: Epochs, crossing: Bool, number: inout UInt64, at now: inout Instant)
        throws
    {
        let epoch = one.number + 1
        let asked = try ask(one, at: now)
        let crossed = crossing ? try ask(other, at: now) : []
        let answer = crossed + (try give(asked, to: other, at: now))
        let proof = try give(answer, to: one, at: now)
        try give(proof, to: other, at: now)
        // `one` has verified, and this acknowledges `other`'s REAUTH.
        other.didProve(epoch, at: now)
        guard other.number == epoch, one.number == epoch - 1 else { throw Unexpected() }
        // A packet of the new epoch takes the other side along.
        guard one.open(other.seal([1], number), at: now) == number, one.number == epoch,
            other.open(one.seal([1], number), at: now) == number
        else { throw Unexpected() }
        number += 1
        now += timeout * 3
    }

    @Test("both asking at once is one rekey, and so is one asking", arguments: [false, true])  // [EPO-2]
    func merge(crossing: Bool) throws {
        let (one, other) = try makePair()
        var (number, now) = (UInt64(0), start)
        for epoch in 1...9 as ClosedRange<UInt32> {
            try rekey(one, other, crossing: crossing, number: &number, at: &now)
            #expect(one.number == epoch && other.number == epoch)
        }
    }

    /// 100,000 take most of a minute: with `LAB=full`.
    private static let count: UInt32 = ProcessInfo.processInfo.environment["LAB"] == "full" ? 100_000 : 10_000

    /// Every epoch with fresh X25519 keys, signatures that are verified, and a packet each way.
    @Test("epochs without end follow each other, with real keys and signatures")  // [EPO-15]
    func manyEpochs() throws {
        let (one, other) = try makePair()
        var (number, now) = (UInt64(0), start)
        for epoch in 0..<Self.count {
            try rekey(
                epoch % 2 == 0 ? one : other, epoch % 2 == 0 ? other : one, crossing: epoch % 3 == 0,
                number: &number, at: &now)
        }
        #expect(one.number == Self.count && other.number == Self.count)
        #expect(one.failures == 0 && other.failures == 0)
    }

    // MARK: Order

    @Test("a REAUTH that overtakes its REKEY waits for it")  // [EPO-7]
    func reordered() throws {
        let (one, other) = try makePair()
        let asked = try ask(one, at: start)
        let answer = try give(asked, to: other, at: start)
        try give([answer[1]], to: one, at: start)
        try give([answer[1]], to: one, at: start)
        let proof = try give([answer[0]], to: one, at: start)
        try give(proof, to: other, at: start)
        other.didProve(1, at: start)
        #expect(one.open(other.seal([1], 0), at: start) == 0)
        #expect(one.number == 1 && other.number == 1)
    }

    @Test("nothing of the next epoch opens before the peer has proved it")  // [EPO-8]
    func unproven() throws {
        let (one, other) = try makePair()
        let answer = try give(try ask(one, at: start), to: other, at: start)
        let proof = try give([answer[0]], to: one, at: start)
        try give(proof, to: other, at: start)
        // The acknowledgement of a REAUTH that did not arrive is a lie, or a thief's.
        other.didProve(1, at: start)
        #expect(other.number == 1)
        #expect(one.open(other.seal([1], 7), at: start) == nil)
        #expect(one.number == 0 && one.failures == 1)
        try give([answer[1]], to: one, at: start)
        #expect(one.open(other.seal([1], 8), at: start) == 8)
        #expect(one.number == 1)
    }

    @Test("an acknowledgement alone, without the peer's proof, switches nothing")  // [EPO-9]
    func acknowledgedOnly() throws {
        let (one, other) = try makePair()
        let answer = try give(try ask(one, at: start), to: other, at: start)
        try give([answer[0]], to: one, at: start)
        one.didProve(1, at: start)
        #expect(one.number == 0)
        try give([answer[1]], to: one, at: start)
        #expect(one.number == 1)
    }

    @Test("a packet that comes again is no forgery, whatever keys it is sealed with")  // [EPO-22]
    func replayed() throws {
        let (one, other) = try makePair()
        let early = other.seal([1], 0)
        #expect(one.open(early, at: start) == 0)
        for _ in 0..<10 { #expect(one.open(early, at: start) == nil) }
        #expect(one.failures == 0)
        var number: UInt64 = 1
        var now = start
        try rekey(one, other, crossing: false, number: &number, at: &now)
        let (oneNow, otherNow) = (one.number, other.number)
        #expect(oneNow == 1 && otherNow == 1)
        let late = other.seal([1], number)
        #expect(one.open(late, at: now) == number)
        let failures = one.failures
        for _ in 0..<10 { #expect(one.open(late, at: now) == nil) }
        #expect(one.failures == failures)
        var forged = other.seal([1], number + 1)
        forged[forged.count - 1] ^= 1
        #expect(one.open(forged, at: now) == nil)
        #expect(one.failures == failures + 1)
    }

    @Test("two signatures of one side for one epoch are a violation, also when the first has verified")  // [EPO-17]
    func twoSignatures() throws {
        let (one, other) = try makePair()
        let answer = try give(try ask(one, at: start), to: other, at: start)
        try give(answer, to: one, at: start)
        try give([answer[1]], to: one, at: start)
        #expect(throws: RekeyError.badSignature) {
            try one.receive(reauth: 1, signature: [UInt8](repeating: 1, count: 64), at: start)
        }
    }

    @Test("frames that come again, or late, change nothing")  // [EPO-14]
    func repeated() throws {
        let (one, other) = try makePair()
        let asked = try ask(one, at: start)
        let answer = try give(asked, to: other, at: start)
        #expect(try give(asked, to: other, at: start) == [])
        let proof = try give(answer, to: one, at: start)
        #expect(try give(answer, to: one, at: start) == [])
        try give(proof, to: other, at: start)
        other.didProve(1, at: start)
        other.didProve(1, at: start)
        #expect(one.open(other.seal([1], 0), at: start) == 0)
        for (side, frames) in [(one, answer), (other, asked + proof)] {
            #expect(try give(frames, to: side, at: start + .seconds(9)) == [])
            #expect(side.number == 1)
        }
    }

    // MARK: Violations

    @Test("an epoch that is not the next one is refused")  // [EPO-16]
    func skew() throws {
        let key = RekeyOffer().key
        for epoch in [2, 3, UInt32.max] {
            let (one, _) = try makePair()
            #expect(throws: RekeyError.wrongEpoch) { try give([.rekey(epoch: epoch, key: key)], to: one, at: start) }
            let reauth = Frame.reauth(epoch: epoch, signature: .init(repeating: 1, count: 64))
            #expect(throws: RekeyError.wrongEpoch) { try give([reauth], to: one, at: start) }
        }
        let (one, _) = try makePair()
        #expect(throws: RekeyError.wrongEpoch) {
            try give([.reauth(epoch: 1, signature: .init(repeating: 1, count: 64))], to: one, at: start)
        }
        #expect(try give([.rekey(epoch: 0, key: key)], to: one, at: start) == [])
    }

    @Test("two keys for one epoch are refused, whether the first was answered, waits, or was asked for")  // [EPO-17]
    func twoKeys() throws {
        let keys = (0..<2).map { _ in Frame.rekey(epoch: 1, key: RekeyOffer().key) }
        for limits in [eager, KeyLimits()] {
            let (one, _) = try makePair(limits)
            try give([keys[0]], to: one, at: start)
            #expect(throws: RekeyError.twoKeys) { try give([keys[1]], to: one, at: start) }
        }
        let (one, _) = try makePair()
        _ = try ask(one, at: start)
        try give([keys[0]], to: one, at: start)
        #expect(throws: RekeyError.twoKeys) { try give([keys[1]], to: one, at: start) }
    }

    @Test("a key that no secret follows from is refused, and one's own is")  // [EPO-18]
    func badKeys() throws {
        for side in [try makePair().one, try makePair().other] {
            #expect(throws: RekeyError.badKey) {
                try give([.rekey(epoch: 1, key: .init(repeating: 0, count: 32))], to: side, at: start)
            }
        }
        let (one, _) = try makePair()
        let own = try ask(one, at: start)
        #expect(throws: RekeyError.badKey) { try give(own, to: one, at: start) }
    }

    @Test("a signature of another session, or changed, is refused, also one that came early")  // [EPO-19]
    func badSignature() throws {
        let (one, other) = try makePair()
        let (stranger, victim) = try makePair()
        let asked = try ask(one, at: start)
        let answer = try give(asked, to: other, at: start)
        let strange = try give(try ask(victim, at: start), to: stranger, at: start)
        try give([answer[0]], to: one, at: start)
        #expect(throws: RekeyError.badSignature) { try give([strange[1]], to: one, at: start) }

        let (third, fourth) = try makePair()
        let late = try give(try ask(third, at: start), to: fourth, at: start)
        try give([strange[1]], to: third, at: start)
        #expect(throws: RekeyError.badSignature) { try give([late[0]], to: third, at: start) }
        let (fifth, _) = try makePair()
        _ = try ask(fifth, at: start)
        try give([strange[1]], to: fifth, at: start)
        #expect(throws: RekeyError.badSignature) { try give([late[1]], to: fifth, at: start) }
    }

    // MARK: Time

    @Test("a peer that asks too often is answered once a second")  // [EPO-4] [EPO-5]
    func tooOften() throws {
        var limits = eager
        limits.minLifetime = .seconds(1)
        limits.packets = .max
        let (one, other) = try makePair(limits)
        let key = Frame.rekey(epoch: 1, key: RekeyOffer().key)
        #expect(try give([key], to: one, at: start) == [])
        #expect(try give([key], to: one, at: start + .milliseconds(999)) == [])
        #expect(one.nextTimeout(lastData: start, probeTimeout: timeout) == start + .seconds(1))
        guard case .none = try one.handleTimeout(lastData: start, probeTimeout: timeout, at: start + .milliseconds(999))
        else { throw Unexpected() }
        let answer = try ask(one, at: start + .seconds(1))
        #expect(answer.count == 2)
        #expect(try give([key], to: other, at: start + .seconds(1)).count == 2)
    }

    @Test("the keys before open what is late for three probe timeouts, and are wiped then")  // [EPO-11]
    func oldKeys() throws {
        let (one, other) = try makePair()
        let late = (0..<4).map { one.seal([1], $0) }
        weak let old = other.present
        var (number, now) = (UInt64(10), start)
        let before = now
        // Without the wiping at the end of a rekey: the other side only.
        try give(try give(try give(try ask(one, at: now), to: other, at: now), to: one, at: now), to: other, at: now)
        one.didProve(1, at: now)
        #expect(one.number == 1 && other.number == 0)
        #expect(other.open(late[0], at: now) == 0)
        // The first packet of the new epoch.
        #expect(other.open(one.seal([1], number), at: now) == number)
        #expect(other.number == 1 && old != nil)
        #expect(other.open(late[1], at: now) == 1)
        #expect(other.open(late[1], at: now) == nil)
        #expect(other.nextTimeout(lastData: before, probeTimeout: timeout) == now + timeout * 3)
        now += timeout * 3 - .nanoseconds(1)
        _ = try other.handleTimeout(lastData: before, probeTimeout: timeout, at: now)
        #expect(other.open(late[2], at: now) == 2)
        now += .nanoseconds(1)
        _ = try other.handleTimeout(lastData: before, probeTimeout: timeout, at: now)
        #expect(old == nil)
        #expect(other.open(late[3], at: now) == nil)
        number += 1
        #expect(other.open(one.seal([1], number), at: now) == number)
    }

    @Test("who has stolen the keys before cannot use them for new packets, nor end the session")  // [EPO-12]
    func stolenKeys() throws {
        let (one, other) = try makePair()
        // What a thief of the old keys would send: numbers beyond those that the peer has used.
        let stolen = one.seal([1], 500)
        try give(
            try give(try give(try ask(one, at: start), to: other, at: start), to: one, at: start), to: other, at: start)
        one.didProve(1, at: start)
        #expect(other.open(one.seal([1], 10), at: start) == 10)
        #expect(other.open(stolen, at: start) == nil)
        #expect(other.open(one.seal([1], 11), at: start) == 11)
    }

    @Test("keys are due by age where there was traffic, by packets, by bytes and by forgeries")  // [EPO-3]
    func due() throws {
        let (aged, _) = try makePair(KeyLimits())
        #expect(aged.nextTimeout(lastData: start, probeTimeout: timeout) == nil)
        let due = aged.nextTimeout(lastData: start + .seconds(1), probeTimeout: timeout)
        #expect(due == start + Limits.epochLifetime)
        // After a long silence the first message brings new keys at once.
        let late = start + .seconds(3600)
        guard case .send = try aged.handleTimeout(lastData: late, probeTimeout: timeout, at: late) else {
            throw Unexpected()
        }

        var limits = KeyLimits()
        limits.packets = 5
        let (packets, _) = try makePair(limits)
        for number in 0..<5 as Range<UInt64> {
            #expect(packets.nextTimeout(lastData: start, probeTimeout: timeout) == nil)
            _ = packets.seal([1], number)
        }
        #expect(packets.nextTimeout(lastData: start, probeTimeout: timeout) == start + .seconds(1))

        limits = KeyLimits()
        limits.bytes = 100
        let (bytes, _) = try makePair(limits)
        _ = bytes.seal([UInt8](repeating: 0, count: 70), 0)
        #expect(bytes.nextTimeout(lastData: start, probeTimeout: timeout) == nil)
        _ = bytes.seal([1], 1)
        #expect(bytes.nextTimeout(lastData: start, probeTimeout: timeout) != nil)

        limits = KeyLimits()
        limits.failures = 3
        let (forged, _) = try makePair(limits)
        for _ in 0..<3 {
            #expect(forged.nextTimeout(lastData: start, probeTimeout: timeout) == nil)
            #expect(forged.open([UInt8](repeating: 0x40, count: 60), at: start) == nil)
        }
        #expect(forged.nextTimeout(lastData: start, probeTimeout: timeout) != nil)
    }

    @Test("keys are used up by packets of an epoch, and by forgeries of the session")  // [EPO-21]
    func usedUp() throws {
        var limits = KeyLimits()
        limits.maxPackets = 3
        limits.maxFailures = 4
        let (one, other) = try makePair(limits)
        for number in 0..<3 as Range<UInt64> {
            #expect(!one.areUsedUp)
            _ = one.seal([1], number)
        }
        #expect(one.areUsedUp)
        for _ in 0..<4 {
            #expect(!other.areUsedUp)
            _ = other.open([UInt8](repeating: 0x40, count: 60), at: start)
        }
        #expect(other.areUsedUp)
    }

    @Test("a peer that does not answer, does not prove, or does not follow has 120 s")  // [EPO-20]
    func patience() throws {
        func isOverdue(_ side: Epochs, after wait: Duration) throws -> Bool {
            if case .overdue = try side.handleTimeout(lastData: start, probeTimeout: timeout, at: start + wait) {
                return true
            }
            return false
        }
        let (silent, _) = try makePair()
        _ = try ask(silent, at: start)
        let (unproven, peer) = try makePair()
        try give([try give(try ask(unproven, at: start), to: peer, at: start)[0]], to: unproven, at: start)
        let (unfollowed, lazy) = try makePair()
        let answer = try give(try ask(unfollowed, at: start), to: lazy, at: start)
        try give(answer, to: unfollowed, at: start)
        unfollowed.didProve(1, at: start)
        #expect(unfollowed.number == 1)
        for side in [silent, unproven, unfollowed] {
            #expect(side.nextTimeout(lastData: start, probeTimeout: timeout) == start + Limits.rekeyPatience)
            #expect(try !isOverdue(side, after: Limits.rekeyPatience - .nanoseconds(1)))
            #expect(try isOverdue(side, after: Limits.rekeyPatience))
        }
    }
}

extension KeySchedule {
    /// Epoch 0 of both sides of a session, Lo first.
    static func makePair() throws -> (KeySchedule, KeySchedule) {
        let identities = [IdentitySecret.generate(), .generate()].sorted { $0.publicKey < $1.publicKey }
        let pairs = try (0..<2).map { try PairKeys(own: identities[$0], peer: identities[1 - $0].publicKey) }
        let attempts = pairs.map {
            HandshakeAttempt(pair: $0, connectionID: ConnectionID(rawValue: 1), timestamp: 1, introID: .random())
        }
        let hellos = attempts.map { $0.hello(.introduced) }
        let schedules = try (0..<2).map { index in
            let datagram = hellos[1 - index]
            let hello = PeerHello.open(datagram.span, pair: pairs[index])
            let peer = try #require(hello)
            return try #require(HandshakeKeys(pair: pairs[index], attempt: attempts[index], peer: peer))
                .makeKeySchedule()
        }
        return (schedules[0], schedules[1])
    }
}

extension Epochs {
    func seal(_ plaintext: [UInt8], _ number: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.zeros(SessionKeys.headerSize)
        writer.append(plaintext)
        seal(&writer, from: 0, packetNumber: number)
        return writer.bytes
    }

    func open(_ datagram: [UInt8], at now: Instant) -> UInt64? {
        open(datagram.span, into: PacketMemory(), at: now)
    }
}
