internal import PinholeWire

// What tests that see an endpoint only from outside ask of it.

extension Endpoint {
    /// What others have made it remember beyond what the protocol allows; nil where all is within its bounds.
    package var excess: String? {
        if routes.count > connections.count * Self.maxRoutes { return "knows \(routes.count) connection ids" }
        for connection in connections.values {
            if let excess = connection.excess ?? connection.session?.transport.excess { return excess }
        }
        return nil
    }

    /// Gives the sessions that begin from now on keys that serve for so few packets, and for as little time, so that many
    /// epochs go by.
    package func shortenEpochs(packets: UInt64, minLifetime: Duration) {
        environment.keyLimits.packets = packets
        environment.keyLimits.minLifetime = minLifetime
    }

    /// Handshakes under way, the session and its successor: of each an id or two.
    private static let maxRoutes = 24
}

extension Connection {
    fileprivate var excess: String? {
        if pairings.count > Self.maxPairings { return "has \(pairings.count) handshakes at once" }
        if early.count > Limits.maxEarlyPackets { return "keeps \(early.count) packets that came early" }
        if paths.all.count > PathTable.maxPaths { return "has \(paths.all.count) paths" }
        if checklist.candidates.count > Self.maxChecked {
            return "checks \(checklist.candidates.count) candidates"
        }
        if pings.count > Self.maxPings { return "waits for \(pings.count) pongs" }
        let streams = byteStreams.streams.count
        // As many of either side.
        if streams > 2 * Limits.maxByteStreams { return "has \(streams) streams of bytes" }
        return nil
    }

    /// HELLOs of the peer with each of this side's own under way.
    private static let maxPairings = 4 * Limits.maxPeerHellos
    /// Those that the peer names, and those that were seen, of both families.
    private static let maxChecked = 4 * Limits.maxCandidates
    /// PINGs whose answers somebody waits for; of more than these all are forgotten.
    static let maxPings = 16
}

extension Transport {
    fileprivate var excess: String? {
        let heard = receiveStreams.count + stopCodes.count
        if heard > Limits.maxHeldStreams { return "holds \(heard) streams" }
        if incompleteStreams != receiveStreams.values.count(where: { $0.isHeard && !$0.isComplete }) {
            return "counts its incomplete streams wrongly"
        }
        if closedReceiveStreams.count > Limits.maxClosedStreamRanges { return "remembers too many ended streams" }
        if space.received.count > Limits.maxAckRanges { return "remembers \(space.received.count) ranges of numbers" }
        if control.count > 4 * Limits.maxHeldStreams { return "has \(control.count) control frames to send" }
        if bytesInFlight < 0 { return "has \(bytesInFlight) bytes in flight" }
        let unread = receiveStreams.values.reduce(0) { $0 + Int($1.unread) }
        if unread > Int(Limits.maxConnectionWindow) + 16 * Int(Limits.maxStreamData) {
            return "holds \(unread) bytes that nobody has read"
        }
        let held = sendStreams.keys.filter(StreamID.isFile).reduce(0) { $0 + (sendStreams[$1]?.held ?? 0) }
        if held != heldOfFiles || held > Int(Limits.maxConnectionWindow) {
            return "keeps \(held) bytes of files, and counts \(heldOfFiles)"
        }
        return nil
    }
}
