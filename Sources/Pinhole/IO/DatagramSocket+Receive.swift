import CDatagram
import Glibc
import PinholeWire

/// From the kernel.
extension DatagramSocket {
    /// Takes one batch of what has arrived.
    func receive(
        through batch: OpaquePointer,
        _ body: (_ datagram: Span<UInt8>, _ source: TransportAddress, _ ecn: ECNCodepoint) -> Void
    ) {
        guard descriptor >= 0, let slots = datagram_batch_slots(batch) else { return }
        let result = datagram_batch_receive(batch, descriptor)
        guard result >= 0 else {
            if result != -EAGAIN {
                fail(-result, 1)
                if Self.isDeath(-result) { die(-result) }
            }
            return
        }
        for index in 0..<Int(result) {
            deliver(slots[index], body)
        }
        if !hasLargeBuffers, statistics.received >= Self.traffic {
            datagram_set_buffers(descriptor, Self.bufferSize)
            hasLargeBuffers = true
        }
    }

    /// Datagrams received by which a socket has shown that it carries more than probes.
    private static let traffic = 256

    private func deliver(
        _ slot: datagram_slot,
        _ body: (_ datagram: Span<UInt8>, _ source: TransportAddress, _ ecn: ECNCodepoint) -> Void
    ) {
        guard !slot.truncated else {
            statistics.truncated += 1
            return
        }
        let source = TransportAddress(IPAddress(slot.remote), port: slot.port)
        let bytes = Span(_unsafeStart: slot.bytes, count: Int(slot.length))
        let ecn = ECNCodepoint(rawValue: slot.ecn) ?? .notECT
        let size = slot.segment == 0 ? bytes.count : Int(slot.segment)
        var offset = 0
        repeat {
            let end = min(offset + size, bytes.count)
            statistics.received += 1
            body(bytes.extracting(offset..<end), source, ecn)
            offset = end
        } while offset < bytes.count
    }
}
