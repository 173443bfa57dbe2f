/// The layout of the four signaling datagrams around their sealed parts. All of them are drawn in `Protocol.md` §4.
///
/// ```
/// REGISTER   0xD1 | ver=1 | e[32] | nonce[12] | AEAD(pt)            padded to 256 bytes or more
/// CHALLENGE  0xD2 | nonce[12] | AEAD(pt)                            stateless, smaller than any REGISTER
/// CLIENT     0xD3 | registration[8] | pn:u32 | AEAD(frames)
/// SERVER     0xD4 | registration[8] | pn:u32 | AEAD(frames)
/// ```
package enum SignalingLayout {
    package static let registerHeader = 2 + 32 + 12
    package static let challengeHeader = 1 + 12
    package static let clientHeader = 1 + 8 + 4
    package static let serverHeader = 1 + 8 + 4
    package static let cookieSize = 16
}

/// A rendezvous tag: 16 bytes that only the two of a pair can compute, another each day.
package struct RendezvousTag: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `bytes` holds 16.
    package init(_ bytes: some Collection<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes.prefix(16) {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
        self.init(high: high, low: low)
    }
}

/// One line of a registration: "here I am, as this side of this pair".
package struct TagEntry: Hashable, Sendable {
    package var tag: RendezvousTag
    package var side: Role
    /// Asks for APPEARED as soon as the other side registers, and for VANISHED when it does no more.
    package var watch: Bool

    package init(tag: RendezvousTag, side: Role, watch: Bool) {
        self.tag = tag
        self.side = side
        self.watch = watch
    }
}

/// The plaintext of REGISTER: cookie[16] (zero at first) ‖ token length:u8 ‖ token ‖ count:u8 ‖ (tag[16] ‖ flags:u8)* ‖ 0*.
package struct RegisterBody: Equatable, Sendable {
    package var cookie: [UInt8]
    package var token: [UInt8]
    package var tags: [TagEntry]

    package init(cookie: [UInt8], token: [UInt8], tags: [TagEntry]) {
        self.cookie = cookie
        self.token = token
        self.tags = tags
    }

    package init(_ plaintext: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(plaintext)
        cookie = try reader.array(SignalingLayout.cookieSize)
        token = try reader.array(Int(try reader.u8()))
        tags = try reader.tags()
    }

    /// Padded so that the whole datagram has at least ``Limits/registerSize`` bytes.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Limits.registerSize)
        writer.append(cookie)
        writer.u8(UInt8(token.count))
        writer.append(token)
        writer.tags(tags)
        writer.zeros(Limits.registerSize - SignalingLayout.registerHeader - 16 - writer.count)
        return writer.bytes
    }
}

/// The plaintext of CHALLENGE: cookie[16] ‖ time:u64 (unix milliseconds) ‖ observed address.
package struct ChallengeBody: Equatable, Sendable {
    package var cookie: [UInt8]
    package var time: UInt64
    package var observed: TransportAddress

    package init(cookie: [UInt8], time: UInt64, observed: TransportAddress) {
        self.cookie = cookie
        self.time = time
        self.observed = observed
    }

    package init(_ plaintext: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(plaintext)
        cookie = try reader.array(SignalingLayout.cookieSize)
        time = try reader.u64()
        observed = try reader.address()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 48)
        writer.append(cookie)
        writer.u64(time)
        writer.address(observed)
        return writer.bytes
    }
}

extension ByteWriter {
    /// count:u8 ‖ (tag[16] ‖ flags:u8)*; flags: bit 0 the side, bit 7 watch.
    package mutating func tags(_ tags: [TagEntry]) {
        precondition(tags.count <= Limits.maxTagsPerMessage, "more tags than one message may carry")
        u8(UInt8(tags.count))
        for entry in tags { tag(entry) }
    }

    fileprivate mutating func tag(_ entry: TagEntry) {
        tag(entry.tag)
        u8(entry.side.rawValue | (entry.watch ? 0x80 : 0))
    }

    fileprivate mutating func tag(_ tag: RendezvousTag) {
        u64(tag.high)
        u64(tag.low)
    }
}

extension ByteReader {
    package mutating func tags() throws(WireError) -> [TagEntry] {
        let count = Int(try u8())
        guard count <= Limits.maxTagsPerMessage else { throw .tooLong }
        var tags: [TagEntry] = []
        tags.reserveCapacity(count)
        for _ in 0..<count { tags.append(try tagEntry()) }
        return tags
    }

    fileprivate mutating func tagEntry() throws(WireError) -> TagEntry {
        let tag = try tag()
        let flags = try u8()
        guard let side = Role(rawValue: flags & 0x7f) else { throw .malformed }
        return TagEntry(tag: tag, side: side, watch: flags & 0x80 != 0)
    }

    fileprivate mutating func tag() throws(WireError) -> RendezvousTag {
        RendezvousTag(high: try u64(), low: try u64())
    }
}

/// What a registered client says (inside CLIENT).
package enum SignalingRequest: Equatable, Sendable {
    /// Extends the registration; answered by REGISTERED.
    case refresh
    /// Replaces (`first`) or extends the list of tags; answered by REGISTERED.
    case tags([TagEntry], first: Bool)
    /// Introduces the sender to the other side of a tag; answered by PEER or ABSENT.
    case connect(tag: RendezvousTag, side: Role, blob: [UInt8])
    /// The callee's blob, forwarded to the caller as PEER.
    case answer(tag: RendezvousTag, side: Role, blob: [UInt8])
    case unregister
    case ping(UInt64)
}

/// What the service says to a registered client (inside SERVER).
package enum SignalingReply: Equatable, Sendable {
    case registered(Registered)
    /// The other side of a tag: its observed addresses and, when it sent one, its blob.
    case peer(tag: RendezvousTag, observed: [TransportAddress], blob: [UInt8])
    case absent(tag: RendezvousTag)
    /// A watched tag's other side has registered.
    case appeared(tag: RendezvousTag)
    /// A watched tag's other side is registered no more.
    case vanished(tag: RendezvousTag)
    /// A sentence from the operator, UTF-8.
    case notice([UInt8])
    /// The service is about to stop; register elsewhere or later.
    case draining
    case pong(UInt64)

    package struct Registered: Equatable, Sendable {
        package var registration: UInt64
        /// Seconds until the registration ends unless refreshed.
        package var lifetime: UInt16
        /// Unix milliseconds by the service's clock.
        package var time: UInt64
        package var observed: TransportAddress
        /// Further ports of the same address, for measuring a NAT.
        package var alternatePorts: [UInt16]
        /// The service's second address of this family, where it has one.
        package var secondAddress: TransportAddress?

        package init(
            registration: UInt64, lifetime: UInt16, time: UInt64, observed: TransportAddress,
            alternatePorts: [UInt16], secondAddress: TransportAddress? = nil
        ) {
            self.registration = registration
            self.lifetime = lifetime
            self.time = time
            self.observed = observed
            self.alternatePorts = alternatePorts
            self.secondAddress = secondAddress
        }
    }
}
