import PinholeWire
import TestSupport
import Testing

@testable import PinholeCrypto

/// One rekey after the other, without a network between.
struct RekeyTests {
    private let alice: IdentitySecret
    private let bob: IdentitySecret

    init() throws {
        alice = try .fixed(1)
        bob = try .fixed(2)
    }

    /// Both sides of the next epoch, by fresh ephemeral keys or by these.
    private func advance(
        _ lo: KeySchedule, _ hi: KeySchedule, loOffer: RekeyOffer = RekeyOffer(), hiOffer: RekeyOffer = RekeyOffer()
    ) throws -> (lo: KeySchedule, hi: KeySchedule) {
        (try #require(lo.next(loOffer, peer: hiOffer.key)), try #require(hi.next(hiOffer, peer: loOffer.key)))
    }

    private func talk(_ sender: SessionKeys, _ receiver: SessionKeys, number: UInt64 = 0) -> Bool {
        receiver.open(sender.seal([1, 2, 3], packetNumber: number))?.plaintext.prefix(3) == [1, 2, 3]
    }

    @Test("both sides come to the same epoch, prove it to each other and talk in it")  // [EPO-6]
    func agreement() throws {
        let run = try Run(alice, bob)
        let (lo, hi) = try advance(run.lo.keys.makeKeySchedule(), run.hi.keys.makeKeySchedule())
        #expect(lo.epoch == 1 && hi.epoch == 1)
        #expect(lo.transcriptHash == hi.transcriptHash)
        #expect(lo.verify(hi.sign()) && hi.verify(lo.sign()))
        let (loKeys, hiKeys) = (lo.makeSessionKeys(), hi.makeSessionKeys())
        #expect(talk(loKeys, hiKeys) && talk(hiKeys, loKeys))
    }

    @Test("a signature of one's own, of the other role, of another epoch or of the handshake proves nothing")
    func signatures() throws {
        let run = try Run(alice, bob)
        let first = try advance(run.lo.keys.makeKeySchedule(), run.hi.keys.makeKeySchedule())
        let second = try advance(first.lo, first.hi)
        #expect(!first.lo.verify(first.lo.sign()))
        #expect(!first.lo.verify(second.hi.sign()))
        #expect(!second.lo.verify(first.hi.sign()))
        #expect(!first.lo.verify(run.hi.keys.signature))
        #expect(!run.lo.keys.verify(first.hi.sign()))
        let asHandshake = run.hi.pair.own.sign(
            Transcript.signedMessage(role: .hi, hash: first.lo.transcriptHash))
        #expect(!first.lo.verify(asHandshake))
        let swapped = run.hi.pair.own.sign(Transcript.signedRekey(role: .lo, hash: first.lo.transcriptHash))
        #expect(!first.lo.verify(swapped))
        #expect(first.lo.verify(first.hi.sign()))
        #expect(!first.lo.verify(first.hi.sign().flipped(at: 10, mask: 1)))
    }

    @Test("the keys of an epoch differ if only one ephemeral key does")
    func ephemeralsMatter() throws {
        let run = try Run(alice, bob)
        let lo = run.lo.keys.makeKeySchedule()
        let hi = run.hi.keys.makeKeySchedule()
        let loOffer = RekeyOffer()
        let one = try advance(lo, hi, loOffer: loOffer)
        let other = try advance(lo, hi, loOffer: loOffer)
        #expect(one.lo.transcriptHash != other.lo.transcriptHash)
        #expect(!talk(one.lo.makeSessionKeys(), other.hi.makeSessionKeys()))
        #expect(talk(one.lo.makeSessionKeys(), one.hi.makeSessionKeys()))
    }

    @Test("the keys of an epoch differ if only the epoch before does")
    func historyMatters() throws {
        let one = try Run(alice, bob)
        let other = try Run(alice, bob)
        let (loOffer, hiOffer) = (RekeyOffer(), RekeyOffer())
        let left = try #require(one.lo.keys.makeKeySchedule().next(loOffer, peer: hiOffer.key))
        let right = try #require(other.hi.keys.makeKeySchedule().next(hiOffer, peer: loOffer.key))
        #expect(!left.verify(right.sign()) && !right.verify(left.sign()))
        #expect(!talk(left.makeSessionKeys(), right.makeSessionKeys()))
    }

    /// An ablation of the schedule: everything that a listener knows who stole the session's state, root key and transcript
    /// and all, but not what either side drew since. With the ephemeral product left out of the derivation it has the
    /// next epoch's keys; with it, it does not.
    @Test("who stole the state and only listens does not know the next epoch")
    func healing() throws {
        let run = try Run(alice, bob)
        let lo = run.lo.keys.makeKeySchedule()
        let hi = run.hi.keys.makeKeySchedule()
        let (loOffer, hiOffer) = (RekeyOffer(), RekeyOffer())
        let next = try advance(lo, hi, loOffer: loOffer, hiOffer: hiOffer)
        let stolen = lo
        let packet = next.lo.makeSessionKeys().seal([1, 2, 3], packetNumber: 0)
        for _ in 0..<8 {
            // The thief's best guesses at the secret: keys of its own with either half of what it heard.
            for heard in [loOffer.key, hiOffer.key] {
                let guess = try #require(stolen.next(RekeyOffer(), peer: heard))
                #expect(guess.makeSessionKeys().open(packet) == nil)
            }
        }
        #expect(next.hi.makeSessionKeys().open(packet) != nil)
    }

    /// A thief of the session's state who also speaks puts keys of its own between the two: they do not come to one epoch,
    /// and without an identity key it cannot sign either of its two.
    @Test("who stole the state and puts itself between the two cannot prove an epoch to either")
    func activeThief() throws {
        let run = try Run(alice, bob)
        let (loOffer, hiOffer, thief) = (RekeyOffer(), RekeyOffer(), RekeyOffer())
        let lo = try #require(run.lo.keys.makeKeySchedule().next(loOffer, peer: thief.key))
        let hi = try #require(run.hi.keys.makeKeySchedule().next(hiOffer, peer: thief.key))
        // It has the keys of both, and could read and write in both if nobody signed.
        let asHi = try #require(run.hi.keys.makeKeySchedule().next(thief, peer: loOffer.key))
        #expect(talk(lo.makeSessionKeys(), asHi.makeSessionKeys()))
        #expect(!lo.verify(hi.sign()) && !hi.verify(lo.sign()))
        let mallory = try IdentitySecret.fixed(9)
        #expect(!lo.verify(mallory.sign(Transcript.signedRekey(role: .hi, hash: lo.transcriptHash))))
    }

    @Test("keys of an epoch open nothing of the epochs before and after")  // [PKT-3]
    func separation() throws {
        let run = try Run(alice, bob)
        let zero = (lo: run.lo.keys.makeKeySchedule(), hi: run.hi.keys.makeKeySchedule())
        let one = try advance(zero.lo, zero.hi)
        let epochs = [zero, one, try advance(one.lo, one.hi)]
        for sender in epochs {
            for receiver in epochs {
                let isSame = sender.lo.epoch == receiver.lo.epoch
                for number in 0..<20 as Range<UInt64> {
                    #expect(talk(sender.lo.makeSessionKeys(), receiver.hi.makeSessionKeys(), number: number) == isSame)
                }
            }
        }
    }

    @Test("packet numbers go on beyond 32 bits in the next epoch")  // [EPO-23]
    func numbers() throws {
        let run = try Run(alice, bob)
        let (lo, hi) = try advance(run.lo.keys.makeKeySchedule(), run.hi.keys.makeKeySchedule())
        let number: UInt64 = 5 << 32 + 77
        let packet = lo.makeSessionKeys().seal([1], packetNumber: number)
        #expect(hi.makeSessionKeys(expected: number - 1000).open(packet)?.packetNumber == number)
        #expect(hi.makeSessionKeys().open(packet) == nil)
    }

    @Test("an E' of small order, of a wrong length, or one's own is refused", arguments: lowOrderPoints)  // [EPO-18]
    func refused(point: [UInt8]) throws {
        let run = try Run(alice, bob)
        let schedule = run.lo.keys.makeKeySchedule()
        let offer = RekeyOffer()
        #expect(schedule.next(offer, peer: point) == nil)
        #expect(schedule.next(offer, peer: point.flipped(at: 31, mask: 0x80)) == nil)
        #expect(schedule.next(offer, peer: offer.key) == nil)
        #expect(schedule.next(offer, peer: []) == nil)
        #expect(schedule.next(offer, peer: Array(RekeyOffer().key.dropLast())) == nil)
        #expect(schedule.next(offer, peer: RekeyOffer().key) != nil)
    }

    @Test("every field of an epoch's transcript changes its hash")
    func transcript() {
        let (a, b, c) = (
            [UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32), [UInt8](repeating: 3, count: 32)
        )
        let hashes: Set<[UInt8]> = [
            Transcript.rekeyHash(after: a, epoch: 1, lo: b, hi: c),
            Transcript.rekeyHash(after: b, epoch: 1, lo: b, hi: c),
            Transcript.rekeyHash(after: a, epoch: 2, lo: b, hi: c),
            Transcript.rekeyHash(after: a, epoch: 1, lo: c, hi: b),
            Transcript.rekeyHash(after: a, epoch: 1, lo: b, hi: b),
            Transcript.rekeyHash(after: a, epoch: 1, lo: c, hi: c),
        ]
        #expect(hashes.count == 6)
    }
}
