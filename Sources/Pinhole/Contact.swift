import PinholeWire

/// Someone this person talks to.
public struct Contact: Identifiable, Hashable, Sendable {
    /// What this person calls them: unique, ignoring case.
    public var name: String
    /// Who they are.
    public var key: PublicKey
    /// Where they can be reached without a service, each `host:port`.
    public var addresses: [String]
    /// Signaling services where they are found besides one's own; these learn of no other contact.
    public var services: [ServiceAddress]
    /// Whether the safety numbers were compared.
    public var isVerified: Bool
    /// 32 bytes that both agreed on outside Pinhole, which protect sessions even if the key exchange is broken one day.
    public var presharedKey: [UInt8]?
    /// What happens to a file that they offer; nil for what is configured.
    public var filePolicy: NodeConfiguration.FilePolicy?
    /// Whether each may reach the other, and if not, why.
    public var standing: Standing

    /// Someone with a name and a key.
    public init(
        name: String, key: PublicKey, addresses: [String] = [], services: [ServiceAddress] = [],
        isVerified: Bool = false, presharedKey: [UInt8]? = nil,
        filePolicy: NodeConfiguration.FilePolicy? = nil, standing: Standing = .known
    ) {
        self.name = name
        self.key = key
        self.addresses = addresses
        self.services = services
        self.isVerified = isVerified
        self.presharedKey = presharedKey
        self.filePolicy = filePolicy
        self.standing = standing
    }

    /// The key.
    public var id: PublicKey { key }
}

/// The name and the key: whoever prints a contact shows no secret.
extension Contact: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name and the key.
    public var description: String { "\(name) (\(key.text))" }

    /// The same.
    public var debugDescription: String { description }

    /// The same, for `dump` and debuggers.
    public var customMirror: Mirror { Mirror(self, children: ["name": name, "key": key.text]) }
}

extension Contact {
    /// Throws where a field cannot be accepted.
    func validate() throws(PinholeError) {
        guard Self.isValidName(name) else {
            throw PinholeError(
                .usage, "“\(name.filter { !$0.isNewline })” cannot be a contact's name",
                hint: "a name has 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or a digit")
        }
        for address in addresses where Self.hostAndPort(address) == nil {
            throw PinholeError(.usage, "“\(address)” is not an address", hint: "it reads host:port or [ipv6]:port")
        }
        guard presharedKey.map({ $0.count == 32 }) ?? true else {
            throw PinholeError(.badKey, "a preshared key has 32 bytes")
        }
    }

    /// A name for somebody who calls himself `claim`, or nothing that can be one: others than those that are `taken`.
    static func name(for claim: String, _ key: PublicKey, isTaken: (String) throws -> Bool) rethrows -> String {
        let scalars = claim.unicodeScalars.map { isWordCharacter($0) || isMark($0) || $0 == "_" ? $0 : "-" }
        var base = String(String.UnicodeScalarView(scalars)).split(separator: "-").joined(separator: "-")
        base = String(base.drop { !$0.unicodeScalars.allSatisfy(isWordCharacter) }.prefix(48))
        if !isValidName(base) { base = String(key.text.prefix(12)) }
        guard try isTaken(base) else { return base }
        var number = 2
        while try isTaken("\(base)-\(number)") { number += 1 }
        return "\(base)-\(number)"
    }

    private static func isValidName(_ name: String) -> Bool {
        guard (1...64).contains(name.count), name.utf8.count <= 256, let first = name.unicodeScalars.first else {
            return false
        }
        return isWordCharacter(first)
            && name.unicodeScalars.allSatisfy { scalar in
                isWordCharacter(scalar) || isMark(scalar) || "._-".unicodeScalars.contains(scalar)
            }
    }

    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic && !isMark(scalar) || scalar.properties.generalCategory == .decimalNumber
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: true
        default: false
        }
    }

    /// The parts of `host:port` or `[ipv6]:port`.
    package static func hostAndPort(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            // The zone of a link-local address may have a name.
            guard IPAddress(host.prefix { $0 != "%" })?.family == .v6 else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let digits = text[text.index(after: colon)...]
        guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x2f && $0 != 0x40 }),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port != 0
        else { return nil }
        return (String(host), port)
    }
}
