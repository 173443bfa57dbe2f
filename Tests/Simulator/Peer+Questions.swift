package import PinholeCore
package import PinholeWire

/// What tests ask.
extension Peer {
    package var texts: [String] { disk.texts }
    package var delivered: [MessageID] { disk.delivered }
    package var received: [UInt64: [UInt8]] { disk.received }
    package var stored: [String: [UInt8]] { disk.stored }
    package var sentFiles: [UInt64] { disk.sentFiles }
    package var state: ContactState { disk.state }
    package var epoch: UInt64 { disk.epoch }

    package var connections: [PathDescription] {
        events.compactMap { if case .connected(_, let path) = $0 { path } else { nil } }
    }

    package var failures: [UnreachableReason] {
        events.compactMap { if case .unreachable(_, let reason) = $0 { reason } else { nil } }
    }

    package var behavior: NATBehavior? {
        profile?.behavior
    }

    /// What this peer found out about the NAT in front of it, once it is done.
    package var profile: NATProfile? {
        events.reversed().lazy.compactMap {
            if case .networkMeasured(let record, isComplete: true) = $0 { record.profile } else { nil }
        }.first
    }

    package var isRegistered: Bool {
        events.contains { if case .serviceUp = $0 { true } else { false } }
    }

    package func isConnected(to other: Peer) -> Bool {
        endpoint.path(to: other.key) != nil
    }
}
