package import PinholeCrypto
package import PinholeWire

/// What tells one network from another: a hash of the public address and of the local one's prefix, which nobody needs
/// to read where something is stored by it.
package struct NetworkID: Hashable, Sendable {
    package static let size = 16
    /// 16 bytes.
    package let bytes: [UInt8]

    /// A network that was stored; `nil` when there are not 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// The network in which this machine is seen at `observed`, and which gave it `local`.
    ///
    /// The prefix tells apart two networks behind one public address, whose inner NATs may differ.
    package init(observed: IPAddress, local: LocalAddress?) {
        var writer = ByteWriter(capacity: 34)
        // The rest of an IPv6 address is the host's own, and changes daily (RFC 8981).
        writer.append(observed.masked(to: observed.family == .v4 ? 32 : 64).bytes)
        if let local {
            writer.append(local.ip.masked(to: local.prefixLength).bytes)
            writer.u8(UInt8(clamping: local.prefixLength))
        }
        bytes = Array(Blake2b.hash(writer.bytes).prefix(Self.size))
    }

    /// Somebody else's network, of which only the public address is known.
    package init(of observed: IPAddress) {
        self.init(observed: observed, local: nil)
    }
}

/// What is known of a network that this machine is on, or was on.
package struct NetworkRecord: Hashable, Sendable {
    package let id: NetworkID
    package let family: IPAddress.Family
    package var profile: NATProfile
    /// Unix milliseconds of the newest measurement.
    package var time: UInt64
    /// Unix milliseconds at which the lifetime was last worked on; 0 if it never was.
    package var lifetimeTime: UInt64

    package init(
        id: NetworkID, family: IPAddress.Family, profile: NATProfile, time: UInt64, lifetimeTime: UInt64 = 0
    ) {
        self.id = id
        self.family = family
        self.profile = profile
        self.time = time
        self.lifetimeTime = lifetimeTime
    }
}

/// Which way through their NATs worked for a contact the last time, from this network to the one that it was on.
package struct RememberedStrategy: Hashable, Sendable {
    package struct Key: Hashable, Sendable {
        package let network: NetworkID
        package let peer: IdentityKey
        package let peerNetwork: NetworkID

        package init(network: NetworkID, peer: IdentityKey, peerNetwork: NetworkID) {
            self.network = network
            self.peer = peer
            self.peerNetwork = peerNetwork
        }
    }

    package let key: Key
    package let strategy: UInt8
    /// Unix milliseconds.
    package let time: UInt64

    package init(key: Key, strategy: UInt8, time: UInt64) {
        self.key = key
        self.strategy = strategy
        self.time = time
    }
}
