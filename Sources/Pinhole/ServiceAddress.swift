/// Where a signaling service is and which key it must prove: `pinhole-signal://pinsrv1…@host:port`.
public struct ServiceAddress: Hashable, Sendable {
    /// The host as it was given: a name or an address, without brackets.
    public let host: String
    /// The UDP port.
    public let port: UInt16
    private let keyText: String

    /// Parses the address that the service prints when it starts.
    public init(_ text: String) throws(PinholeError) {
        guard text.hasPrefix(Self.scheme), let parts = Self.split(text.dropFirst(Self.scheme.count)) else {
            throw PinholeError(
                .usage, "“\(text)” is not a service address", hint: "it reads \(Self.scheme)pinsrv1…@host:port")
        }
        (keyText, host, port) = parts
    }

    private static func split(_ rest: Substring) -> (key: String, host: String, port: UInt16)? {
        guard let at = rest.firstIndex(of: "@"), let colon = rest.lastIndex(of: ":"), colon > at else { return nil }
        var host = rest[rest.index(after: at)..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let digits = rest[rest.index(after: colon)...]
        guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x2f && $0 != 0x40 }),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port != 0
        else { return nil }
        return (String(rest[..<at]), String(host), port)
    }

    private static let scheme = "pinhole-signal://"
}

extension ServiceAddress: CustomStringConvertible {
    /// The text form.
    public var description: String {
        "\(Self.scheme)\(keyText)@\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
