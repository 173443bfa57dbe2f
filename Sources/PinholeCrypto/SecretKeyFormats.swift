import CSodium
import PinholeWire

/// Secret keys as other programs write them: OpenSSH's files (PROTOCOL.key) and PKCS #8 (RFC 8410), not sealed.
///
/// Bare bytes are not taken: nothing tells a secret key from a public one.
enum SecretKeyFormats {
    /// The key of a file's text; nil where the text is none of these.
    static func identity(_ text: String) throws(KeyFileError) -> IdentitySecret? {
        if let body = block(text, "OPENSSH PRIVATE KEY") { return try openSSH(body) }
        if let body = block(text, "PRIVATE KEY") { return try pkcs8(body) }
        if text.contains("PRIVATE KEY-----") { throw .notEd25519 }
        return nil
    }

    /// `"openssh-key-v1" 0 | cipher | kdf | kdf options | 1:u32 | public key | section`, and the section, in the clear where
    /// the cipher is `none`: `check:u32 | check:u32 | "ssh-ed25519" | public[32] | seed[32] public[32] | …`
    private static func openSSH(_ body: String) throws(KeyFileError) -> IdentitySecret {
        var bytes = try decoded(body)
        defer { wipe(&bytes) }
        return try readOpenSSH(bytes.span)
    }

    private static func readOpenSSH(_ bytes: Span<UInt8>) throws(KeyFileError) -> IdentitySecret {
        var reader = ByteReader(bytes)
        guard try array(15, &reader) == Array("openssh-key-v1".utf8) + [0] else { throw .damaged }
        let cipher = try string(&reader)
        _ = (try string(&reader), try string(&reader))
        guard cipher == Array("none".utf8) else { throw .foreignSeal }
        guard try number(&reader) == 1 else { throw .damaged }
        _ = (try string(&reader), try number(&reader))
        let checks = (try number(&reader), try number(&reader))
        guard checks.0 == checks.1 else { throw .damaged }
        guard try string(&reader) == Array("ssh-ed25519".utf8) else { throw .notEd25519 }
        let publicKey = try string(&reader)
        var secret = try string(&reader)
        defer { wipe(&secret) }
        guard secret.count == 64 else { throw .damaged }
        return try identity(seed: secret.span.extracting(0..<32), publicKey: publicKey)
    }

    /// The DER of RFC 8410 §7, whose header has one form only; a public key may follow.
    private static func pkcs8(_ body: String) throws(KeyFileError) -> IdentitySecret {
        var bytes = try decoded(body)
        defer { wipe(&bytes) }
        let header: [UInt8] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
        // The version before it is 0, or 1 where a public key follows.
        guard bytes.count >= 48, bytes[0] == 0x30, Int(bytes[1]) == bytes.count - 2, bytes[2...3] == [0x02, 0x01],
            Array(bytes[5..<16]) == header
        else { throw .notEd25519 }
        return try identity(seed: bytes.span.extracting(16..<48), publicKey: nil)
    }

    private static func identity(seed: Span<UInt8>, publicKey: [UInt8]?) throws(KeyFileError) -> IdentitySecret {
        let identity = IdentitySecret(derivedSeed: seed)
        guard publicKey == nil || identity.publicKey.raw == publicKey else { throw .damaged }
        return identity
    }

    private static func string(_ reader: inout ByteReader) throws(KeyFileError) -> [UInt8] {
        let count = try number(&reader)
        return try array(Int(count), &reader)
    }

    private static func number(_ reader: inout ByteReader) throws(KeyFileError) -> UInt32 {
        guard let number = try? reader.u32() else { throw .damaged }
        return number
    }

    private static func array(_ count: Int, _ reader: inout ByteReader) throws(KeyFileError) -> [UInt8] {
        guard let bytes = try? reader.array(count) else { throw .damaged }
        return bytes
    }

    private static func decoded(_ body: String) throws(KeyFileError) -> [UInt8] {
        Sodium.initialize()
        var text = body.utf8.map { CChar(bitPattern: $0) }
        defer { text.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) } }
        var bytes = [UInt8](repeating: 0, count: text.count)
        var count = 0
        guard
            sodium_base642bin(
                &bytes, bytes.count, text, text.count, nil, &count, nil, sodium_base64_VARIANT_ORIGINAL) == 0
        else {
            wipe(&bytes)
            throw .damaged
        }
        bytes.removeSubrange(count...)
        return bytes
    }

    private static func block(_ text: String, _ label: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let begin = lines.firstIndex(of: "-----BEGIN \(label)-----"),
            let end = lines[begin...].firstIndex(of: "-----END \(label)-----")
        else { return nil }
        return lines[(begin + 1)..<end].joined().filter { !$0.isWhitespace }
    }
}
