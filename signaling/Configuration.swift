package import PinholeCrypto
package import PinholeWire

/// What an operator decides; ``Configuration/init(file:text:)`` and ``Command`` read it.
package struct Configuration: Sendable {
    /// Where the service's secret key is.
    package enum Key: Sendable {
        case file(String)
        /// For a service that nobody needs to find again.
        case memory(ServiceSecret)
    }

    /// Who may register.
    package enum Access: String, Sendable {
        case open
        /// Who shows what ``tokenFile`` holds.
        case token
    }

    /// The main address of each family, all with one port; port 0 lets the system choose.
    package var listen: [TransportAddress] = Self.defaultListen
    /// `nil` means the three ports after the main one, or any three where that one is 0.
    package var alternatePorts: [UInt16]?
    /// Further addresses of this machine, at most one of each family, so that NATs can be measured from two addresses.
    package var secondAddresses: [IPAddress] = []
    /// The host in the printed address; `nil` means an address of this machine.
    package var addressHost: String?
    package var key: Key
    package var access = Access.open
    /// Where a file says so, for the error about it: `signaling.toml:3: `.
    var accessPlace = ""
    package var tokenFile: String?
    package var capacity = Registry.Capacity()
    package var rates = Service.Rates()

    package init(key: Key) {
        self.key = key
    }

    package static let defaultPort: UInt16 = 41414
    package static let defaultListen = [
        TransportAddress(IPAddress(v4: 0), port: defaultPort),
        TransportAddress(IPAddress(v6High: 0, low: 0), port: defaultPort),
    ]

    /// Whether an address can name it: an IPv6 address is put in brackets there, and a name has no colon.
    private static func isHost(_ text: String) -> Bool {
        IPAddress(text) != nil
            || !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && !"/:@[]".utf8.contains($0) }
    }

    /// The ports of each address, the main one first.
    package var ports: [UInt16] {
        let main = listen.first?.port ?? Self.defaultPort
        return [main] + (alternatePorts ?? (main == 0 ? [0, 0, 0] : [main + 1, main + 2, main + 3]))
    }

    /// Refuses what cannot work, before any socket is opened.
    package func validate() throws(ServerError) {
        guard let port = listen.first?.port else { throw .configuration("listen names no address") }
        guard listen.allSatisfy({ $0.port == port }) else {
            throw .configuration("listen: all addresses need the same port")
        }
        if alternatePorts == nil, port > .max - 3 {
            throw .configuration("listen: port \(port) leaves no room for three alternate ports after it: name them")
        }
        if let host = addressHost, !Self.isHost(host) {
            throw .configuration("address: \"\(host)\" is neither a name nor an IP address; the port is that of listen")
        }
        if access == .token, tokenFile == nil {
            throw .configuration("\(accessPlace)access: \"token\" needs a token-file")
        }
        let named = ports.filter { $0 != 0 }
        guard Set(named).count == named.count else {
            throw .configuration("alternate-ports: a port is named twice, or is the main port")
        }
        guard ports.count <= 17 else { throw .configuration("alternate-ports: there may be 16 at most") }
        for family in IPAddress.Family.allCases {
            let main = listen.filter { $0.family == family }
            let second = secondAddresses.filter { $0.family == family }
            guard main.count <= 1 else {
                throw .configuration(
                    "listen: one address of each family at most: name a further one in second-addresses")
            }
            guard second.count <= 1 else { throw .configuration("second-addresses: one of each family at most") }
            guard let address = second.first else { continue }
            guard let first = main.first, !first.ip.isUnspecified, first.ip != address else {
                throw .configuration(
                    "second-addresses: \(address) needs another address of its family in listen, and not 0.0.0.0 or [::]"
                )
            }
        }
    }
}

/// Why the service does not start: one sentence, and the exit code that goes with it.
package struct ServerError: Error, Equatable, Sendable {
    /// The codes of sysexits.h that the whole project uses.
    package enum Code: Int32, Sendable {
        case usage = 64
        case badKey = 65
        case noSuchFile = 66
        case unavailable = 69
        case cannotWrite = 73
        case blocked = 77
        case configuration = 78
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func configuration(_ message: String) -> ServerError {
        ServerError(.configuration, message)
    }
}
