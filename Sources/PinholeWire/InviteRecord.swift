/// Where somebody, or the signaling service somebody uses, can be reached.
package struct Place: Hashable, Sendable {
    /// Of a service the 32 bytes of its key; nil for an address of the peer itself.
    package var serviceKey: [UInt8]?
    /// A host name or an address, without brackets: at most 255 bytes.
    package var host: String
    package var port: UInt16

    package init(serviceKey: [UInt8]? = nil, host: String, port: UInt16) {
        self.serviceKey = serviceKey
        self.host = host
        self.port = port
    }
}

/// What an invite says: who invites, for how long, where the two can meet, and the secret by which they do.
package struct InviteContent: Equatable, Sendable {
    /// The inviter's public key, 32 bytes.
    package var inviter: [UInt8]
    /// 16 random bytes: whoever knows them may introduce himself to the inviter, once.
    package var secret: [UInt8]
    /// Unix seconds.
    package var expiry: UInt32
    /// Where the invite is for one key alone: 16 bytes that tell which, without naming it.
    package var binding: [UInt8]?
    /// What the inviter calls itself: at most ``Limits/maxInviteName`` bytes; a claim.
    package var name: String
    package var places: [Place]

    package init(
        inviter: [UInt8], secret: [UInt8], expiry: UInt32, binding: [UInt8]? = nil, name: String, places: [Place]
    ) {
        self.inviter = inviter
        self.secret = secret
        self.expiry = expiry
        self.binding = binding
        self.name = name
        self.places = places
    }

    /// Throws ``WireError/unknownType`` for what a later version wrote. What follows the places is ignored.
    package init(_ bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.u8() == Self.version else { throw .unknownType }
        let flags = try reader.u8()
        guard flags & ~Self.isBound == 0 else { throw .unknownType }
        inviter = try reader.array(32)
        secret = try reader.array(16)
        expiry = try reader.u32()
        binding = flags & Self.isBound == 0 ? nil : try reader.array(16)
        name = try reader.inviteName()
        places = try reader.places()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.u8(Self.version)
        writer.u8(binding == nil ? 0 : Self.isBound)
        writer.append(inviter)
        writer.append(secret)
        writer.u32(expiry)
        if let binding { writer.append(binding) }
        writer.inviteName(name)
        writer.places(places)
        return writer.bytes
    }

    private static let version: UInt8 = 1
    private static let isBound: UInt8 = 1
}

/// Without the secret.
extension InviteContent: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "what an invite says, until \(expiry)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["expiry": expiry]) }
}

/// A record of stream 0 in a session under an invite's key, `length:varint ‖ kind:u8 ‖ …`.
package enum InviteRecord: Equatable, Sendable {
    /// kind 1: key[32] ‖ signature[64] ‖ name ‖ places; by the invited one, who it really is.
    case introduction(key: [UInt8], signature: [UInt8], InviteIntroduction)
    /// kind 2: verdict:u8; by the inviter, whenever it changes.
    case verdict(Verdict)

    package enum Verdict: UInt8, Sendable, CaseIterable {
        /// A person is to decide.
        case waiting = 1
        case accepted = 2
        case declined = 3
        /// Somebody else has used the invite.
        case used = 4
        case expired = 5
        case revoked = 6
        /// The invite is for another key.
        case otherKey = 7
    }

    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        switch try reader.u8() {
        case 1:
            let key = try reader.array(32)
            let signature = try reader.array(64)
            self = .introduction(
                key: key, signature: signature,
                InviteIntroduction(name: try reader.inviteName(), places: try reader.places()))
        case 2:
            guard let verdict = Verdict(rawValue: try reader.u8()) else { throw .malformed }
            self = .verdict(verdict)
        default: throw .unknownType
        }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        switch self {
        case .introduction(let key, let signature, let introduction):
            writer.u8(1)
            writer.append(key)
            writer.append(signature)
            writer.append(introduction.encoded)
        case .verdict(let verdict):
            writer.u8(2)
            writer.u8(verdict.rawValue)
        }
        return writer.bytes
    }
}

/// What somebody who was invited says of himself.
package struct InviteIntroduction: Equatable, Sendable {
    /// What he calls himself, which may be nothing: at most ``Limits/maxInviteName`` bytes; a claim.
    package let name: String
    /// The services that he uses.
    package var places: [Place]

    /// Of a name that is too long the first characters are taken.
    package init(name: String, places: [Place]) {
        self.name = name.prefix(bytes: Limits.maxInviteName)
        self.places = places
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.inviteName(name)
        writer.places(places)
        return writer.bytes
    }
}

extension String {
    /// As many whole characters as so many bytes of UTF-8 have room for.
    fileprivate func prefix(bytes limit: Int) -> String {
        var end = startIndex
        while end < endIndex {
            let next = index(after: end)
            guard utf8.distance(from: startIndex, to: next) <= limit else { break }
            end = next
        }
        return String(self[..<end])
    }
}

extension ByteWriter {
    /// length:u8 ‖ UTF-8.
    fileprivate mutating func inviteName(_ name: String) {
        let bytes = Array(name.utf8)
        precondition(bytes.count <= Limits.maxInviteName, "a name has at most \(Limits.maxInviteName) bytes")
        u8(UInt8(bytes.count))
        append(bytes)
    }

    /// count:u8 ‖ count times (kind:u8 ‖ key[32] of a service ‖ port:u16 ‖ length:u8 ‖ host).
    fileprivate mutating func places(_ places: [Place]) {
        let places = places.prefix(Limits.maxInvitePlaces)
        u8(UInt8(places.count))
        for place in places {
            let host = Array(place.host.utf8.prefix(255))
            u8(place.serviceKey == nil ? 0 : 1)
            if let key = place.serviceKey { append(key) }
            u16(place.port)
            u8(UInt8(host.count))
            append(host)
        }
    }
}

extension ByteReader {
    fileprivate mutating func inviteName() throws(WireError) -> String {
        let count = Int(try u8())
        guard count <= Limits.maxInviteName else { throw .tooLong }
        guard let name = String(validating: try array(count), as: UTF8.self) else { throw .malformed }
        return name
    }

    fileprivate mutating func places() throws(WireError) -> [Place] {
        let count = Int(try u8())
        guard count <= Limits.maxInvitePlaces else { throw .tooLong }
        var places: [Place] = []
        for _ in 0..<count {
            let kind = try u8()
            guard kind <= 1 else { throw .malformed }
            let key = kind == 1 ? try array(32) : nil
            let port = try u16()
            let length = Int(try u8())
            guard port != 0, let host = String(validating: try array(length), as: UTF8.self), !host.isEmpty else {
                throw .malformed
            }
            places.append(Place(serviceKey: key, host: host, port: port))
        }
        return places
    }
}
