import CSodium

/// Public keys as other programs write them. None of these has a checksum: who takes one compares safety numbers.
enum KeyFormats {
    private static let algorithm = "ssh-ed25519"

    /// The 32 bytes in text that is not `pin1…`; nil where the text looks like none of these:
    ///
    /// * an OpenSSH line, alone (`ssh-ed25519 AAAA… comment`), or as in `authorized_keys` and `known_hosts` with options
    ///   or host names before it;
    /// * an SSH2 block (RFC 4716) or a PEM block (RFC 8410);
    /// * 64 hexadecimal digits, or Base64 of 32 bytes, also the variant for URLs, with or without padding.
    static func raw(_ text: some StringProtocol) throws(KeyError) -> [UInt8]? {
        if text.contains("PRIVATE KEY-----") { throw .secretKey }
        if let body = block(text, label: "PUBLIC KEY", dashes: "-----") {
            let header: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
            guard let bytes = base64(body), bytes.count == header.count + 32, bytes.starts(with: header) else {
                throw .notEd25519
            }
            return Array(bytes.dropFirst(header.count))
        }
        if let body = block(text, label: "SSH2 PUBLIC KEY", dashes: "---- ") { return try openSSH(body) }
        let words = text.split(whereSeparator: \.isWhitespace)
        if let index = words.firstIndex(where: { isAlgorithm($0) }) {
            guard words[index] == algorithm, words.count > index + 1 else { throw .notOpenSSH }
            return try openSSH("\(words[index + 1])")
        }
        guard words.count == 1, let first = words.first else { return nil }
        let word = "\(first)"
        if word.count == 64, word.allSatisfy(\.isHexDigit) { return hex(word) }
        guard (43...44).contains(word.count), let bytes = base64(word), bytes.count == IdentityKey.size else {
            return nil
        }
        return bytes
    }

    /// `ssh-ed25519 AAAA…`
    static func openSSHLine(_ raw: [UInt8]) -> String {
        let blob: [UInt8] = [0, 0, 0, 11] + algorithm.utf8 + [0, 0, 0, 32] + raw
        var text = [CChar](repeating: 0, count: blob.count * 2)
        sodium_bin2base64(&text, text.count, blob, blob.count, sodium_base64_VARIANT_ORIGINAL)
        return algorithm + " " + String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isAlgorithm(_ word: some StringProtocol) -> Bool {
        word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-") || word.hasPrefix("sk-")
    }

    /// The second field of an OpenSSH public key line (RFC 4253 §6.6, RFC 8709 §4).
    private static func openSSH(_ text: String) throws(KeyError) -> [UInt8] {
        let header: [UInt8] = [0, 0, 0, 11] + algorithm.utf8 + [0, 0, 0, 32]
        guard let blob = base64(text), blob.count == header.count + IdentityKey.size, blob.starts(with: header) else {
            throw .notOpenSSH
        }
        return Array(blob.dropFirst(header.count))
    }

    /// What stands between the lines that begin and end a block, without its headers.
    private static func block(_ text: some StringProtocol, label: String, dashes: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0.isWhitespace } }
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("\(dashes)BEGIN \(label)") }),
            let end = lines[begin...].firstIndex(where: { $0.hasPrefix("\(dashes)END \(label)") })
        else { return nil }
        var body = ""
        var isHeader = false
        for line in lines[begin + 1..<end] {
            // A header that ends with a backslash goes on in the next line.
            let continues = isHeader
            isHeader = (continues || line.contains(":")) && line.hasSuffix("\\")
            if !continues, !line.contains(":") { body += line.filter { !$0.isWhitespace } }
        }
        return body
    }

    private static func base64(_ text: String) -> [UInt8]? {
        Sodium.initialize()
        let characters = text.utf8.map { CChar(bitPattern: $0) }
        let variants = [
            sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE,
            sodium_base64_VARIANT_URLSAFE_NO_PADDING,
        ]
        for variant in variants {
            var bytes = [UInt8](repeating: 0, count: characters.count)
            var count = 0
            var end: UnsafePointer<CChar>?
            let isWhole = characters.withUnsafeBufferPointer { characters in
                sodium_base642bin(
                    &bytes, bytes.count, characters.baseAddress, characters.count, nil, &count, &end, variant) == 0
                    && end == characters.baseAddress.map { $0 + characters.count }
            }
            if isWhole { return Array(bytes.prefix(count)) }
        }
        return nil
    }

    private static func hex(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue).map { UInt8($0) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
