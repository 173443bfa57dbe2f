import Foundation
import Glibc

/// A real port-mapping server, miniupnpd, on a site's router.
struct MappingDaemon {
    /// What it offers.
    enum Offer: String, CaseIterable {
        case all
        case pcp = "PCP"
        case natPMP = "NAT-PMP"
        case upnp = "UPnP-IGD"
    }

    private let network: Network
    private let router: Namespace
    private let configuration: String
    private(set) var program: Program

    /// The router needs a firewall with the table `forwarding`, as all types have that translate.
    init(at site: Network.Site, of network: Network, offering offer: Offer = .all) throws(LabError) {
        self.network = network
        router = site.router
        try router.nft(
            """
            table inet forwarding {
                chain miniupnpd {}
                chain prerouting_miniupnpd {}
                chain postrouting_miniupnpd {}
                chain prerouting {
                    type nat hook prerouting priority dstnat
                    jump prerouting_miniupnpd
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat - 1
                    jump postrouting_miniupnpd
                }
            }
            insert rule inet forwarding forward iifname wan jump miniupnpd
            """)
        // One port serves PCP and NAT-PMP: the version is the first byte.
        switch offer {
        case .all, .upnp: break
        case .pcp: try router.nft("insert rule inet firewall input udp dport 5351 @th,64,8 0 drop")
        case .natPMP: try router.nft("insert rule inet firewall input udp dport 5351 @th,64,8 2 drop")
        }
        configuration = network.directory + "/miniupnpd.conf"
        // The server wants a public address outside, and 203.0.113.0/24 is none to it. Nobody uses what it says.
        let text = """
            ext_ifname=wan
            ext_ip=192.88.0.1
            listening_ip=lan
            http_port=5000
            enable_natpmp=\(offer == .upnp ? "no" : "yes")
            enable_upnp=\(offer == .all || offer == .upnp ? "yes" : "no")
            upnp_table_name=forwarding
            upnp_nat_table_name=forwarding
            secure_mode=yes
            system_uptime=no
            uuid=00000000-0000-0000-0000-000000000001
            allow 1024-65535 192.168.1.0/24 1024-65535
            deny 0-65535 0.0.0.0/0 0-65535
            """
        guard FileManager.default.createFile(atPath: configuration, contents: Data(text.utf8)) else {
            throw LabError("could not write \(configuration)")
        }
        program = try Self.start(configuration, router, network)
    }

    private static func start(
        _ configuration: String, _ router: Namespace, _ network: Network
    ) throws(LabError) -> Program {
        guard let path = Tool.path(of: "miniupnpd") else {
            throw LabError("miniupnpd is not installed (apt-get install miniupnpd-nftables)")
        }
        let program = try network.start(
            path, ["-d", "-f", configuration, "-P", network.directory + "/miniupnpd.pid"], named: "miniupnpd",
            on: router)
        _ = try network.reactor.wait(for: "miniupnpd to listen", within: .seconds(5)) {
            program.errors.text.contains("HTTP listening") || program.errors.text.contains("NAT-PMP/PCP traffic")
                ? true : nil
        }
        return program
    }

    /// The external ports that the router forwards over IPv4.
    func ports() throws(LabError) -> [Int] {
        let rules = try router.enter { () throws(LabError) in
            try Tool.run("nft", ["list", "chain", "inet", "forwarding", "prerouting_miniupnpd"])
        }
        return rules.matches(of: /dport (\d+) dnat/).compactMap { Int($0.1) }
    }

    func waitForPorts(
        within limit: Duration, where matches: ([Int]) -> Bool
    ) throws(LabError) -> [Int] {
        try network.reactor.wait(for: "the router's table to change", within: limit) {
            let ports = try ports()
            return matches(ports) ? ports : nil
        }
    }

    /// The power fails: the table is empty when it is back.
    mutating func reboot() throws(LabError) {
        program.signal(SIGKILL)
        _ = try network.reactor.exitStatus(of: program, within: .seconds(5))
        for chain in ["miniupnpd", "prerouting_miniupnpd", "postrouting_miniupnpd"] {
            try router.nft("flush chain inet forwarding \(chain)")
        }
        program = try Self.start(configuration, router, network)
    }
}
