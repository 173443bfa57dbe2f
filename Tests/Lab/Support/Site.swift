import PinholeWire

extension Network {
    /// A home or an office, as one of its hosts sees it.
    struct Site {
        let number: Int
        let type: RouterType
        let router: Namespace
        /// The router's line to the world, at first.
        let uplink: Uplink
        var host: Namespace
        /// 0 for the first host.
        var hostNumber = 0
        /// Which of the router's local networks the host is in.
        var segment = Segment.first

        /// The router's address on its line, at first.
        var wan: String { uplink.address }
        var address: String {
            type.isPublic
                ? "192.0.2.\(number * 8 + 2 + hostNumber)" : "192.168.\(1 + segment.rawValue).\(10 + hostNumber)"
        }
        var address6: String { "\(net6)\(10 + hostNumber)" }

        var gateway: String { type.isPublic ? "192.0.2.\(number * 8 + 1)" : "192.168.\(1 + segment.rawValue).1" }
        var length: Int { type.isPublic ? 29 : 24 }
        var net6: String { "2001:db8:\(number):\(segment.rawValue)::" }
    }
}

/// A local network of a router: one has no broadcasts of the other.
enum Segment: Int {
    case first, second

    /// The router's bridge.
    var bridge: String { self == .first ? "lan" : "lan2" }
}

/// One line of a router to the world, or to its provider's own router.
struct Uplink {
    /// Who is at the other end, and the interface there.
    let provider: Namespace
    let port: String
    /// The interface of the customer's router.
    let interface: String
    let address: String
    let gateway: String
    let length: Int
    /// What the line is like, where it is an emulated one.
    var line: Emulator?
}

/// A provider that translates for its customers once more (RFC 6598): their routers have addresses of 100.64.0.0/10.
struct Carrier {
    let number: Int
    let router: Namespace
    let uplink: Uplink

    /// The address that all customers share.
    var wan: String { uplink.address }
    var net: String { "100.64.\(number)." }
}
