import PinholeWire

/// What both peers sign, and every key of the session depends on.
///
/// ```
/// TH    = SHA-256("pinhole/1 handshake" ‖ 00 ‖ LP(IK_Lo) ‖ LP(IK_Hi) ‖ LP(pt_Lo) ‖ LP(pt_Hi) ‖ LP(psk? 01 : 00))
/// sig_R = Ed25519(sk_R, 0x20 × 64 ‖ "pinhole/1 auth " ‖ ("Lo" | "Hi") ‖ 00 ‖ TH)
/// ```
/// Without the identities in TH a contact could pass off somebody else's session as its own; without the role, a
/// signature could be sent back to its maker.
enum Transcript {
    static func hash(
        lo: IdentityKey, hi: IdentityKey, loPlaintext: [UInt8], hiPlaintext: [UInt8], hasPSK: Bool
    ) -> [UInt8] {
        var input = ByteWriter(capacity: 512)
        input.append([UInt8]("pinhole/1 handshake".utf8))
        input.u8(0)
        input.prefixed(lo.raw)
        input.prefixed(hi.raw)
        input.prefixed(loPlaintext)
        input.prefixed(hiPlaintext)
        input.prefixed([hasPSK ? 1 : 0])
        return SHA256.hash(input.bytes)
    }

    /// The hash of an epoch: of everything before it, and of both ephemeral keys.
    static func rekeyHash(after previous: [UInt8], epoch: UInt32, lo: [UInt8], hi: [UInt8]) -> [UInt8] {
        var input = ByteWriter(capacity: 128)
        input.append([UInt8]("pinhole/1 rekey".utf8))
        input.append(previous)
        input.u32(epoch)
        input.append(lo)
        input.append(hi)
        return SHA256.hash(input.bytes)
    }

    /// What `role` signs of an epoch.
    static func signedRekey(role: Role, hash: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0x20, count: 64) + "pinhole/1 rekey ".utf8 + role.name.utf8 + [0] + hash
    }

    /// What `role` signs of a handshake.
    static func signedMessage(role: Role, hash: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0x20, count: 64) + "pinhole/1 auth ".utf8 + role.name.utf8 + [0] + hash
    }
}
