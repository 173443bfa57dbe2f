internal import PinholeCrypto
package import PinholeWire

/// A datagram that waits in an endpoint's arena: where it goes, and where it lies.
package struct OutgoingDatagram: Sendable {
    package let route: Route
    package let ecn: ECNCodepoint
    fileprivate let offset: Int
    /// Its size in bytes.
    package let count: Int
}

/// Datagrams that lie back to back in an endpoint's arena, and go the same way.
package struct OutgoingRun: Sendable {
    package let route: Route
    package let ecn: ECNCodepoint
    fileprivate let offset: Int
    /// Bytes of all of them.
    package fileprivate(set) var count: Int
    /// Bytes of each; the last may be shorter.
    package let size: Int
    /// How many they are.
    package fileprivate(set) var datagrams = 1

    /// The largest payload of a UDP datagram over IPv4, and so of a run; and UDP_MAX_SEGMENTS of Linux before 6.9.
    package static let maxCount = 65_507
    package static let maxDatagrams = 64
}

/// The datagrams that are to leave next, back to back in memory that is used again once all of them were taken.
///
/// A packet is written where it leaves from: ``beginPacket(in:)`` leaves room for the header, the frames follow, and
/// ``seal(_:from:_:_:to:)`` seals it in place and lets it go. One packet at a time; one that is not to be sent after all
/// is truncated.
final class DatagramArena {
    /// What was written in this round. Only packets that are begun write here.
    var writer = ByteWriter(capacity: DatagramArena.capacity)
    private var datagrams: [OutgoingDatagram] = []
    private var taken = 0

    /// Two runs of the longest that leave at once: more would have left the cache before it leaves the machine.
    private static let capacity = 128 * 1024
    /// Bytes with which a connection lets others have their turn. Single datagrams are added all the same.
    static let full = capacity - 16 * 1024

    /// Begins a session packet and returns where: its header has room before the frames, which come next.
    static func beginPacket(in writer: inout ByteWriter) -> Int {
        let start = writer.count
        writer.zeros(SessionKeys.headerSize)
        return start
    }

    /// The bytes of frames that the packet has so far.
    static func plaintextCount(of writer: ByteWriter, from start: Int) -> Int {
        writer.count - start - SessionKeys.headerSize
    }

    /// Seals the packet that ``writer``, which may be lent, holds from `start` on, and lets it go.
    func seal(
        _ writer: inout ByteWriter, from start: Int, _ packet: WrittenPacket, _ keys: Epochs, to route: Route
    ) {
        keys.seal(&writer, from: start, packetNumber: packet.number)
        datagrams.append(
            OutgoingDatagram(route: route, ecn: packet.ecn, offset: start, count: writer.count - start))
    }

    /// Adds a datagram that was made elsewhere.
    func append(_ datagram: [UInt8], to route: Route) {
        datagrams.append(OutgoingDatagram(route: route, ecn: .notECT, offset: writer.count, count: datagram.count))
        writer.append(datagram)
    }

    /// The oldest that was not taken yet; nil, and the memory is free again, after all were.
    func takeNext() -> OutgoingDatagram? {
        guard taken < datagrams.count else {
            datagrams.removeAll(keepingCapacity: true)
            writer.removeAll()
            taken = 0
            return nil
        }
        defer { taken += 1 }
        return datagrams[taken]
    }

    /// Takes what follows the datagram that was taken last, as far as one call can send it all (udp(7), UDP_SEGMENT).
    func takeRun(from first: OutgoingDatagram) -> OutgoingRun {
        var run = OutgoingRun(
            route: first.route, ecn: first.ecn, offset: first.offset, count: first.count, size: first.count)
        while taken < datagrams.count, run.count == run.datagrams * run.size, run.datagrams < OutgoingRun.maxDatagrams,
            datagrams[taken].count > 0, datagrams[taken].count <= run.size,
            run.count + datagrams[taken].count <= OutgoingRun.maxCount, datagrams[taken].route == run.route,
            datagrams[taken].ecn == run.ecn
        {
            run.count += datagrams[taken].count
            run.datagrams += 1
            taken += 1
        }
        return run
    }

    /// Where datagrams lie; nothing may be written until these were used.
    func bytes(of run: OutgoingRun) -> UnsafeBufferPointer<UInt8> {
        unsafe writer.bytes.withUnsafeBufferPointer { buffer in
            unsafe UnsafeBufferPointer(rebasing: buffer[run.offset..<run.offset + run.count])
        }
    }

    /// Where a datagram lies; nothing may be written until these were used.
    func bytes(of datagram: OutgoingDatagram) -> UnsafeBufferPointer<UInt8> {
        unsafe writer.bytes.withUnsafeBufferPointer { buffer in
            unsafe UnsafeBufferPointer(rebasing: buffer[datagram.offset..<datagram.offset + datagram.count])
        }
    }
}
