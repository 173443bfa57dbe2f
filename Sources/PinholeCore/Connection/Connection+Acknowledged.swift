package import PinholeCrypto

// What the peer has of streams of bytes, for who is about to end the session.

extension Connection {
    /// Whether the peer is still to acknowledge something that was written to a stream of bytes, or that one was given
    /// up.
    var hasUnacknowledgedStreams: Bool {
        guard let streams = session?.transport.sendStreams else { return false }
        return streams.keys.contains { $0 >= StreamID.firstByteStream && streams[$0]?.isUnacknowledged ?? false }
    }
}

extension Endpoint {
    /// Whether a contact is still to acknowledge something that was written to streams of bytes.
    package func hasUnacknowledgedStreams(of key: IdentityKey) -> Bool {
        slots[key].flatMap { connections[$0] }?.hasUnacknowledgedStreams ?? false
    }
}
