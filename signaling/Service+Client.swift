import PinholeCrypto
import PinholeWire

/// What registered clients ask for, and what it makes the service tell others.
extension Service {
    mutating func receiveClient(
        _ datagram: Span<UInt8>, from source: TransportAddress, at endpoint: LocalEndpoint, now: Instant,
        into outbox: inout Outbox
    ) {
        guard datagram.count >= SignalingLayout.clientHeader + AEAD.tagSize, datagram.count <= requests.count else {
            return statistics.malformed += 1
        }
        guard let slot = registry.slot(of: datagram.registrationNumber) else { return statistics.unauthentic += 1 }
        let opened = requests.withUnsafeMutableBufferPointer { registry.open(datagram, of: slot, into: $0) }
        guard let opened, registry.registrations[Int(slot)].state == .live else { return statistics.unauthentic += 1 }
        // Only what is newer than all before says where the client is now: a late datagram may be from its old address.
        if opened.isNewest, !registry.follow(slot, to: source, endpoint: endpoint) { return statistics.refused += 1 }
        registry.refresh(slot, at: now)
        var answer = Answer(limit: datagram.count * Self.maxAmplification)
        answerRequests(opened.size, of: slot, at: now, in: &answer, into: &outbox)
        send(answer, to: slot, into: &outbox)
        registry.allow(answer.unspent, unaskedTo: slot)
    }

    /// Seats the registration, confirms it, and tells who waits for it.
    mutating func confirm(
        _ tags: [TagEntry], of slot: Registry.Slot, replacing: Bool, at now: Instant, in answer: inout Answer,
        into outbox: inout Outbox
    ) {
        let (watchers, complete) = registry.setTags(tags, of: slot, replacing: replacing)
        answer.add(confirmation(of: slot, at: now))
        if !complete { answer.add(.notice(Array(Notice.tags.rawValue.utf8))) }
        notify(watchers, own: slot, in: &answer, into: &outbox)
    }

    func confirmation(of slot: Registry.Slot, at now: Instant) -> SignalingReply {
        let endpoint = registry.registrations[Int(slot)].endpoint
        return .registered(
            SignalingReply.Registered(
                registration: registry.registrations[Int(slot)].keys.registration, lifetime: Self.lifetime,
                time: unixMilliseconds(at: now), observed: registry.registrations[Int(slot)].address,
                alternatePorts: topology.alternatePorts(beside: endpoint),
                secondAddress: topology.secondAddress(beside: endpoint)))
    }

    /// Sends a SERVER datagram, unless there is nothing to say.
    mutating func send(_ answer: Answer, to slot: Registry.Slot, into outbox: inout Outbox) {
        guard !answer.isEmpty else { return }
        let replies = answer.bytes
        outbox.append(
            upTo: replies.count + Self.serverOverhead, to: registry.registrations[Int(slot)].address,
            from: registry.registrations[Int(slot)].endpoint
        ) { registry.seal(replies.span, of: slot, into: $0) }
    }

    private mutating func answerRequests(
        _ size: Int, of slot: Registry.Slot, at now: Instant, in answer: inout Answer, into outbox: inout Outbox
    ) {
        // Another reference, as `self` changes while the requests are read.
        let requests = self.requests
        var reader = ByteReader(requests.span.extracting(0..<size))
        while true {
            let request: SignalingRequest
            do throws(WireError) {
                guard let next = try SignalingRequest(&reader) else { return }
                request = next
            } catch {
                return statistics.malformed += 1
            }
            switch request {
            case .refresh:
                answer.add(confirmation(of: slot, at: now))
            case .tags(let tags, let first):
                confirm(tags, of: slot, replacing: first, at: now, in: &answer, into: &outbox)
            case .connect(let tag, let side, let blob):
                guard let others = introduce(slot, tag, side, blob, at: now, in: &answer, into: &outbox) else { break }
                let observed = others.map { registry.registrations[Int($0)].address }
                answer.add(.peer(tag: tag, observed: observed, blob: []))
            case .answer(let tag, let side, let blob):
                _ = introduce(slot, tag, side, blob, at: now, in: &answer, into: &outbox)
            case .ping(let data):
                answer.add(.pong(data))
            case .unregister:
                return tellVanished(registry.unregister(slot), into: &outbox)
            }
        }
    }

    /// Sends PEER to the other side of a tag, on each address family where it is registered. Returns its registrations;
    /// `nil` when there are none, and the answer says so, or when the sender does this too often.
    private mutating func introduce(
        _ slot: Registry.Slot, _ tag: RendezvousTag, _ side: Role, _ blob: [UInt8], at now: Instant,
        in answer: inout Answer, into outbox: inout Outbox
    ) -> [Registry.Slot]? {
        guard introductionLimiter.admits(registry.registrations[Int(slot)].provedSource, at: now) else {
            statistics.limited += 1
            return nil
        }
        if !registry.isSeated(slot, at: tag, side: side) {
            // The client's TAGS was lost or is on its way; it knows the tag, which is all that a seat takes.
            let seat = TagEntry(tag: tag, side: side, watch: false)
            let (watchers, _) = registry.setTags([seat], of: slot, replacing: false)
            notify(watchers, own: slot, in: &answer, into: &outbox)
        }
        let others = registry.holders(of: tag, side: side.other)
        guard !others.isEmpty else {
            answer.add(.absent(tag: tag))
            return nil
        }
        statistics.introduced += 1
        let observed = registry.holders(of: tag, side: side).map { registry.registrations[Int($0)].address }
        for other in others {
            var introduction = Answer()
            introduction.add(.peer(tag: tag, observed: observed, blob: blob))
            // The other may be the sender itself, which looks for its twin from both sides of a tag (protocol §4.11),
            // or one more registration of it; and its address may be anybody's.
            guard answer.share(introduction) else {
                statistics.limited += 1
                continue
            }
            send(introduction, to: other, into: &outbox)
        }
        return others
    }

    private mutating func notify(
        _ watchers: [Registry.Watcher], own slot: Registry.Slot, in answer: inout Answer, into outbox: inout Outbox
    ) {
        for watcher in watchers {
            if watcher.registration == slot {
                answer.add(.appeared(tag: watcher.tag))
            } else {
                tell(watcher.registration, .appeared(tag: watcher.tag), into: &outbox)
            }
        }
    }

    /// Those who watched a side that nobody has any more.
    mutating func tellVanished(_ watchers: [Registry.Watcher], into outbox: inout Outbox) {
        for watcher in watchers { tell(watcher.registration, .vanished(tag: watcher.tag), into: &outbox) }
    }

    /// Says what the registration has not asked for just now. Where it is may be a claim, and what makes the service say
    /// this may cost somebody else little: at an address that is not proved it gets no more than its own bytes allow.
    private mutating func tell(_ slot: Registry.Slot, _ reply: SignalingReply, into outbox: inout Outbox) {
        var notification = Answer()
        notification.add(reply)
        guard registry.takeAllowance(notification.size, unaskedTo: slot) else { return statistics.limited += 1 }
        send(notification, to: slot, into: &outbox)
    }

    /// In seconds.
    private static let lifetime = UInt16(Limits.registrationLifetime.nanoseconds / 1_000_000_000)
    /// RFC 9000 §8.1: "an endpoint MUST limit the amount of data it sends to the unvalidated address to three times the
    /// amount of data received from that address."
    static let maxAmplification = 3
    /// What SERVER adds to the replies in it.
    static let serverOverhead = SignalingLayout.serverHeader + AEAD.tagSize
}

/// The replies of one SERVER datagram.
struct Answer {
    private var writer = ByteWriter(capacity: 128)
    private var limit: Int
    /// Bytes that may leave, in this datagram and in those that share the limit.
    private var budget: Int

    /// The first reply is always sent; what would make the datagram larger than `limit` is not.
    init(limit: Int = Limits.signalingDatagramSize) {
        budget = limit
        self.limit = min(limit, Limits.signalingDatagramSize) - Service.serverOverhead
    }

    /// Lets another datagram leave under the limit of this one; false if it may not.
    mutating func share(_ other: Answer) -> Bool {
        guard writer.count + Service.serverOverhead + other.size <= budget else { return false }
        budget -= other.size
        limit = min(limit, budget - Service.serverOverhead)
        return true
    }

    var bytes: [UInt8] { writer.bytes }
    var isEmpty: Bool { writer.count == 0 }
    /// Of the datagram.
    var size: Int { writer.count + Service.serverOverhead }
    /// Bytes that the limit leaves.
    var unspent: Int { max(0, budget - (isEmpty ? 0 : size)) }

    mutating func add(_ reply: SignalingReply) {
        let end = writer.count
        writer.reply(reply)
        if end > 0, writer.count > limit { writer.truncate(to: end) }
    }
}

extension Span<UInt8> {
    /// The registration that a CLIENT datagram names.
    fileprivate var registrationNumber: UInt64 {
        (1...8).reduce(0) { $0 << 8 | UInt64(self[$1]) }
    }
}
