package import PinholeWire

/// What was measured of the NAT in front of the sockets of one address family, on one network.
package struct NATProfile: Hashable, Sendable {
    package var behavior: NATBehavior
    package var allocation: PortAllocation
    /// Whether the NAT loops its own external addresses back inside (RFC 4787 §6); `nil` when it was not tried.
    package var hairpins: Bool?
    /// The longest time for which an idle mapping was seen to live, at most 290 s; `nil` when it is not known.
    package var lifetime: Duration?
    /// The shortest time after which an idle mapping was gone; `nil` when none was seen to go.
    package var lifetimeLimit: Duration?

    package init(
        behavior: NATBehavior = NATBehavior(), allocation: PortAllocation = PortAllocation(), hairpins: Bool? = nil,
        lifetime: Duration? = nil, lifetimeLimit: Duration? = nil
    ) {
        self.behavior = behavior
        self.allocation = allocation
        self.hairpins = hairpins
        self.lifetime = lifetime
        self.lifetimeLimit = lifetimeLimit
    }
}
