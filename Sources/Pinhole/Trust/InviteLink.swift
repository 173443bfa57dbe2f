package import PinholeCrypto
import PinholeWire

/// A signed line by which somebody meets the person who made it: `pinhole://add/1…`.
///
/// Whoever has the line may introduce himself to its maker, once; the maker decides. It is to be given to one person, by
/// a way that only that person can read.
public struct InviteLink: Sendable {
    package let invite: Invite

    package init(_ invite: Invite) {
        self.invite = invite
    }

    /// Reads an invite and checks its signature; neither white space nor case matters.
    ///
    /// Throws ``PinholeError/Code/badData`` where it is damaged, forged, or something else.
    public init(_ text: String) throws(PinholeError) {
        do throws(InviteError) {
            invite = try Invite(text: text)
        } catch {
            let hint: Phrase =
                switch error {
                case .notAnInvite: "ask for the line that 'pinhole invite' prints"
                case .damaged: "copy the whole line, or ask for it again"
                case .newer: "upgrade Pinhole"
                case .forged: "do not trust where it came from; ask for another one in person"
                }
            throw PinholeError(.badData, Phrase(key: error.message), hint: hint)
        }
    }

    /// The whole line.
    public var text: String { invite.text }

    /// Who made it.
    public var inviter: PublicKey { PublicKey(invite.inviter) }

    /// What its maker calls himself, if anything: a claim. It may hold anything.
    public var name: String { invite.content.name }

    /// Unix milliseconds after which it is not good any more.
    public var expiresAt: UInt64 { UInt64(invite.content.expiry) * 1000 }

    /// Whether it is for one key alone.
    public var isBound: Bool { invite.content.binding != nil }

    /// Whether the owner of a key may use it.
    public func isFor(_ key: PublicKey) -> Bool { invite.isFor(key.key) }

    /// The services where its maker is found; those that cannot be used are left out.
    public var services: [ServiceAddress] { invite.content.places.services }

    /// Where its maker is reached without a service, each `host:port`.
    public var addresses: [String] { invite.content.places.addresses }

    /// Whether text was meant to be one.
    public static func isInvite(_ text: String) -> Bool { Invite.isInvite(text) }
}

extension InviteLink: Hashable {
    /// The same line.
    public static func == (left: InviteLink, right: InviteLink) -> Bool { left.text == right.text }

    /// Hashes the line.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension InviteLink: CustomStringConvertible {
    /// The whole line.
    public var description: String { text }
}

extension [Place] {
    /// Those of a list that fit an invite, services first.
    init(services: [ServiceAddress], addresses: [String]) {
        let services = services.map { Place(serviceKey: $0.key.raw, host: $0.host, port: $0.port) }
        let addresses = addresses.compactMap { Contact.hostAndPort($0) }.map { Place(host: $0.host, port: $0.port) }
        self = Array((services + addresses).prefix(Limits.maxInvitePlaces))
    }

    var services: [ServiceAddress] {
        compactMap { place in
            place.serviceKey.flatMap { key in ServiceAddress(key: key, host: place.host, port: place.port) }
        }
    }

    var addresses: [String] {
        compactMap { place in
            guard place.serviceKey == nil else { return nil }
            let text = "\(place.host.contains(":") ? "[\(place.host)]" : place.host):\(place.port)"
            return Contact.hostAndPort(text) == nil ? nil : text
        }
    }
}
