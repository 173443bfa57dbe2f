package import PinholeCrypto
package import PinholeWire

/// A signaling service that this peer uses, and for whom.
package struct RendezvousService: Sendable {
    /// Whom the service introduces this peer to.
    package enum Scope: Hashable, Sendable {
        /// One of our own: all contacts.
        case everybody
        /// One that contacts brought along: it learns of no other pair.
        case only(Set<IdentityKey>)

        func includes(_ key: IdentityKey) -> Bool {
            switch self {
            case .everybody: true
            case .only(let keys): keys.contains(key)
            }
        }
    }

    /// What events call it; it means the same service from one ``Endpoint/setServices(_:at:)`` to the next.
    package let id: Int
    package let key: ServiceKey
    /// Of either family; those of one service count as one.
    package let addresses: [TransportAddress]
    package let scope: Scope
    /// What a service that is not open to everybody wants to see; at most 255 bytes.
    package let token: [UInt8]

    package init(
        id: Int, key: ServiceKey, addresses: [TransportAddress], scope: Scope = .everybody, token: [UInt8] = []
    ) {
        self.id = id
        self.key = key
        self.addresses = addresses
        self.scope = scope
        self.token = Array(token.prefix(255))
    }
}
