package import PinholeWire

/// By time: loss, probes, delayed acknowledgements, pacing.
extension Transport {
    /// When ``handleTimeout(at:)`` is to be called, unless something else happens before.
    package var nextTimeout: Instant? {
        var next = lossDetection.timeout(sent: sent, rtt: rtt)
        if let ackDeadline = space.ackDeadline { next = min(next ?? ackDeadline, ackDeadline) }
        if isWaitingForPacer, let opensAt = pacer.opensAt { next = min(next ?? opensAt, opensAt) }
        return next
    }

    /// Does what is due; packets that follow from it come from ``nextPacket(to:upTo:with:at:)``. Afterwards
    /// ``nextTimeout`` is in the future, even if no packet can be sent.
    package mutating func handleTimeout(at now: Instant) {
        space.handleTimeout(at: now)
        if let opensAt = pacer.opensAt, opensAt <= now { isWaitingForPacer = false }
        guard let due = lossDetection.timeout(sent: sent, rtt: rtt), due <= now else { return }
        if lossDetection.lossTime != nil { return detectLosses(at: now) }
        counters.probeTimeouts += 1
        lossDetection.didTimeOut(at: now)
        ecn.didTimeOut()
        probe()
    }

    /// Sends again at once, regardless of window and pacer, what is unanswered: a probe timeout ended, or the path is back.
    package mutating func probe() {
        guard !sent.isEmpty else { return }
        probes = Limits.probesPerTimeout
        // RFC 9002 §6.2.4: "Implementations MAY use alternative strategies for determining the content of probe
        // packets": the oldest data goes before new data, for it is what the peer's reader waits for.
        var position = 0
        var repeated = 0
        while position < sent.count, repeated < Limits.probesPerTimeout {
            if let packet = sent.open(at: position), !packet.isMTUProbe {
                requeue(packet)
                repeated += 1
            }
            position += 1
        }
    }

    /// Gives up what is lost, and tells the congestion controller.
    mutating func detectLosses(at now: Instant) {
        scratch.removeAll(keepingCapacity: true)
        let verdict = lossDetection.detectLosses(in: &sent, rtt: rtt, at: now, into: &scratch)
        guard !scratch.isEmpty else { return }
        var latest: Instant?
        var bytes = 0
        for packet in scratch {
            if packet.number >= pathStart {
                bytesInFlight -= packet.size
                didLoseOnPath(packet, at: now)
            }
            guard !packet.isMTUProbe else { continue }
            counters.packetsLost += 1
            if packet.number >= pathStart {
                bytes += packet.size
                latest = packet.sentAt
            }
            requeue(packet)
        }
        followSize()
        if let latest { congestion.didCongest(lost: bytes, sentAt: latest, at: now) }
        if verdict.isPersistentCongestion {
            counters.persistentCongestions += 1
            congestion.didCongestPersistently(at: now)
            rtt.restartMinimum(at: now)
        }
    }

    /// What the packet carried goes again, as far as it is still needed.
    private mutating func requeue(_ packet: SentPacket) {
        for position in 0..<packet.frames.count {
            let frame = packet.frames[position]
            switch frame {
            case .stream(let id, let offset, let length, let fin):
                guard let index = sendStreams.index(forKey: id) else { continue }
                sendStreams.values[index].lose(offset: offset, length: Int(length), fin: fin)
                schedule(id)
            case .resetStream(let id):
                if sendStreams[id] != nil { queueOnce(frame) }
            case .stopSending(let id):
                if stopCodes[id] != nil { queueOnce(frame) }
            case .maxData:
                guard !isMaxDataQueued else { continue }
                isMaxDataQueued = true
                control.append(frame)
            case .ackFrequency:
                guard !isAckRequestQueued else { continue }
                isAckRequestQueued = true
                control.append(frame)
            case .maxStreamData(let id):
                guard let index = receiveStreams.index(forKey: id), !receiveStreams.values[index].isUpdateQueued
                else { continue }
                receiveStreams.values[index].isUpdateQueued = true
                control.append(frame)
            case .rekey, .reauth:
                if rekeyFrames[frame] != nil { queueOnce(frame) }
            }
        }
    }

    /// Queues a frame that may be wanted again before it could be sent.
    mutating func queueOnce(_ frame: SentFrame) {
        let isNew =
            switch frame {
            case .resetStream(let id): queuedResets.insert(id).inserted
            case .stopSending(let id): queuedStops.insert(id).inserted
            // There are two at most.
            default: !(0..<control.count).contains { control[$0] == frame }
            }
        if isNew { control.append(frame) }
    }
}
