import CEmulator

/// One direction of an emulated link, in a time of its own. Packets are IP packets without a frame around them.
final class Line {
    private let link: OpaquePointer
    private(set) var now: Duration = .zero
    /// What has come out, and when.
    private(set) var arrivals: [Arrival] = []

    struct Arrival: Equatable {
        let time: Duration
        let bytes: [UInt8]

        var number: Int { TestPacket.number(of: bytes) }
    }

    init(_ words: String, seed: UInt64 = 1) throws {
        link = link_make(0, seed)
        try set(words)
    }

    deinit { link_free(link) }

    /// A word that the emulator does not understand.
    struct Wrong: Error, Equatable { let word: String }

    func set(_ words: String) throws {
        var conditions = link_get(link)
        var seed = UInt64.max
        if let wrong = link_parse(words, &conditions, &seed) { throw Wrong(word: String(cString: wrong)) }
        link_set(link, &conditions, nanoseconds)
        if seed != .max { link_seed(link, seed) }
    }

    var conditions: link_conditions { link_get(link) }
    var counters: link_counters { link_count(link) }

    func send(_ packet: [UInt8]) {
        link_arrive(link, packet, packet.count, nanoseconds)
    }

    /// Sends numbered packets of `size` bytes, one each `interval`.
    func send(_ count: Int, size: Int = 1500, every interval: Duration = .zero) {
        var packet = TestPacket.udp(0, size: size)
        for number in 0..<count {
            TestPacket.set(number, in: &packet)
            send(packet)
            run(until: now + interval)
        }
    }

    /// Takes out what comes out, at the times at which the link says that something does.
    func run(until end: Duration = .seconds(3600)) {
        while true {
            var length = 0
            while let bytes = link_leave(link, nanoseconds, &length) {
                arrivals.append(Arrival(time: now, bytes: Array(UnsafeBufferPointer(start: bytes, count: length))))
            }
            let due = link_due(link)
            guard due <= UInt64(end / .nanoseconds(1)) else { break }
            now = .nanoseconds(Int64(due))
        }
        if end < .seconds(3600) { now = max(now, end) }
    }

    private var nanoseconds: UInt64 { UInt64(now / .nanoseconds(1)) }
}

/// IP packets with right checksums.
enum TestPacket {
    /// UDP over IPv4, `size` bytes in all, that carries a number and then noise.
    static func udp(_ number: Int, size: Int = 1500, ecn: UInt8 = 0, protocol: UInt8 = 17) -> [UInt8] {
        let payload = (28..<size).map { UInt8(truncatingIfNeeded: $0 < 32 ? number >> (8 * ($0 - 28)) : $0 &* 31) }
        let length = payload.count + 8
        let udp = [0x10, 0x01, 0x20, 0x02, UInt8(length >> 8), UInt8(length & 255), 0, 0] + payload
        let addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1]
        var ip = [0x45, ecn, UInt8(size >> 8), UInt8(size & 255), 0, 0, 0, 0, 64, `protocol`, 0, 0] + addresses
        ip.set(checksum(ip), at: 10)
        var datagram = udp
        datagram.set(checksum(addresses + [0, `protocol`, udp[4], udp[5]] + udp), at: 6)
        return ip + datagram
    }

    /// UDP over IPv6.
    static func udp6(size: Int, ecn: UInt8 = 0) -> [UInt8] {
        let length = size - 40
        var udp = [0x10, 0x01, 0x20, 0x02, UInt8(length >> 8), UInt8(length & 255), 0, 0]
        udp += (8..<length).map { UInt8(truncatingIfNeeded: $0 &* 17) }
        let addresses = [UInt8](repeating: 0x20, count: 32)
        udp.set(checksum(addresses + [0, 0, udp[4], udp[5], 0, 0, 0, 17] + udp), at: 6)
        return [0x60, ecn << 4, 0, 0, udp[4], udp[5], 17, 64] + addresses + udp
    }

    /// The same with a checksum that is only right for 0, which costs less to make.
    static func numbered(_ number: Int, size: Int) -> [UInt8] {
        var packet = udp(0, size: size)
        set(number, in: &packet)
        return packet
    }

    static func set(_ number: Int, in packet: inout [UInt8]) {
        for index in 0..<4 { packet[28 + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    }

    static func number(of packet: [UInt8]) -> Int { (0..<4).reduce(0) { $0 | Int(packet[28 + $1]) << (8 * $1) } }

    /// Whether the sums of the IPv4 header, and of UDP in either family, are right.
    static func isIntact(_ packet: [UInt8]) -> Bool {
        if packet[0] >> 4 == 6 {
            return checksum(Array(packet[8..<40]) + [0, 0, packet[4], packet[5], 0, 0, 0, 17] + packet[40...]) == 0
        }
        let pseudo = Array(packet[12..<20]) + [0, packet[9], packet[24], packet[25]]
        return checksum(Array(packet[..<20])) == 0 && checksum(pseudo + packet[20...]) == 0
    }

    /// RFC 1071.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = stride(from: 0, to: bytes.count, by: 2).reduce(UInt32(0)) {
            $0 + UInt32(bytes[$1]) << 8 + ($1 + 1 < bytes.count ? UInt32(bytes[$1 + 1]) : 0)
        }
        while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
        return ~UInt16(sum)
    }
}

extension [UInt8] {
    fileprivate mutating func set(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(value & 0xff)
    }
}
