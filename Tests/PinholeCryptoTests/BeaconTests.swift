import PinholeWire
import Testing

@testable import PinholeCrypto

/// What makes an entry of a beacon, and who can tell.
struct BeaconTests {
    private struct File: Decodable {
        let loSeed: Hex
        let hiSeed: Hex
        let epoch: UInt32
        let nonce: Hex
        let cases: [Case]

        struct Case: Decodable {
            let senderRole: String
            let sender: String
            let flags: UInt8
            let entry: Hex
            let beacon: Hex
        }
    }

    @Test("entries are those of the vectors, and the contact reads them")  // [LAN-4]
    func vectors() throws {
        let file = try Vectors.load("beacon.json", as: File.self)
        #expect(file.cases.count == 8)
        let lo = try IdentitySecret(seed: file.loSeed.bytes)
        let hi = try IdentitySecret(seed: file.hiSeed.bytes)
        for vector in file.cases {
            let isLo = vector.senderRole == "lo"
            let sending = try PairKeys(own: isLo ? lo : hi, peer: (isLo ? hi : lo).publicKey)
            let hearing = try PairKeys(own: isLo ? hi : lo, peer: (isLo ? lo : hi).publicKey)
            let sender = try #require(TransportAddress(vector.sender))
            let flags = BeaconFlags(rawValue: vector.flags)
            let key = BeaconKey(sending, of: sending.role, epoch: file.epoch)
            let entry = key.entry(flags, nonce: file.nonce.bytes, from: sender)
            #expect(entry == vector.entry.bytes.span.bigEndian64(at: 0))
            let beacon = try Beacon(vector.beacon.bytes.span)
            #expect(beacon.encoded == vector.beacon.bytes)
            let heard = BeaconKey(hearing, of: hearing.role.other, epoch: file.epoch)
            #expect(heard.flags(in: BeaconEntries(beacon), from: sender) == flags)
        }
    }

    @Test("another nonce, address, port, epoch, direction or pair: nothing is for anybody")  // [LAN-5]
    func strangers() throws {
        let (alice, bob, carol) = (
            try IdentitySecret.fixed(1), try IdentitySecret.fixed(2), try IdentitySecret.fixed(3)
        )
        let sender = try #require(TransportAddress("192.0.2.7:40000"))
        let pair = try PairKeys(own: alice, peer: bob.publicKey)
        let back = try PairKeys(own: bob, peer: alice.publicKey)
        let nonce = [UInt8](repeating: 4, count: Beacon.nonceSize)
        let entry = BeaconKey(pair, of: pair.role, epoch: 9).entry(.calling, nonce: nonce, from: sender)
        let entries = BeaconEntries(Beacon(nonce: nonce, entries: [1, entry, 2]))

        #expect(BeaconKey(back, of: pair.role, epoch: 9).flags(in: entries, from: sender) == .calling)
        let elsewhere = [TransportAddress("192.0.2.8:40000"), TransportAddress("192.0.2.7:40001")].compactMap(\.self)
        for other in elsewhere {
            #expect(BeaconKey(back, of: pair.role, epoch: 9).flags(in: entries, from: other) == nil)
        }
        #expect(BeaconKey(back, of: pair.role, epoch: 10).flags(in: entries, from: sender) == nil)
        #expect(BeaconKey(back, of: back.role, epoch: 9).flags(in: entries, from: sender) == nil)
        let stranger = try PairKeys(own: carol, peer: alice.publicKey)
        for role in Role.allCases {
            #expect(BeaconKey(stranger, of: role, epoch: 9).flags(in: entries, from: sender) == nil)
        }
        var changed = nonce
        changed[0] ^= 1
        let replaced = BeaconEntries(Beacon(nonce: changed, entries: [entry]))
        #expect(BeaconKey(back, of: pair.role, epoch: 9).flags(in: replaced, from: sender) == nil)
    }
}
