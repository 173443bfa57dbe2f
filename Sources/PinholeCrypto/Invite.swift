import CSodium
package import PinholeWire

/// A signed invite: one line by which somebody who is no contact yet may introduce himself, once.
///
/// ```
/// text = Bech32m("pinhole://add/", content ‖ Ed25519(IK, 20[64] ‖ "pinhole/1 invite" ‖ 00 ‖ content))
/// D    = the identity whose seed is ConcatKDF(secret, "invite", IK, "", "", "", 32)
/// ```
/// Both sides derive `D` from the secret. The inviter takes it for a contact's key, and the invited one calls under it.
package struct Invite: Sendable {
    package let content: InviteContent
    /// Who invites.
    package let inviter: IdentityKey
    /// The identity under which the invited one introduces himself, to the inviter alone.
    package let guest: IdentitySecret
    /// `pinhole://add/1…`
    package let text: String

    package static let prefix = "pinhole://add/"
    private static let signatureSize = Int(crypto_sign_ed25519_BYTES)

    /// A new invite with a fresh secret. The name has at most ``Limits/maxInviteName`` bytes.
    package static func make(
        by inviter: IdentitySecret, expiry: UInt32, for invited: IdentityKey?, name: String, places: [Place]
    ) -> Invite {
        let secret = KeyMaterial.random(16)
        return sign(
            InviteContent(
                inviter: inviter.publicKey.raw, secret: [UInt8](copying: secret.bytes), expiry: expiry,
                binding: invited.map(binding), name: name, places: places),
            by: inviter)
    }

    static func sign(_ content: InviteContent, by inviter: IdentitySecret) -> Invite {
        let bytes = content.encoded
        let signed = bytes + inviter.sign(signedMessage(bytes))
        return Invite(
            content, inviter: inviter.publicKey, text: Bech32m.encode(signed.span, prefix: prefix))
    }

    /// Reads an invite, and believes only its inviter's signature. White space in it, as mail programs put it, and the
    /// prefix, if a double click left it out, do not matter.
    package init(text: String) throws(InviteError) {
        var line = text.filter { !$0.isWhitespace }
        if line.hasPrefix("1") { line = Self.prefix + line }
        let bytes: [UInt8]
        do throws(KeyError) {
            let (found, decoded) = try Bech32m.decode(line)
            guard found == Self.prefix else { throw KeyError.wrongPrefix(expected: Self.prefix, found: found) }
            bytes = decoded
        } catch {
            throw Self.isInvite(text) ? .damaged : .notAnInvite
        }
        guard bytes.count > Self.signatureSize else { throw .damaged }
        let signed = Array(bytes.dropLast(Self.signatureSize))
        let content: InviteContent
        do throws(WireError) {
            content = try InviteContent(signed.span)
        } catch {
            throw error == .unknownType ? .newer : .damaged
        }
        guard let inviter = try? IdentityKey(raw: content.inviter),
            inviter.verify(Array(bytes.suffix(Self.signatureSize)), of: Self.signedMessage(signed))
        else { throw .forged }
        self.init(content, inviter: inviter, text: Bech32m.encode(bytes.span, prefix: Self.prefix))
    }

    private init(_ content: InviteContent, inviter: IdentityKey, text: String) {
        self.content = content
        self.inviter = inviter
        self.text = text
        guest = IdentitySecret(invite: content.secret, of: inviter)
    }

    /// Whether text was meant to be an invite.
    package static func isInvite(_ text: String) -> Bool {
        text.drop { $0.isWhitespace }.lowercased().hasPrefix(prefix)
    }

    /// Whether an invite that is bound to a key is bound to this one; every key may use one that is not bound.
    package func isFor(_ key: IdentityKey) -> Bool {
        content.binding.map { $0 == Self.binding(key) } ?? true
    }

    private static func binding(_ key: IdentityKey) -> [UInt8] {
        Array(SHA256.hash(Array("pinhole/1 invite for".utf8) + [0] + key.raw).prefix(16))
    }

    private static func signedMessage(_ content: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0x20, count: 64) + Array("pinhole/1 invite".utf8) + [0] + content
    }
}

/// Without the secret, which the text holds too.
extension Invite: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "an invite of \(inviter)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["inviter": inviter]) }
}

extension IdentitySecret {
    fileprivate init(invite secret: [UInt8], of inviter: IdentityKey) {
        let seed = concatKDF(secret.span, "invite", u: inviter.raw, count: Self.seedSize)
        self.init(derivedSeed: seed.bytes)
    }
}

/// Why text is not taken for an invite.
package enum InviteError: Error, Equatable, Sendable {
    /// It does not begin like one.
    case notAnInvite
    /// It has a typing error or is cut off.
    case damaged
    /// A later version made it.
    case newer
    /// Its signature is not that of the key in it.
    case forged

    /// One sentence for the person who gave the text.
    package var message: String {
        switch self {
        case .notAnInvite: "this is not an invite, which begins with pinhole://add/1"
        case .damaged: "the invite's checksum is wrong: it has a typing error or is cut off"
        case .newer: "the invite was made by a newer version of Pinhole"
        case .forged: "the invite is forged: its signature is not that of the key in it"
        }
    }
}

/// By what the invited one shows, in the session under the invite's key, who he really is.
///
/// ```
/// sig = Ed25519(secret of his own key, 20[64] ‖ "pinhole/1 invited" ‖ 00 ‖ LP(IK) ‖ LP(D) ‖ LP(SID) ‖ introduction)
/// ```
/// With the session in it a signature is of no use to anybody else, not even to the inviter.
package struct InviteProof: Sendable {
    private let message: [UInt8]

    package init(
        inviter: IdentityKey, guest: IdentityKey, sessionID: [UInt8], _ introduction: InviteIntroduction
    ) {
        var message = ByteWriter(capacity: 512)
        message.append([UInt8](repeating: 0x20, count: 64))
        message.append(Array("pinhole/1 invited".utf8))
        message.u8(0)
        message.prefixed(inviter.raw)
        message.prefixed(guest.raw)
        message.prefixed(sessionID)
        message.append(introduction.encoded)
        self.message = message.bytes
    }

    package func sign(by own: IdentitySecret) -> [UInt8] { own.sign(message) }

    package func isSigned(_ signature: [UInt8], by key: IdentityKey) -> Bool { key.verify(signature, of: message) }
}
