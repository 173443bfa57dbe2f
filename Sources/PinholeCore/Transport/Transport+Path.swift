package import PinholeWire

/// What the path is like: the size of the datagrams that it carries, and whether it carries ECN.
extension Transport {
    /// Whether ``nextMTUProbe(to:at:)`` is worth asking.
    var wantsMTUProbe: Bool { hasFilledPacket }

    /// Appends the plaintext of a probe of the path's MTU, a PING and padding, and returns what it is; nil, with nothing
    /// appended, if there is nothing to find out now. It may be larger than all packets before.
    package mutating func nextMTUProbe(to writer: inout ByteWriter, at now: Instant) -> WrittenPacket? {
        hasFilledPacket = false
        guard probes == 0, bytesInFlight < congestion.window, let size = mtu.nextProbe(at: now) else { return nil }
        writer.frame(.ping)
        writer.zeros(size - Limits.dataOverhead - 1)
        let number = space.take()
        counters.packetsSent += 1
        counters.bytesSent += UInt64(size - Limits.dataOverhead)
        counters.mtuProbes += 1
        mtu.didSendProbe(size)
        track(
            SentPacket(
                number: number, sentAt: now, size: size, largestAcknowledged: nil, frames: SentFrames(),
                stamp: deliveryRate.stamp(inFlight: bytesInFlight, at: now), isMTUProbe: true))
        return WrittenPacket(number: number, ecn: .notECT, size: size - Limits.dataOverhead)
    }

    /// The most that the next packet of a probe timeout should hold.
    var probeSize: Int {
        mtu.size(ofProbe: Limits.probesPerTimeout - probes, afterTimeouts: ptoCount) - Limits.dataOverhead
    }

    // MARK: Size

    /// Whether the path carries data-sized datagrams.
    var capacity: PathMTU.Capacity { mtu.capacity }

    /// What is known of the path from elsewhere.
    mutating func use(_ mtu: PathMTU) {
        self.mtu = mtu
        followSize()
    }

    mutating func changeMTU(_ change: (inout PathMTU) -> Void) {
        change(&mtu)
        followSize()
    }

    /// A packet of this path arrived.
    mutating func didArriveOnPath(_ packet: SentPacket, at now: Instant) {
        if packet.isMTUProbe {
            mtu.didPass(packet.size, at: now)
        } else {
            mtu.didAcknowledge(packet.number, size: packet.size, at: now)
        }
    }

    /// A packet of this path was lost.
    mutating func didLoseOnPath(_ packet: SentPacket, at now: Instant) {
        if packet.isMTUProbe {
            mtu.didLoseProbe(packet.size, at: now)
        } else {
            mtu.didLose(packet.number, size: packet.size, at: now)
        }
        if packet.isMarked { ecn.didLoseMarked() }
    }

    /// What was found out applies from the next packet on.
    mutating func followSize() {
        if congestion.maxDatagramSize != mtu.size { congestion.maxDatagramSize = mtu.size }
    }

    // MARK: ECN

    /// Whether the path was shown to carry ECN.
    package var hasECN: Bool { ecn.isCapable }

    /// The counts of the ACK that was just taken, in `ack`; what it acknowledged is in `scratch`.
    mutating func receiveCodepoints(at now: Instant) {
        var marked = 0
        for packet in scratch where packet.isMarked && packet.number >= pathStart { marked += 1 }
        guard ecn.didReceive(ack.ecn, acknowledged: marked), let newest = scratch.last, newest.number >= pathStart
        else { return }
        // RFC 9002 §7.1: "If a path has been validated to support ECN, … treats a Congestion Experienced (CE) codepoint in
        // the IP header as a signal of congestion."
        counters.congestionMarks += 1
        congestion.didMark(sentAt: newest.sentAt, at: now)
    }
}

/// A packet that was written, and is to be sealed and sent.
package struct WrittenPacket: Equatable, Sendable {
    package let number: UInt64
    package let ecn: ECNCodepoint
    /// Bytes of frames, and of the padding that is to follow them.
    package let size: Int
}
