import PinholeWire

/// One kind of router, by its letter in the design's table: how it translates and what it lets in.
///
/// The interfaces are `wan` (and `wan2`, a second provider's line) and `lan` (and `lan2`, a second local network); `$W` is
/// the router's address on `wan`. A rule set is the whole firewall of its namespace, so a new kind is one more value here
/// and nothing else.
struct RouterType: Hashable, Sendable {
    var letter: String
    var title: String
    /// What a probe behind it must measure.
    let behavior: NATBehavior
    /// The same over IPv6, where that is something else.
    var behavior6: NATBehavior?
    var families: Set<IPAddress.Family> = [.v4]
    /// Whether hosts behind it have public addresses.
    var isPublic = false
    /// Whether UDP passes at all.
    var passesUDP = true
    /// Whether the first mapping of a port keeps its number.
    var preservesPorts = true
    var rules: String

    func behavior(over family: IPAddress.Family) -> NATBehavior { family == .v6 ? behavior6 ?? behavior : behavior }
}

extension RouterType {
    /// N: a public address, both families.
    static let none = RouterType(
        letter: "N", title: "public address", behavior: NATBehavior(mapping: .none, filtering: .endpointIndependent),
        families: [.v4, .v6], isPublic: true, rules: "")

    /// F: "full cone".
    static let fullCone = RouterType(
        letter: "F", title: "EIM/EIF",
        behavior: NATBehavior(mapping: .endpointIndependent, filtering: .endpointIndependent),
        rules: firewall + """
            table ip nat {
                map owners { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 5m; size 65535; }
                chain post {
                    type nat hook postrouting priority srcnat
                    oifname "wan*" meta l4proto udp update @owners { udp sport : ip saddr }
                    oifname "wan*" masquerade
                }
                chain pre {
                    type nat hook prerouting priority dstnat
                    iifname "wan*" meta l4proto udp dnat to udp dport map @owners
                }
            }
            """)

    /// A: whoever was written to may answer from any port.
    static let addressFiltering = RouterType(
        letter: "A", title: "EIM/ADF",
        behavior: NATBehavior(mapping: .endpointIndependent, filtering: .addressDependent),
        rules: firewall + """
            table ip nat {
                map owners { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 5m; size 65535; }
                set written { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m; size 65535; }
                chain post {
                    type nat hook postrouting priority srcnat
                    oifname "wan*" meta l4proto udp update @owners { udp sport : ip saddr }
                    oifname "wan*" meta l4proto udp update @written { ip daddr . udp sport }
                    oifname "wan*" masquerade
                }
                chain pre {
                    type nat hook prerouting priority dstnat
                    iifname "wan*" ip saddr . udp dport @written dnat to udp dport map @owners
                }
            }
            """)

    /// P: the home router.
    static let home = RouterType(
        letter: "P", title: "EIM/APDF",
        behavior: NATBehavior(mapping: .endpointIndependent, filtering: .addressAndPortDependent),
        rules: firewall + sourceNAT("masquerade"))

    /// P without the drop in the router's own input chain: an early packet from outside takes the mapping's place.
    static let careless = RouterType(
        letter: "p", title: "EIM/APDF, no input firewall",
        behavior: NATBehavior(mapping: .endpointIndependent, filtering: .addressAndPortDependent),
        rules: forwardOnly + sourceNAT("masquerade"))

    /// E: one external port for all destinations, but not the internal one.
    static let renumbering = RouterType(
        letter: "E", title: "EIM/APDF, other ports",
        behavior: NATBehavior(mapping: .endpointIndependent, filtering: .addressAndPortDependent),
        preservesPorts: false,
        rules: firewall
            + sourceNAT("meta l4proto udp snat to $W : jhash ip saddr . udp sport mod 20000 seed 0x1 offset 30000"))

    /// Q: successive ports.
    static let sequential = RouterType(
        letter: "Q", title: "APDM sequential",
        behavior: NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent),
        preservesPorts: false,
        rules: firewall + sourceNAT("meta l4proto udp snat to $W : numgen inc mod 20000 offset 30000"))

    /// B: random ports in a block, as carriers do.
    static let block = RouterType(
        letter: "B", title: "APDM in a block",
        behavior: NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent),
        preservesPorts: false,
        rules: firewall + sourceNAT("meta l4proto udp snat to $W:20000-20511 random"))

    /// S: "symmetric".
    static let symmetric = RouterType(
        letter: "S", title: "APDM random",
        behavior: NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent),
        preservesPorts: false,
        rules: firewall + sourceNAT("masquerade random"))

    /// X: no UDP.
    static let blocked = RouterType(
        letter: "X", title: "UDP blocked", behavior: NATBehavior(), passesUDP: false,
        rules: firewall + sourceNAT("masquerade") + """
            table inet blocked {
                chain forward {
                    type filter hook forward priority filter - 1
                    meta l4proto udp drop
                }
            }
            """)

    /// 6: IPv6 alone, global addresses behind a stateful firewall (RFC 6092).
    static let ipv6Firewall = RouterType(
        letter: "6", title: "IPv6 firewall",
        behavior: NATBehavior(mapping: .none, filtering: .addressAndPortDependent),
        families: [.v6], isPublic: true, rules: firewall)

    /// D: what many homes have today, a translated IPv4 address and an IPv6 network behind a firewall.
    static let dualStack = RouterType(
        letter: "D", title: "EIM/APDF and IPv6 firewall", behavior: home.behavior, behavior6: ipv6Firewall.behavior,
        families: [.v4, .v6], rules: home.rules)

    static let all: [RouterType] = [
        none, fullCone, addressFiltering, home, careless, renumbering, sequential, block, symmetric, blocked,
        ipv6Firewall, dualStack,
    ]

    /// Without the first chain a stray packet to a future mapping is delivered to the router itself, conntrack remembers
    /// it, and the mapping must then take another port: home routers drop it, and so must the laboratory's.
    private static let firewall = """
        table inet firewall {
            chain input {
                type filter hook input priority filter
                iifname "wan*" ct state established,related accept
                iifname "wan*" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
                iifname "wan*" drop
            }
        }

        """ + forwardOnly

    private static let forwardOnly = """
        table inet forwarding {
            chain forward {
                type filter hook forward priority filter
                iifname "wan*" ct state established,related accept
                iifname "wan*" ct status dnat accept
                iifname "wan*" drop
            }
        }

        """

    private static func sourceNAT(_ statement: String) -> String {
        """
        table ip nat {
            chain post {
                type nat hook postrouting priority srcnat
                oifname "wan*" \(statement)
            }
        }

        """
    }
}

/// What a router of any kind may do besides.
extension RouterType {
    /// Loops packets for its own address back to the host that has the port (RFC 4787 §6), with the sender's external
    /// address as their source. Only for kinds that keep a port's number.
    var hairpinning: RouterType {
        precondition(preservesPorts, "a hairpin needs to know whose port it is")
        return with(
            "hairpin",
            """
            table ip hairpin {
                map holders { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 5m; size 65535; }
                chain post {
                    type nat hook postrouting priority srcnat - 1
                    oifname "wan*" meta l4proto udp update @holders { udp sport : ip saddr }
                    oifname "lan*" meta mark 0x41 ct status dnat snat to $W
                }
                chain pre {
                    type nat hook prerouting priority dstnat - 1
                    iifname "lan*" ip daddr $W meta l4proto udp meta mark set 0x41 dnat to udp dport map @holders
                }
            }
            """)
    }

    /// Lets a host have no more than `count` sessions at a time: the packets of further ones are lost. The mark tells the
    /// sessions that were let in, which are `new` until they are answered.
    func limited(to count: Int) -> RouterType {
        with(
            "at most \(count) sessions a host",
            """
            table inet sessions {
                counter refused {}
                set hosts { type ipv4_addr; flags dynamic; size 65535; }
                chain forward {
                    type filter hook forward priority filter - 1
                    iifname "lan*" ct state new ct mark 0 jump admission
                }
                chain admission {
                    add @hosts { ip saddr ct count over \(count) } counter name refused drop
                    ct mark set 1
                }
            }
            """)
    }

    /// Keeps its local networks apart, as for guests.
    var isolating: RouterType {
        with(
            "guests apart",
            """
            table inet isolation {
                chain forward {
                    type filter hook forward priority filter - 1
                    iifname "lan*" oifname "lan*" ct status dnat accept
                    iifname "lan*" oifname "lan*" drop
                }
            }
            """)
    }

    /// Translates to the given external ports instead of those that the hosts use, one for all destinations.
    func translating(to ports: ClosedRange<UInt16>) -> RouterType {
        var copy = self
        copy.title += ", ports \(ports)"
        copy.preservesPorts = false
        let range = "\(ports.lowerBound)-\(ports.upperBound)"
        copy.rules = Self.firewall + Self.sourceNAT("meta l4proto udp masquerade to :\(range)")
        return copy
    }

    private func with(_ title: String, _ table: String) -> RouterType {
        var copy = self
        copy.title += ", \(title)"
        copy.rules += table + "\n"
        return copy
    }
}

extension RouterType: CustomStringConvertible {
    var description: String { "\(letter) \(title)" }
}
