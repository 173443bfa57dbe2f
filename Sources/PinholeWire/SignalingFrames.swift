/// The type bytes of what is said inside CLIENT (below 0x80) and SERVER (from 0x80).
private enum SignalingType {
    static let padding: UInt8 = 0x00
    static let refresh: UInt8 = 0x01
    static let tags: UInt8 = 0x02
    static let connect: UInt8 = 0x03
    static let answer: UInt8 = 0x04
    static let unregister: UInt8 = 0x05
    static let ping: UInt8 = 0x06
    static let registered: UInt8 = 0x81
    static let peer: UInt8 = 0x82
    static let absent: UInt8 = 0x83
    static let notice: UInt8 = 0x84
    static let draining: UInt8 = 0x85
    static let pong: UInt8 = 0x86
    static let appeared: UInt8 = 0x87
    static let vanished: UInt8 = 0x88
}

extension SignalingRequest {
    /// Reads the next request, or `nil` where only padding is left.
    package init?(_ reader: inout ByteReader) throws(WireError) {
        guard let type = try reader.signalingType() else { return nil }
        switch type {
        case SignalingType.refresh: self = .refresh
        case SignalingType.tags:
            let first = try reader.u8() != 0
            self = .tags(try reader.tags(), first: first)
        case SignalingType.connect:
            let (tag, side, blob) = try reader.introduction()
            self = .connect(tag: tag, side: side, blob: blob)
        case SignalingType.answer:
            let (tag, side, blob) = try reader.introduction()
            self = .answer(tag: tag, side: side, blob: blob)
        case SignalingType.unregister: self = .unregister
        case SignalingType.ping: self = .ping(try reader.u64())
        default: throw .unknownType
        }
    }
}

extension SignalingReply {
    /// Reads the next reply, or `nil` where only padding is left.
    package init?(_ reader: inout ByteReader) throws(WireError) {
        guard let type = try reader.signalingType() else { return nil }
        switch type {
        case SignalingType.registered: self = .registered(try reader.registered())
        case SignalingType.peer:
            let tag = try reader.rendezvousTag()
            var observed: [TransportAddress] = []
            let count = Int(try reader.u8())
            guard count <= 4 else { throw .tooLong }
            for _ in 0..<count { observed.append(try reader.address()) }
            self = .peer(tag: tag, observed: observed, blob: try reader.blob())
        case SignalingType.absent: self = .absent(tag: try reader.rendezvousTag())
        case SignalingType.appeared: self = .appeared(tag: try reader.rendezvousTag())
        case SignalingType.vanished: self = .vanished(tag: try reader.rendezvousTag())
        case SignalingType.notice: self = .notice(try reader.blob())
        case SignalingType.draining: self = .draining
        case SignalingType.pong: self = .pong(try reader.u64())
        default: throw .unknownType
        }
    }
}

extension ByteWriter {
    package mutating func request(_ request: SignalingRequest) {
        switch request {
        case .refresh:
            u8(SignalingType.refresh)
        case .tags(let entries, let first):
            u8(SignalingType.tags)
            u8(first ? 1 : 0)
            tags(entries)
        case .connect(let tag, let side, let blob):
            introduction(SignalingType.connect, tag, side, blob)
        case .answer(let tag, let side, let blob):
            introduction(SignalingType.answer, tag, side, blob)
        case .unregister:
            u8(SignalingType.unregister)
        case .ping(let data):
            u8(SignalingType.ping)
            u64(data)
        }
    }

    package mutating func reply(_ reply: SignalingReply) {
        switch reply {
        case .registered(let registered):
            u8(SignalingType.registered)
            self.registered(registered)
        case .peer(let tag, let observed, let blob):
            u8(SignalingType.peer)
            rendezvousTag(tag)
            u8(UInt8(min(observed.count, 4)))
            for address in observed.prefix(4) { self.address(address) }
            self.blob(blob)
        case .absent(let tag):
            u8(SignalingType.absent)
            rendezvousTag(tag)
        case .appeared(let tag):
            u8(SignalingType.appeared)
            rendezvousTag(tag)
        case .vanished(let tag):
            u8(SignalingType.vanished)
            rendezvousTag(tag)
        case .notice(let text):
            u8(SignalingType.notice)
            blob(text)
        case .draining:
            u8(SignalingType.draining)
        case .pong(let data):
            u8(SignalingType.pong)
            u64(data)
        }
    }

    private mutating func rendezvousTag(_ tag: RendezvousTag) {
        u64(tag.high)
        u64(tag.low)
    }

    private mutating func blob(_ blob: [UInt8]) {
        u16(UInt16(blob.count))
        append(blob)
    }

    private mutating func introduction(_ type: UInt8, _ tag: RendezvousTag, _ side: Role, _ blob: [UInt8]) {
        u8(type)
        rendezvousTag(tag)
        u8(side.rawValue)
        self.blob(blob)
    }

    private mutating func registered(_ value: SignalingReply.Registered) {
        u64(value.registration)
        u16(value.lifetime)
        u64(value.time)
        address(value.observed)
        u8(UInt8(value.alternatePorts.count))
        for port in value.alternatePorts { u16(port) }
        if let second = value.secondAddress {
            u8(1)
            address(second)
        } else {
            u8(0)
        }
    }
}

extension ByteReader {
    fileprivate mutating func signalingType() throws(WireError) -> UInt8? {
        while !isAtEnd {
            let type = try u8()
            if type != SignalingType.padding { return type }
        }
        return nil
    }

    fileprivate mutating func rendezvousTag() throws(WireError) -> RendezvousTag {
        RendezvousTag(high: try u64(), low: try u64())
    }

    fileprivate mutating func blob() throws(WireError) -> [UInt8] {
        let length = Int(try u16())
        guard length <= Limits.maxBlob else { throw .tooLong }
        return try array(length)
    }

    fileprivate mutating func introduction() throws(WireError) -> (RendezvousTag, Role, [UInt8]) {
        let tag = try rendezvousTag()
        guard let side = Role(rawValue: try u8()) else { throw .malformed }
        return (tag, side, try blob())
    }

    fileprivate mutating func registered() throws(WireError) -> SignalingReply.Registered {
        let registration = try u64()
        let lifetime = try u16()
        let time = try u64()
        let observed = try address()
        let count = Int(try u8())
        guard count <= 16 else { throw .tooLong }
        var ports: [UInt16] = []
        for _ in 0..<count { ports.append(try u16()) }
        let second = try u8() == 1 ? try address() : nil
        // To port 0 nothing can be sent, whoever says so.
        ports.removeAll { $0 == 0 }
        return SignalingReply.Registered(
            registration: registration, lifetime: lifetime, time: time, observed: observed, alternatePorts: ports,
            secondAddress: second.flatMap { $0.port == 0 ? nil : $0 })
    }
}
