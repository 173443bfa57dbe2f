/// Text with a checksum that finds any four wrong characters of a key: Bech32m (BIP 350).
///
/// text = prefix ‖ "1" ‖ five-bit groups, most significant first, the last filled up with zero bits ‖ six check characters.
/// Length limits of BIP 173 do not apply.
enum Bech32m {
    private static let alphabet = [UInt8]("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let constant: UInt32 = 0x2bc8_30a3
    private static let checksumSize = 6

    /// Lower case throughout.
    static func encode(_ bytes: Span<UInt8>, prefix: String) -> String {
        var groups: [UInt8] = []
        groups.reserveCapacity(bytes.count * 8 / 5 + 1 + checksumSize)
        defer { wipe(&groups) }
        var pending: UInt32 = 0
        var bits = 0
        for index in bytes.indices {
            pending = (pending << 8 | UInt32(bytes[index])) & 0xfff
            bits += 8
            while bits >= 5 {
                bits -= 5
                groups.append(UInt8(pending >> UInt32(bits) & 31))
            }
        }
        if bits > 0 { groups.append(UInt8(pending << UInt32(5 - bits) & 31)) }
        var check = checksum(prefix: prefix)
        for group in groups { check.add(group) }
        for _ in 0..<checksumSize { check.add(0) }
        let value = check.value ^ constant
        for index in 0..<checksumSize {
            groups.append(UInt8(value >> UInt32(5 * (checksumSize - 1 - index)) & 31))
        }
        var text = prefix + "1"
        text.reserveCapacity(prefix.utf8.count + 1 + groups.count)
        for group in groups { text.unicodeScalars.append(Unicode.Scalar(alphabet[Int(group)])) }
        return text
    }

    /// Accepts all lower or all upper case. The prefix is returned in lower case.
    static func decode(_ text: some StringProtocol) throws(KeyError) -> (prefix: String, bytes: [UInt8]) {
        var characters = [UInt8](text.utf8)
        defer { wipe(&characters) }
        let hasLower = characters.contains { (0x61...0x7a).contains($0) }
        let hasUpper = characters.contains { (0x41...0x5a).contains($0) }
        guard !(hasLower && hasUpper), characters.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .badCharacter
        }
        if hasUpper {
            for index in characters.indices where (0x41...0x5a).contains(characters[index]) {
                characters[index] += 0x20
            }
        }
        guard let separator = characters.lastIndex(of: 0x31), separator > 0,
            characters.count - separator - 1 >= checksumSize
        else { throw .badChecksum }
        let prefix = String(decoding: characters[..<separator], as: UTF8.self)
        var check = checksum(prefix: prefix)
        var bytes: [UInt8] = []
        bytes.reserveCapacity((characters.count - separator) * 5 / 8)
        var pending: UInt32 = 0
        var bits = 0
        let end = characters.count - checksumSize
        for index in separator + 1..<characters.count {
            guard let group = alphabet.firstIndex(of: characters[index]) else {
                wipe(&bytes)
                throw .badCharacter
            }
            check.add(UInt8(group))
            guard index < end else { continue }
            pending = (pending << 5 | UInt32(group)) & 0xfff
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        guard check.value == constant, bits < 5, pending & (1 << UInt32(bits) - 1) == 0 else {
            wipe(&bytes)
            throw .badChecksum
        }
        return (prefix, bytes)
    }

    /// Decodes text of a known kind and size.
    static func decode(_ text: some StringProtocol, prefix: String, count: Int) throws(KeyError) -> [UInt8] {
        var (found, bytes) = try decode(text)
        guard found == prefix else {
            wipe(&bytes)
            throw .wrongPrefix(expected: prefix + "1", found: found + "1")
        }
        guard bytes.count == count else {
            let length = bytes.count
            wipe(&bytes)
            throw .wrongLength(length)
        }
        return bytes
    }

    private static func checksum(prefix: String) -> Checksum {
        var check = Checksum()
        for byte in prefix.utf8 { check.add(byte >> 5) }
        check.add(0)
        for byte in prefix.utf8 { check.add(byte & 31) }
        return check
    }

    /// The BCH code of BIP 173.
    private struct Checksum {
        private(set) var value: UInt32 = 1
        private static let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]

        mutating func add(_ group: UInt8) {
            let top = value >> 25
            value = (value & 0x1ff_ffff) << 5 ^ UInt32(group)
            for index in 0..<5 where top >> UInt32(index) & 1 == 1 { value ^= Self.generator[index] }
        }
    }
}
