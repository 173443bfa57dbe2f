/// Datagrams of a stranger: random bytes, half of them with the first byte and length of something real.
struct Noise {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = .random(in: .min ... .max)) { (self.seed, state) = (seed, seed) }

    mutating func datagram() -> [UInt8] {
        let shape = next()
        var bytes = random(Int(next() % 1473))
        guard shape & 1 == 1, !bytes.isEmpty else { return bytes }
        switch shape >> 1 & 7 {
        case 0: bytes = [0xc1, 1] + random(254)
        case 1: bytes = [0xc3] + random(255)
        case 2: bytes = [0xc3] + random(63)
        case 3: bytes = [0xc2] + random(72)
        case 4: bytes = [0x40 | UInt8(shape >> 8 & 0x3f)] + random(92)
        case 5: bytes = [0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42] + random(12)  // a STUN Binding request
        case 6: bytes = [0xd1 + UInt8(shape >> 8 & 3), 1] + random(254)
        default: bytes[0] = UInt8(truncatingIfNeeded: shape >> 8)
        }
        return bytes
    }

    private mutating func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { bytes in
            for offset in stride(from: 0, to: count & ~7, by: 8) {
                bytes.storeBytes(of: next(), toByteOffset: offset, as: UInt64.self)
            }
            for offset in count & ~7..<count { bytes[offset] = UInt8(truncatingIfNeeded: next()) }
        }
        return bytes
    }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
