import Glibc
import PinholeWire

// Who is at the ends of the lines: routers, their local networks, and the hosts in them.
extension Network {
    /// Adds a router of the given type, at a line of its own or as a carrier's customer, with one host behind it. With
    /// `line`, the router's line is an emulated one with these conditions; they come on top of the backbone's delay.
    @discardableResult
    func addSite(
        _ type: RouterType, behind carrier: Carrier? = nil, line conditions: String? = nil
    ) throws(LabError) -> Site {
        let number = newRouterNumber()
        let router = try Namespace.create("\(prefix)router\(number)")
        var uplink = carrier.map { Uplink(to: $0, number) } ?? Uplink(to: backbone, number)
        if let conditions { uplink.line = try emulate(uplink, of: router, conditions) }
        let site = Site(
            number: number, type: type, router: router, uplink: uplink,
            host: try Namespace.create("\(prefix)peer\(number)"))
        sites.append(site)
        try install(router, at: uplink, type)
        if type.families.contains(.v4) {
            try router.ip("addr add \(site.gateway)/\(site.length) dev lan")
            if type.isPublic {
                try backbone.ip("route add 192.0.2.\(number * 8)/29 via \(site.wan) dev \(uplink.port)")
            }
        }
        if type.families.contains(.v6) {
            try backbone.ip(
                """
                addr add 2001:db8:0:\(number)::1/64 dev \(uplink.port) nodad
                route add 2001:db8:\(number)::/48 via 2001:db8:0:\(number)::2 dev \(uplink.port)
                """)
            try router.ip(
                """
                addr add 2001:db8:0:\(number)::2/64 dev wan nodad
                route add default via 2001:db8:0:\(number)::1
                addr add \(site.net6)1/64 dev lan nodad
                """)
        }
        try plug(site.host, into: site)
        return site
    }

    /// Adds a provider that translates for the sites that are put behind it.
    func addCarrier(_ type: RouterType) throws(LabError) -> Carrier {
        let number = newRouterNumber()
        let carrier = Carrier(
            number: number, router: try Namespace.create("\(prefix)carrier\(number)"),
            uplink: Uplink(to: backbone, number))
        try install(carrier.router, at: carrier.uplink, type)
        try carrier.router.ip("addr add \(carrier.net)1/24 dev lan")
        return carrier
    }

    /// Adds another host to a site's local network, or to a second one behind the same router.
    func addNeighbour(at site: Site, in segment: Segment = .first) throws(LabError) -> Site {
        var neighbour = site
        neighbour.hostNumber = newHostNumber(at: site)
        neighbour.segment = segment
        neighbour.host = try Namespace.create("\(prefix)peer\(site.number)-\(neighbour.hostNumber)")
        if segment == .second {
            try site.router.ip("link add lan2 type bridge\nlink set lan2 up")
            if site.type.families.contains(.v4) {
                try site.router.ip("addr add \(neighbour.gateway)/\(neighbour.length) dev lan2")
            }
            if site.type.families.contains(.v6) { try site.router.ip("addr add \(neighbour.net6)1/64 dev lan2 nodad") }
        }
        try plug(neighbour.host, into: neighbour)
        return neighbour
    }

    /// Lays a cable from a host to the local network of a site, and gives it the addresses that belong there.
    func plug(_ host: Namespace, into site: Site, as interface: String = "eth0") throws(LabError) {
        let port = "port\(site.hostNumber)"
        try site.router.ip(
            """
            link add \(port) type veth peer name \(interface) netns \(host.name)
            link set \(port) up master \(site.segment.bridge)
            """)
        try host.ip("link set \(interface) up")
        if site.type.families.contains(.v4) {
            try host.ip(
                """
                addr add \(site.address)/\(site.length) dev \(interface)
                route add default via \(site.gateway) dev \(interface)
                """)
        }
        if site.type.families.contains(.v6) {
            try host.ip(
                """
                addr add \(site.address6)/64 dev \(interface) nodad
                route add default via \(site.net6)1 dev \(interface)
                """)
        }
    }

    /// Lays the line of a new router and loads its rules.
    private func install(_ router: Namespace, at uplink: Uplink, _ type: RouterType) throws(LabError) {
        try router.becomeRouter()
        try router.ip("link add lan type bridge\nlink set lan up")
        try lay(uplink, for: router)
        if type.families.contains(.v4) {
            if uplink.provider == backbone {
                try backbone.ip("addr add \(uplink.gateway)/\(uplink.length) dev \(uplink.port)")
            }
            try router.ip(
                """
                addr add \(uplink.address)/\(uplink.length) dev wan
                route add default via \(uplink.gateway)
                """)
        }
        try router.load(type, at: uplink.address)
    }

    /// Makes an emulated line between the router and its provider; up is from the router.
    private func emulate(
        _ uplink: Uplink, of router: Namespace, _ conditions: String
    ) throws(LabError) -> Emulator {
        let line = try Emulator(
            between: (router, uplink.interface), and: (uplink.provider, uplink.port), conditions)
        add(line)
        return line
    }

    func lay(_ uplink: Uplink, for router: Namespace) throws(LabError) {
        if uplink.line == nil {
            try uplink.provider.ip(
                "link add \(uplink.port) type veth peer name \(uplink.interface) netns \(router.name)")
        }
        try uplink.provider.ip(
            "link set \(uplink.port) up \(uplink.provider == backbone ? "" : "master lan")")
        try router.ip("link set \(uplink.interface) up")
    }
}

extension Uplink {
    /// A line of one's own.
    init(to backbone: Namespace, _ number: Int, interface: String = "wan") {
        self.init(
            provider: backbone, port: "site\(number)", interface: interface, address: "203.0.113.\(number * 8 + 2)",
            gateway: "203.0.113.\(number * 8 + 1)", length: 29)
    }

    /// A customer's.
    init(to carrier: Carrier, _ number: Int) {
        self.init(
            provider: carrier.router, port: "line\(number)", interface: "wan",
            address: carrier.net + "\(number * 8 + 2)", gateway: carrier.net + "1", length: 24)
    }
}

extension Namespace {
    /// Forwards in both families; what comes back by another way (`lag`) is no spoofing here, and nobody is told of a
    /// shorter way to what a hairpin leads back.
    func becomeRouter() throws(LabError) {
        try set("net.ipv4.ip_forward", to: "1")
        try set("net.ipv6.conf.all.forwarding", to: "1")
        for scope in ["all", "default"] {
            try set("net.ipv4.conf.\(scope).rp_filter", to: "0")
            try set("net.ipv4.conf.\(scope).send_redirects", to: "0")
        }
        // Where bridges are filtered, what a hairpin leads back to its own sender would be bridged instead of routed,
        // and no bridge sends a frame back through the port that it came by.
        let bridges = "net.bridge.bridge-nf-call-iptables"
        if access("/proc/sys/" + bridges.split(separator: ".").joined(separator: "/"), F_OK) == 0 {
            try set(bridges, to: "0")
        }
    }

    /// Puts a type's rules in the place of all that are there. Connections that are known go on as they were.
    func load(_ type: RouterType, at address: String) throws(LabError) {
        try nft("flush ruleset\ndefine W = \(address)\n" + type.rules)
    }
}
