package import PinholeWire

/// What was measured of the NAT in front of the sockets of one address family, on one network.
package struct NATProfile: Hashable, Sendable {
    package var behavior: NATBehavior
    package var allocation: PortAllocation
    /// Whether the NAT loops its own external addresses back inside (RFC 4787 §6); `nil` when it was not tried.
    package var hairpins: Bool?
    /// How long an idle mapping lives after a first answer; `nil` when it is not known.
    package var lifetime: Duration?

    package init(
        behavior: NATBehavior = NATBehavior(), allocation: PortAllocation = PortAllocation(), hairpins: Bool? = nil,
        lifetime: Duration? = nil
    ) {
        self.behavior = behavior
        self.allocation = allocation
        self.hairpins = hairpins
        self.lifetime = lifetime
    }
}
