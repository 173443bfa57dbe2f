package import PinholeWire

/// The key by which one of a pair is known again in beacons, for one epoch.
///
/// ```
/// K_beacon = ConcatKDF(K_lan, "beacon Lo" | "beacon Hi", "", "", be32(epoch), "", 32)         by the role of the sender
/// mask     = BLAKE2b-128(K_beacon, nonce ‖ address of the sender)[0..<8]
/// entry    = mask xor (0[7] ‖ flags)
/// ```
/// The address is in it so that a beacon that was recorded elsewhere cannot be repeated from another address, and the
/// epoch so that it cannot be repeated later: who answered would show that it knows the sender.
package final class BeaconKey: Sendable {
    private let key: KeyMaterial

    package init(_ pair: PairKeys, of role: Role, epoch: UInt32) {
        var number = ByteWriter(capacity: 4)
        number.u32(epoch)
        key = concatKDF(pair.beaconKey, "beacon \(role.name)", publicInfo: number.bytes, count: 32)
    }

    /// Of this identity itself: another node that has it knows the entry again.
    package init(_ twins: TwinKeys, epoch: UInt32) {
        var number = ByteWriter(capacity: 4)
        number.u32(epoch)
        key = concatKDF(twins.beaconSecret, "beacon twin", publicInfo: number.bytes, count: 32)
    }

    package func entry(_ flags: BeaconFlags, nonce: [UInt8], from sender: TransportAddress) -> UInt64 {
        mask(nonce, sender) ^ UInt64(flags.rawValue)
    }

    /// What the entry that is ours says; nil when none is.
    package func flags(in beacon: BeaconEntries, from sender: TransportAddress) -> BeaconFlags? {
        let mask = mask(beacon.nonce, sender)
        guard let entry = beacon.byMask[mask >> 8] else { return nil }
        return BeaconFlags(rawValue: UInt8(truncatingIfNeeded: entry ^ mask))
    }

    private func mask(_ nonce: [UInt8], _ sender: TransportAddress) -> UInt64 {
        var message = ByteWriter(capacity: Beacon.nonceSize + 19)
        message.append(nonce)
        message.address(sender)
        return Blake2b.mac(message.bytes.span, key: key.part(of: self)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The entries of a beacon, for many keys to look into.
package struct BeaconEntries {
    let nonce: [UInt8]
    let byMask: [UInt64: UInt64]

    package init(_ beacon: Beacon) {
        nonce = beacon.nonce
        byMask = Dictionary(beacon.entries.map { ($0 >> 8, $0) }) { first, _ in first }
    }
}
