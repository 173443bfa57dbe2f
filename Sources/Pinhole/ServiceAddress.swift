package import PinholeCrypto

/// Where a signaling service is and which key it must prove: `pinhole-signal://pinsrv1…@host:port`.
public struct ServiceAddress: Hashable, Sendable {
    /// The host as it was given: a name or an address, without brackets.
    public let host: String
    /// The UDP port.
    public let port: UInt16
    package let key: ServiceKey

    /// Parses the address that the service prints when it starts.
    public init(_ text: String) throws(PinholeError) {
        guard text.hasPrefix(Self.scheme), let at = text.firstIndex(of: "@"),
            let place = Contact.hostAndPort(String(text[text.index(after: at)...]))
        else {
            throw PinholeError(
                .usage, "“\(text)” is not a service address", hint: "it reads \(Self.scheme)pinsrv1…@host:port")
        }
        (host, port) = place
        do throws(KeyError) {
            key = try ServiceKey(text: String(text[..<at].dropFirst(Self.scheme.count)))
        } catch {
            throw PinholeError(
                .badKey, "“\(text)” has no usable service key: \(Phrase(key: error.message))",
                hint: "copy the whole address that the service printed when it started")
        }
    }

    /// nil for a key that cannot be used, and for a host that nobody can have.
    init?(key: [UInt8], host: String, port: UInt16) {
        guard let key = try? ServiceKey(raw: key),
            let place = Contact.hostAndPort("\(host.contains(":") ? "[\(host)]" : host):\(port)")
        else { return nil }
        (self.host, self.port) = place
        self.key = key
    }

    /// `host:port`, without the key.
    public var place: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    private static let scheme = "pinhole-signal://"
}

extension ServiceAddress: CustomStringConvertible {
    /// The text form.
    public var description: String {
        "\(Self.scheme)\(key.text)@\(place)"
    }
}
