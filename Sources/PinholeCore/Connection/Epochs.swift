internal import PinholeCrypto
internal import PinholeWire

/// The keys of one session, from epoch to epoch (protocol §3.10).
///
/// ```
///            begin, or the peer's REKEY             its REKEY                  its REAUTH, and it verifies
///   settled ────────────────────────────▶ offered ────────────▶ derived ──────────────────────────────▶ proven
///      ▲  the peer's REKEY too soon: asked, offered later                                                  │
///      └── our REAUTH is acknowledged, or a packet of the next epoch opens: the next epoch is the present ─┘
/// ```
/// Packets of the present epoch open, of the next one once the peer has proved it, and of the one before until three
/// probe timeouts after the first packet of the present one. Sealed is with the present keys only. Confined to the loop.
final class Epochs {
    /// Where the way to the next epoch stands.
    private enum Renewal {
        case settled
        /// The peer asked sooner than it may: it is answered when the epoch is old enough.
        case asked(peerKey: [UInt8])
        /// This side's REKEY is on its way. A REAUTH that overtook the peer's REKEY waits.
        case offered(RekeyOffer, early: [UInt8]?, since: Instant)
        /// Both keys are here, and this side's REAUTH is on its way.
        case derived(KeySchedule, peerKey: [UInt8], isAcknowledged: Bool, since: Instant)
        /// The peer's signature verified: it has the next keys, and is who it should be.
        case proven(KeySchedule, SessionKeys, peerKey: [UInt8], signature: [UInt8], since: Instant)
    }

    /// The keys that came before the present ones.
    private enum Previous {
        case wiped
        /// The peer was not heard in the present epoch yet.
        case needed(SessionKeys)
        /// It was, at that time; packets from before may still be under way.
        case retiring(SessionKeys, since: Instant)
    }

    private var schedule: KeySchedule
    private(set) var present: SessionKeys
    private var previous = Previous.wiped
    private var renewal = Renewal.settled
    private(set) var began: Instant
    /// The smallest number of the present epoch that was opened; what is sealed with older keys has smaller ones.
    private var first = UInt64.max
    /// Since the epoch began.
    private(set) var packetsSealed: UInt64 = 0
    private(set) var bytesSealed: UInt64 = 0
    private var failuresBefore: UInt64 = 0
    /// Packets that did not open since the session began, other than those that opened before.
    private(set) var failures: UInt64 = 0
    private let limits: KeyLimits

    init(_ schedule: KeySchedule, limits: KeyLimits = KeyLimits(), at now: Instant) {
        self.schedule = schedule
        self.limits = limits
        present = schedule.makeSessionKeys()
        began = now
    }

    var number: UInt32 { schedule.epoch }

    /// Whether this side has asked for the next epoch, or was asked and has answered.
    var isRenewing: Bool {
        switch renewal {
        case .settled, .asked: false
        case .offered, .derived, .proven: true
        }
    }

    /// Seals with the present keys; see ``SessionKeys/seal(_:from:packetNumber:)``.
    func seal(_ writer: inout ByteWriter, from start: Int, packetNumber: UInt64) {
        present.seal(&writer, from: start, packetNumber: packetNumber)
        packetsSealed += 1
        bytesSealed += UInt64(writer.count - start)
    }

    /// Opens with whatever keys the packet is sealed with; see ``SessionKeys/open(_:into:)``. The first packet of the
    /// next epoch makes it the present one. What was opened before is no failure: RFC 9001 §6.6 counts "packets that
    /// fail authentication", and the network may double what it carries.
    func open(_ datagram: Span<UInt8>, into memory: PacketMemory, at now: Instant) -> UInt64? {
        switch present.open(datagram, into: memory) {
        case .packet(let packet):
            first = min(first, packet)
            if case .needed(let keys) = previous { previous = .retiring(keys, since: now) }
            return packet
        case .replay:
            return nil
        case .foreign:
            return openWithOtherKeys(datagram, into: memory, at: now)
        }
    }

    private func openWithOtherKeys(_ datagram: Span<UInt8>, into memory: PacketMemory, at now: Instant) -> UInt64? {
        if case .proven(let next, let keys, _, _, _) = renewal,
            case .packet(let packet) = keys.open(datagram, into: memory)
        {
            advance(to: next, keys, at: now)
            if case .needed(let old) = previous { previous = .retiring(old, since: now) }
            first = packet
            return packet
        }
        switch previous {
        case .wiped:
            failures += 1
            return nil
        case .needed(let keys), .retiring(let keys, _):
            switch keys.open(datagram, into: memory) {
            case .packet(let packet) where packet < first:
                return packet
            case .replay:
                return nil
            case .packet, .foreign:
                // RFC 9001 §6.4: "Packets with higher packet numbers MUST be protected with either the same or newer
                // packet protection keys". It was not the peer, then; but who stole old keys must not be able to end the
                // session.
                failures += 1
                return nil
            }
        }
    }

    private func advance(to next: KeySchedule, _ keys: SessionKeys, at now: Instant) {
        previous = .needed(present)
        present = keys
        schedule = next
        renewal = .settled
        began = now
        first = .max
        packetsSealed = 0
        bytesSealed = 0
        failuresBefore = failures
    }
}

// MARK: The way to the next epoch

extension Epochs {
    /// The peer's REKEY; returns the frames that answer it, to be repeated until they arrive.
    func receive(
        rekey epoch: UInt32, key: [UInt8], probeTimeout: Duration, at now: Instant
    ) throws(RekeyError) -> [Frame] {
        guard epoch > number else { return [] }
        guard epoch - 1 == number else { throw .wrongEpoch }
        switch renewal {
        case .settled:
            guard let ready = ready(probeTimeout), ready <= now else {
                renewal = .asked(peerKey: key)
                return []
            }
            return try answer(key, at: now)
        case .asked(let known), .derived(_, let known, _, _), .proven(_, _, let known, _, _):
            guard known == key else { throw .twoKeys }
            return []
        case .offered(let offer, let early, let since):
            return [try derive(offer, peer: key, early: early, since: since)]
        }
    }

    /// The peer's REAUTH.
    func receive(reauth epoch: UInt32, signature: [UInt8], at now: Instant) throws(RekeyError) {
        guard epoch > number else { return }
        guard epoch - 1 == number else { throw .wrongEpoch }
        switch renewal {
        case .settled, .asked:
            // It cannot have signed a key that it was not told.
            throw .wrongEpoch
        case .offered(let offer, let early, let since):
            guard early ?? signature == signature else { throw .badSignature }
            renewal = .offered(offer, early: signature, since: since)
        case .derived(let next, let key, let isAcknowledged, let since):
            let keys = try prove(next, by: signature)
            if isAcknowledged {
                advance(to: next, keys, at: now)
            } else {
                renewal = .proven(next, keys, peerKey: key, signature: signature, since: since)
            }
        case .proven(_, _, _, let known, _):
            guard known == signature else { throw .badSignature }
        }
    }

    /// The peer has acknowledged this side's REAUTH, and so has the next keys.
    func didProve(_ epoch: UInt32, at now: Instant) {
        guard epoch > number else { return }
        switch renewal {
        case .settled, .asked, .offered: break
        case .derived(let next, let key, _, let since):
            renewal = .derived(next, peerKey: key, isAcknowledged: true, since: since)
        case .proven(let next, let keys, _, _, _): advance(to: next, keys, at: now)
        }
    }

    private func answer(_ key: [UInt8], at now: Instant) throws(RekeyError) -> [Frame] {
        let offer = RekeyOffer()
        return [frame(of: offer), try derive(offer, peer: key, early: nil, since: now)]
    }

    private func frame(of offer: RekeyOffer) -> Frame {
        .rekey(epoch: number + 1, key: offer.key)
    }

    private func derive(
        _ offer: RekeyOffer, peer key: [UInt8], early: [UInt8]?, since: Instant
    ) throws(RekeyError) -> Frame {
        guard let next = schedule.next(offer, peer: key) else { throw .badKey }
        if let early {
            let keys = try prove(next, by: early)
            renewal = .proven(next, keys, peerKey: key, signature: early, since: since)
        } else {
            renewal = .derived(next, peerKey: key, isAcknowledged: false, since: since)
        }
        return .reauth(epoch: next.epoch, signature: next.sign())
    }

    /// The keys of the next epoch, which exist from here on only.
    private func prove(_ next: KeySchedule, by signature: [UInt8]) throws(RekeyError) -> SessionKeys {
        guard next.verify(signature) else { throw .badSignature }
        return next.makeSessionKeys(expected: present.expected)
    }
}

// MARK: Time

extension Epochs {
    /// What is due.
    enum Step {
        case none
        /// Frames to be repeated until they arrive.
        case send([Frame])
        /// The peer did not do its part in time.
        case overdue
    }

    /// When ``handleTimeout(lastData:probeTimeout:at:)`` has something to do. `lastData` is when a message or a file last moved.
    func nextTimeout(lastData: Instant, probeTimeout: Duration) -> Instant? {
        let wiping = wiping(probeTimeout)
        return switch renewal {
        case .settled: earliest(wiping, due(lastData: lastData, probeTimeout) ?? overdue)
        case .asked: earliest(wiping, ready(probeTimeout) ?? overdue)
        case .offered, .derived, .proven: earliest(wiping, overdue)
        }
    }

    func handleTimeout(lastData: Instant, probeTimeout: Duration, at now: Instant) throws(RekeyError) -> Step {
        if let wiping = wiping(probeTimeout), wiping <= now { previous = .wiped }
        if let overdue, overdue <= now { return .overdue }
        switch renewal {
        case .settled:
            guard let due = due(lastData: lastData, probeTimeout), due <= now else { return .none }
            let offer = RekeyOffer()
            renewal = .offered(offer, early: nil, since: now)
            return .send([frame(of: offer)])
        case .asked(let key):
            guard let ready = ready(probeTimeout), ready <= now else { return .none }
            return .send(try answer(key, at: now))
        case .offered, .derived, .proven:
            return .none
        }
    }

    /// Whether nothing may be sealed or opened any more (RFC 9001 §6.6).
    var areUsedUp: Bool { packetsSealed >= limits.maxPackets || failures >= limits.maxFailures }

    /// When this side asks for the next epoch; `nil` while there is no reason, or the one before is not over.
    private func due(lastData: Instant, _ probeTimeout: Duration) -> Instant? {
        guard number < .max, let ready = ready(probeTimeout) else { return nil }
        let isWorn =
            packetsSealed >= limits.packets || bytesSealed >= limits.bytes
            || failures - failuresBefore >= limits.failures
        if isWorn { return ready }
        return lastData > began ? max(ready, began + limits.lifetime) : nil
    }

    /// When the next epoch may be asked for, by either side; `nil` while the peer was not heard in the present one.
    private func ready(_ probeTimeout: Duration) -> Instant? {
        switch previous {
        case .wiped: began + limits.minLifetime
        case .needed: nil
        case .retiring: max(began + limits.minLifetime, wiping(probeTimeout) ?? began)
        }
    }

    /// RFC 9001 §6.5: "An endpoint MAY … retain old keys for … no more than three times the PTO".
    private func wiping(_ probeTimeout: Duration) -> Instant? {
        switch previous {
        case .wiped, .needed: nil
        case .retiring(_, let since): since + probeTimeout * 3
        }
    }

    /// When the peer has had enough time to do its part.
    private var overdue: Instant? {
        switch renewal {
        case .offered(_, _, let since), .derived(_, _, _, let since), .proven(_, _, _, _, let since):
            return since + limits.patience
        case .settled, .asked: break
        }
        return switch previous {
        case .wiped, .retiring: nil
        case .needed: began + limits.patience
        }
    }

    private func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}
