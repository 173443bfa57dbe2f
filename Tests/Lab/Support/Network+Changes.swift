// What happens to a network while people talk.
extension Network {
    /// Gives a router another public address, as after a reconnection to its provider.
    func renumber(_ site: Site) throws(LabError) {
        let address = site.uplink.nextAddress
        try site.router.ip(
            """
            addr del \(site.wan)/\(site.uplink.length) dev wan
            addr add \(address)/\(site.uplink.length) dev wan
            route replace default via \(site.uplink.gateway)
            """)
        try site.router.load(site.type, at: address)
        try site.router.flushConnections()
    }

    /// The router forgets every mapping, and makes new ones with other ports.
    func rebind(_ site: Site, to ports: ClosedRange<UInt16>) throws(LabError) {
        try site.router.load(site.type.translating(to: ports), at: site.wan)
        try site.router.flushConnections()
    }

    /// The router is off: its line is down, and what it knew is lost.
    func shutDown(_ site: Site) throws(LabError) {
        try site.router.ip("link set wan down\nlink set lan down")
        try site.router.flushConnections()
    }

    /// The router is back, with another public address.
    func startUp(_ site: Site) throws(LabError) {
        let address = site.uplink.nextAddress
        try site.router.ip(
            """
            addr flush dev wan
            addr add \(address)/\(site.uplink.length) dev wan
            link set lan up
            link set wan up
            route replace default via \(site.uplink.gateway)
            """)
        try site.router.load(site.type, at: address)
    }

    /// Gives a router a second provider's line, which it does not use yet.
    func addUplink(to site: Site) throws(LabError) -> Uplink {
        let uplink = Uplink(to: backbone, newRouterNumber(), interface: "wan2")
        try lay(uplink, for: site.router)
        try backbone.ip("addr add \(uplink.gateway)/\(uplink.length) dev \(uplink.port)")
        try site.router.ip("addr add \(uplink.address)/\(uplink.length) dev \(uplink.interface)")
        return uplink
    }

    /// One line of a router fails and the other takes over.
    func failOver(_ site: Site, from failed: Uplink, to uplink: Uplink) throws(LabError) {
        try site.router.ip(
            """
            link set \(failed.interface) down
            link set \(uplink.interface) up
            route replace default via \(uplink.gateway) dev \(uplink.interface)
            """)
    }

    /// A host leaves its network and joins another site's, as a telephone leaves the house. Sockets and programs stay.
    func move(_ site: Site, to other: Site, from old: String, as new: String) throws(LabError) -> Site {
        try unplug(site.host, old)
        var moved = other
        moved.hostNumber = newHostNumber(at: other)
        moved.host = site.host
        try plug(moved.host, into: moved, as: new)
        return moved
    }

    func unplug(_ host: Namespace, _ interface: String = "eth0") throws(LabError) {
        try host.ip("link del \(interface)")
    }

    /// Lets time pass, while programs are read.
    func pass(_ time: Duration) throws(LabError) {
        let end = ContinuousClock.now + time
        _ = try reactor.wait(for: "time to pass", within: time + .seconds(10)) {
            ContinuousClock.now >= end ? true : nil
        }
    }

    /// How long a router keeps a UDP mapping that was never answered, and one that was.
    func setMappingLifetime(of site: Site, unanswered: Duration, answered: Duration) throws(LabError) {
        let settings = [("nf_conntrack_udp_timeout", unanswered), ("nf_conntrack_udp_timeout_stream", answered)]
        for (setting, time) in settings {
            try site.router.set("net.netfilter.\(setting)", to: "\(Int(time / .seconds(1)))")
        }
    }

    /// Loses this share of all packets between sites, independently.
    func lose(percent: Int) throws(LabError) { try lag.set("loss=\(percent)%") }
}

extension Uplink {
    /// The address that the provider gives next.
    fileprivate var nextAddress: String {
        let parts = address.split(separator: ".")
        return (parts.dropLast() + ["\((Int(parts[3]) ?? 0) + 1)"]).joined(separator: ".")
    }
}
