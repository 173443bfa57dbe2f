package import PinholeWire

/// The one-step key derivation of NIST SP 800-56A with SHA-256.
///
/// ```
/// ConcatKDF(Z, label, U, V, pub, priv, L) = first L bytes of  H(be32(1) ‖ Z ‖ OI) ‖ H(be32(2) ‖ Z ‖ OI) ‖ …
/// OI = LP("pinhole/1 " ‖ label) ‖ LP(U) ‖ LP(V) ‖ be32(8·L) ‖ LP(pub) ‖ LP(priv)
/// ```
/// Every field is always present, even empty. `epoch` is appended to the label as four bytes.
package func concatKDF(
    _ secret: Span<UInt8>, _ label: String, epoch: UInt32? = nil, u: [UInt8] = [], v: [UInt8] = [],
    publicInfo: [UInt8] = [], privateInfo: SecretBytes? = nil, count: Int
) -> KeyMaterial {
    var algorithm = ByteWriter(capacity: 64)
    algorithm.append([UInt8]("pinhole/1 ".utf8))
    algorithm.append([UInt8](label.utf8))
    if let epoch { algorithm.u32(epoch) }
    var info = otherInfo(algorithm: algorithm.bytes, u: u, v: v, bitCount: UInt32(8 * count))
    info.prefixed(publicInfo)
    info.u32(UInt32(privateInfo?.count ?? 0))
    return oneStepKDF(secret, otherInfo: info.bytes, privateInfo: privateInfo, count: count)
}

/// AlgorithmID ‖ PartyUInfo ‖ PartyVInfo ‖ SuppPubInfo as in RFC 7518 §4.6.2.
package func otherInfo(algorithm: [UInt8], u: [UInt8], v: [UInt8], bitCount: UInt32) -> ByteWriter {
    var info = ByteWriter(capacity: 384)
    info.prefixed(algorithm)
    info.prefixed(u)
    info.prefixed(v)
    info.u32(bitCount)
    return info
}

/// The hash chain; `privateInfo` is fed after `otherInfo`, so that it is never copied.
package func oneStepKDF(
    _ secret: Span<UInt8>, otherInfo: [UInt8], privateInfo: SecretBytes? = nil, count: Int
) -> KeyMaterial {
    KeyMaterial(count: count) { output in
        var counter: UInt32 = 0
        for offset in stride(from: 0, to: count, by: SHA256.size) {
            counter += 1
            var hasher = SHA256()
            hasher.update(bigEndian: counter)
            hasher.update(secret)
            hasher.update(otherInfo)
            if let privateInfo { hasher.update(privateInfo.bytes) }
            hasher.finalize(into: output, at: offset)
        }
    }
}
