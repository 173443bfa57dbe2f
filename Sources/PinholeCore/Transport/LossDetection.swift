internal import PinholeWire

/// Which packets are lost, and when to probe: RFC 9002 §6 and §7.6.
struct LossDetection: Sendable {
    /// What one look at the open packets found.
    struct Verdict {
        var isPersistentCongestion = false
    }

    /// The newest packet that was acknowledged of those that went this way.
    private(set) var largestAcknowledged: UInt64?
    /// When the oldest open packet becomes lost by time; nil if none will.
    private(set) var lossTime: Instant?
    /// Probe timeouts since the last acknowledgement of something new.
    private(set) var ptoCount = 0
    /// When the latest ack-eliciting packet was sent, or the latest probe was due: the probe timer starts there.
    private var probeBase: Instant?

    // RFC 9002 §6.1: "Implementations can detect spurious retransmissions and increase the packet or time reordering
    // threshold": both start at the recommended values and follow what the path does.
    private(set) var packetThreshold = Limits.packetThreshold
    private(set) var timeThreshold = Limits.timeThresholdNumerator

    /// When losses last reduced the window, and before that; and how many packets they were (RFC 9438 §4.9.2).
    private var episodeStart: Instant?
    private var previousEpisode: Instant?
    private var episodeLosses = 0

    mutating func didSend(at now: Instant) {
        probeBase = now
    }

    /// An ACK came whose newest packet of this path is `newest`.
    mutating func didAcknowledge(_ newest: UInt64, something isNew: Bool) {
        largestAcknowledged = max(largestAcknowledged ?? 0, newest)
        if isNew { ptoCount = 0 }
    }

    mutating func didTimeOut(at now: Instant) {
        ptoCount += 1
        // The next one counts from here, even if the probe could not be sent.
        probeBase = now
    }

    /// A packet that was given up arrived after all: wait longer from now on. True if with this one every loss since
    /// the window was reduced was none.
    mutating func didFindSpurious(_ packet: SentPacket) -> Bool {
        guard let largestAcknowledged else { return false }
        let distance = largestAcknowledged >= packet.number ? largestAcknowledged - packet.number : 0
        if distance >= packetThreshold {
            packetThreshold = min(distance + 1, Limits.maxPacketThreshold)
        } else {
            timeThreshold = min(timeThreshold + 1, Limits.maxTimeThresholdNumerator)
        }
        guard isOfEpisode(packet) else { return false }
        episodeLosses -= 1
        return episodeLosses == 0
    }

    /// On a new path nothing is known about its order, and earlier timeouts say nothing about it.
    mutating func resetPath(at now: Instant) {
        ptoCount = 0
        lossTime = nil
        (episodeStart, previousEpisode) = (nil, nil)
        packetThreshold = Limits.packetThreshold
        timeThreshold = Limits.timeThresholdNumerator
        if probeBase != nil { probeBase = now }
    }

    /// Moves the open packets that count as lost from `sent` to `lost`, and sets the time of the next one.
    mutating func detectLosses(
        in sent: inout SentPackets, rtt: RTTEstimator, at now: Instant, into lost: inout [SentPacket]
    ) -> Verdict {
        var verdict = Verdict()
        lossTime = nil
        guard let largestAcknowledged else { return verdict }
        let delay = Duration.nanoseconds(lossDelay(rtt))
        let persistent = rtt.probeTimeout * Int64(Limits.persistentCongestionThreshold)
        var runStart: Instant?
        while let packet = sent.first, packet.number < largestAcknowledged {
            let deadline = packet.sentAt + delay
            guard largestAcknowledged >= packet.number + packetThreshold || deadline <= now else {
                lossTime = deadline
                break
            }
            lost.append(packet)
            // RFC 9000 §14.4: the loss of a probe of the path's MTU "is therefore not a reliable indication of congestion".
            guard !packet.isMTUProbe else {
                if sent.loseFirst() { runStart = nil }
                continue
            }
            count(packet, at: now)
            // §7.6.2: lost packets with none acknowledged between them, and a round-trip sample before the first.
            if let sampled = rtt.firstSampleAt, sampled < packet.sentAt {
                let start = runStart ?? packet.sentAt
                runStart = start
                if packet.sentAt.nanoseconds - start.nanoseconds > persistent { verdict.isPersistentCongestion = true }
            }
            if sent.loseFirst() { runStart = nil }
        }
        return verdict
    }

    private mutating func count(_ packet: SentPacket, at now: Instant) {
        if let episodeStart, packet.sentAt <= episodeStart {
            if isOfEpisode(packet) { episodeLosses += 1 }
        } else {
            previousEpisode = episodeStart
            episodeStart = now
            episodeLosses = 1
        }
    }

    /// Whether the packet was sent in the round trip before the window was last reduced. What was sent earlier says
    /// nothing of that reduction, be it lost or late.
    private func isOfEpisode(_ packet: SentPacket) -> Bool {
        guard let episodeStart, packet.sentAt <= episodeStart else { return false }
        return previousEpisode.map { packet.sentAt > $0 } ?? true
    }

    /// When the loss timer or the probe timer fires; nil if nothing is in flight.
    func timeout(sent: SentPackets, rtt: RTTEstimator) -> Instant? {
        if let lossTime { return lossTime }
        guard !sent.isEmpty, let probeBase else { return nil }
        return Instant(nanoseconds: probeBase.nanoseconds + probeInterval(rtt))
    }

    /// §6.2.1: "When a PTO timer expires, the PTO backoff MUST be increased, resulting in the PTO period being set to
    /// twice its current value": done, but not beyond
    /// ``Limits/maxProbeInterval``, unless the round trip itself is longer.
    private func probeInterval(_ rtt: RTTEstimator) -> Int64 {
        let base = rtt.probeTimeout
        let backedOff = base << Int64(min(ptoCount, Limits.maxProbeBackoff))
        return max(base, min(backedOff, Limits.maxProbeInterval.nanoseconds))
    }

    /// §6.1.2: "max(kTimeThreshold * max(smoothed_rtt, latest_rtt), kGranularity)".
    private func lossDelay(_ rtt: RTTEstimator) -> Int64 {
        let longest = max(rtt.smoothed, rtt.latest)
        let delay = longest * Int64(timeThreshold) / Int64(Limits.timeThresholdDenominator)
        return max(delay, Limits.granularity.nanoseconds)
    }
}
