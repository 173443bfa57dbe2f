package import PinholeCrypto

/// A person's key pair. Whoever holds it is that person, as far as contacts can tell.
public struct Identity: Sendable {
    package let secret: IdentitySecret

    /// A new identity, from the system's randomness.
    public static func generate() -> Identity {
        Identity(secret: .generate())
    }

    package init(secret: IdentitySecret) {
        self.secret = secret
    }

    /// Reads a key file, or the Ed25519 key of OpenSSH's or in PEM (PKCS #8), without a passphrase of theirs. `passphrase`
    /// is asked only when a key file is sealed; nil means that there is none.
    public init(contentsOf path: String, passphrase: () throws -> String?) throws {
        let text = try IdentityFile.read(path)
        let phrase = KeyFile.isSealed(text) ? try passphrase() : nil
        secret = try IdentityFile.open(text, at: path, passphrase: Self.bytes(phrase))
    }

    /// Writes a key file with mode 0600, sealed when a passphrase is given; never over an existing file.
    public func save(to path: String, passphrase: String?) throws(PinholeError) {
        let text: String
        do throws(KeyFileError) {
            text = try KeyFile.seal(secret, passphrase: Self.bytes(passphrase))
        } catch {
            throw PinholeError(.other, Phrase(key: error.message))
        }
        try IdentityFile.create(text, at: path)
    }

    /// Replaces a key file by one of the same identity that another passphrase opens, or none: whole, or not at all.
    func reseal(at path: String, passphrase: String?) throws(PinholeError) {
        let text: String
        do throws(KeyFileError) {
            text = try KeyFile.seal(secret, passphrase: Self.bytes(passphrase))
        } catch {
            throw PinholeError(.other, Phrase(key: error.message))
        }
        try IdentityFile.replace(text, at: path)
    }

    /// The line by which OpenSSH knows the key.
    public var openSSHLine: String { secret.publicKey.openSSHLine }

    /// The key that others know this person by.
    public var publicKey: PublicKey {
        PublicKey(secret.publicKey)
    }

    /// Whether a key file needs a passphrase.
    public static func isSealed(at path: String) throws(PinholeError) -> Bool {
        KeyFile.isSealed(try IdentityFile.read(path))
    }

    /// Twelve groups of five digits, the same on both sides: whoever compares them by voice knows that the keys are right.
    public func safetyNumber(with key: PublicKey) -> [String] {
        SafetyNumber.digits(secret.publicKey, key.key)
    }

    private static func bytes(_ passphrase: String?) -> SecretBytes? {
        passphrase.map { SecretBytes(copying: Array($0.utf8)) }
    }
}
