import Foundation
import PinholeCrypto
import PinholeWire

/// An invite of one's own as it is on disk, sealed.
package struct StoredInvite: Codable, Sendable {
    var link: String
    /// `pin1…`
    var boundTo: String?
    /// Unix milliseconds.
    var createdAt: UInt64
    var state: State
    /// Of who asked for it, so that it is made once.
    var token: String?

    enum State: Codable, Sendable {
        case open
        case requested(Request)
        case accepted(key: String)
        case declined(key: String)
        case revoked
    }

    struct Request: Codable, Sendable {
        var key: String
        var name: String
        var services: [String]
        var receivedAt: UInt64
    }
}

extension StoredInvite {
    /// What whoever holds the invite, and shows this key, is told; nil: nothing.
    func verdict(on key: PublicKey, isContact: Bool, at time: UInt64) throws -> InviteRecord.Verdict? {
        switch state {
        case .open:
            let link = try InviteLink(link)
            if time >= link.expiresAt { return .expired }
            return link.isFor(key) ? .waiting : .otherKey
        case .requested(let request): return request.key == key.text ? .waiting : .used
        case .accepted(let other): return other == key.text && isContact ? .accepted : .used
        case .declined(let other): return other == key.text ? .declined : .used
        case .revoked: return .revoked
        }
    }

    func invite(_ name: (_ claim: String, PublicKey) throws -> String, at time: UInt64) throws -> SentInvite {
        let link = try InviteLink(link)
        let state: SentInvite.State =
            switch state {
            case .open: time < link.expiresAt ? .open : .expired
            case .requested(let request): .requested(try request.request(name, by: link))
            case .accepted(let key): .accepted(try PublicKey(key))
            case .declined(let key): .declined(try PublicKey(key))
            case .revoked: .revoked
            }
        return SentInvite(
            id: link.id, link: link, boundTo: try boundTo.map { try PublicKey($0) }, createdAt: createdAt, state: state)
    }
}

extension StoredInvite.Request {
    func request(
        _ name: (_ claim: String, PublicKey) throws -> String, by link: InviteLink
    ) throws -> ContactRequest {
        let key = try PublicKey(self.key)
        return ContactRequest(
            key: key, claimedName: self.name, name: try name(self.name, key),
            services: services.compactMap { try? ServiceAddress($0) }, invite: link.id, receivedAt: receivedAt)
    }
}

extension InviteLink {
    /// Six characters of the key by which its user introduces himself.
    package var id: String { String(invite.guest.publicKey.text.dropFirst(4).prefix(6)) }

    /// How long after its end an invite is still answered, so that those who come late are told so.
    static let grace: UInt64 = 86_400_000
}

extension InviteRecord.Verdict {
    /// The same for the person who used an invite of `name`'s.
    func answer(from name: String) -> InviteAnswer {
        switch self {
        case .waiting: .waiting
        case .accepted: .accepted
        case .declined: .refused(PinholeError(.badData, "\(name) declined your request"))
        case .used:
            .refused(
                PinholeError(
                    .badData, "the invite was used already, by somebody else",
                    hint: "tell \(name) if you did not pass it on, and ask for a new one"))
        case .expired: .refused(.expiredInvite(of: Phrase(verbatim: name)))
        case .revoked:
            .refused(PinholeError(.badData, "\(name) has revoked the invite", hint: "ask \(name) for a new one"))
        case .otherKey: .refused(.foreignInvite)
        }
    }
}

extension PinholeError {
    static func expiredInvite(of name: Phrase) -> PinholeError {
        PinholeError(.badData, "the invite has expired", hint: "ask \(name) for a new one")
    }

    static var foreignInvite: PinholeError {
        PinholeError(
            .badData, "the invite is for somebody else: it is bound to another key than yours",
            hint: "ask for one that is bound to the key that 'pinhole id' prints, or to none")
    }
}
