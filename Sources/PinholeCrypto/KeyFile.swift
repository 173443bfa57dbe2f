import CSodium
import PinholeWire

/// Why the text of a key file gives no identity.
package enum KeyFileError: Error, Equatable, Sendable {
    /// The file holds no key, or one that was changed or cut off.
    case damaged
    /// The file is sealed and no passphrase was given.
    case needsPassphrase
    case wrongPassphrase
    /// The file is sealed in a way, or at a cost, that this version does not accept.
    case unsupported
    /// Argon2id did not get the memory that the file asks for.
    case notEnoughMemory
    /// The file is another program's, and sealed by it.
    case foreignSeal
    /// The file holds a key of another kind.
    case notEd25519

    /// One sentence for the owner of the file.
    package var message: String {
        switch self {
        case .damaged: "the key file is damaged: it holds no complete identity"
        case .needsPassphrase: "the key file is sealed with a passphrase, and none was given"
        case .wrongPassphrase: "the passphrase does not open the key file"
        case .unsupported: "the key file was sealed by another version of the program"
        case .notEnoughMemory: "there is not enough free memory to turn the passphrase into a key"
        case .foreignSeal: "the key is sealed with a passphrase of another program: take it off a copy first"
        case .notEd25519: "the file holds no Ed25519 secret key"
        }
    }
}

/// The text in which an identity is kept: lines that begin with `#` say what it is, one other line is the key.
///
/// Plain: `PIN-SECRET-1…`. Sealed: `PIN-SEALED-1…`, Bech32m of
/// ```
/// form = 1 | passes:u32 | memory:u32 (KiB) | public key[32] | salt[16] | nonce[24] | XChaCha20-Poly1305(seed[32])
/// ```
/// with the key Argon2id13(passphrase, salt, passes, memory) and everything before as additional data.
package enum KeyFile {
    /// The price of one guess of the passphrase.
    package struct Cost: Sendable {
        package let passes: UInt32
        /// In KiB.
        package let memory: UInt32

        package init(passes: UInt32, memory: UInt32) {
            self.passes = passes
            self.memory = memory
        }

        /// libsodium's MODERATE: three passes over 256 MiB, about a second.
        package static let moderate = Cost(passes: 3, memory: 256 * 1024)
    }

    private static let sealedPrefix = "pin-sealed-"
    private static let form: UInt8 = 1
    private static let sealedSize = 1 + 4 + 4 + 32 + 16 + 24 + 32 + 16
    /// What a file may ask of whoever opens it.
    private static let maxCost = Cost(passes: 16, memory: 1024 * 1024)

    /// The text of a key file; plain where `passphrase` is `nil`.
    package static func seal(
        _ identity: IdentitySecret, passphrase: SecretBytes?, cost: Cost = .moderate
    ) throws(KeyFileError) -> String {
        guard let passphrase else {
            return """
                # The identity \(identity.publicKey.text)
                # Whoever has the next line is this identity: keep it secret.
                \(identity.text)

                """
        }
        let salt = randomBytes(Int(crypto_pwhash_argon2id_SALTBYTES))
        let nonce = randomBytes(XAEAD.nonceSize)
        var body = ByteWriter(capacity: sealedSize)
        body.u8(form)
        body.u32(cost.passes)
        body.u32(cost.memory)
        body.append(identity.publicKey.raw)
        body.append(salt)
        body.append(nonce)
        let key = try derive(passphrase, salt: salt, cost: cost)
        let header = body.bytes
        body.append(XAEAD.seal(identity.seed, additionalData: header, nonce: nonce, key: key.bytes))
        return """
            # The identity \(identity.publicKey.text)
            # The next line is sealed with a passphrase.
            \(Bech32m.encode(body.bytes.span, prefix: sealedPrefix).uppercased())

            """
    }

    package static func isSealed(_ text: String) -> Bool {
        keyLine(of: text)?.lowercased().hasPrefix(sealedPrefix) ?? false
    }

    /// The passphrase is ignored where the file is not sealed.
    package static func open(_ text: String, passphrase: SecretBytes?) throws(KeyFileError) -> IdentitySecret {
        guard let line = keyLine(of: text) else { throw .damaged }
        guard isSealed(text) else {
            do throws(KeyError) {
                return try IdentitySecret(text: String(line))
            } catch {
                throw .damaged
            }
        }
        let body: [UInt8]
        do throws(KeyError) {
            body = try Bech32m.decode(line, prefix: sealedPrefix, count: sealedSize)
        } catch .wrongLength {
            throw .unsupported
        } catch {
            throw .damaged
        }
        guard let passphrase else { throw .needsPassphrase }
        return try open(body: body, passphrase: passphrase)
    }

    /// The same of the files of other programs too: OpenSSH's, and PKCS #8 in PEM.
    package static func `import`(_ text: String, passphrase: SecretBytes?) throws(KeyFileError) -> IdentitySecret {
        if let identity = try SecretKeyFormats.identity(text) { return identity }
        return try open(text, passphrase: passphrase)
    }

    private static func open(body: [UInt8], passphrase: SecretBytes) throws(KeyFileError) -> IdentitySecret {
        let fields: (form: UInt8, cost: Cost, publicKey: [UInt8], salt: [UInt8], nonce: [UInt8], sealed: [UInt8])
        do throws(WireError) {
            var reader = ByteReader(body.span)
            fields = (
                try reader.u8(), Cost(passes: try reader.u32(), memory: try reader.u32()), try reader.array(32),
                try reader.array(16), try reader.array(24), reader.rest()
            )
        } catch {
            throw .damaged
        }
        guard fields.form == form, fields.cost.passes <= maxCost.passes, fields.cost.memory <= maxCost.memory,
            fields.cost.passes >= 1, fields.cost.memory >= 8
        else { throw .unsupported }
        let key = try derive(passphrase, salt: fields.salt, cost: fields.cost)
        let header = [UInt8](body.dropLast(fields.sealed.count))
        guard
            var seed = XAEAD.open(fields.sealed, additionalData: header, nonce: fields.nonce, key: key.bytes)
        else { throw .wrongPassphrase }
        defer { wipe(&seed) }
        guard let identity = try? IdentitySecret(seed: seed), identity.publicKey.raw == fields.publicKey else {
            throw .damaged
        }
        return identity
    }

    /// The only line that is neither empty nor a comment.
    private static func keyLine(of text: String) -> Substring? {
        let lines = text.split(whereSeparator: \.isNewline).filter { line in
            guard let first = line.first(where: { !$0.isWhitespace }) else { return false }
            return first != "#"
        }
        guard lines.count == 1 else { return nil }
        let words = lines[0].split(whereSeparator: \.isWhitespace)
        return words.count == 1 ? words[0] : nil
    }

    private static func derive(
        _ passphrase: SecretBytes, salt: [UInt8], cost: Cost
    ) throws(KeyFileError) -> KeyMaterial {
        var status: Int32 = -1
        let key = KeyMaterial(count: AEAD.keySize) { key in
            passphrase.withUnsafeBytes { passphrase in
                status = crypto_pwhash_argon2id(
                    key.baseAddress!, UInt64(key.count), passphrase.baseAddress!.assumingMemoryBound(to: CChar.self),
                    UInt64(passphrase.count), salt, UInt64(cost.passes), Int(cost.memory) * 1024,
                    crypto_pwhash_argon2id_ALG_ARGON2ID13)
            }
        }
        guard status == 0 else { throw .notEnoughMemory }
        return key
    }
}
