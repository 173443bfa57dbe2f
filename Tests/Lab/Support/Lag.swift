import CLab
import Foundation
import Glibc
import PinholeWire

/// A thread that holds every packet of the backbone back for a while, and keeps a copy if told so.
final class Lag {
    private let tun: Int32
    private let stopper: Int32
    private let record: Int32
    private let done = DispatchSemaphore(value: 0)

    init(in namespace: Namespace, delay: Duration, recordingTo path: String?) throws(LabError) {
        var ends: [Int32] = [0, 0]
        guard lab_pipe(&ends) == 0 else { throw LabError.system("make a pipe") }
        let tun = try namespace.enter { () throws(LabError) in
            let tun = lab_open_tun("lag")
            guard tun >= 0 else { throw LabError.system("open the TUN device lag") }
            return tun
        }
        let record = path.map { Glibc.open($0, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) } ?? -1
        guard record >= 0 || path == nil else { throw LabError.system("make the record") }
        let (stop, nanoseconds, done) = (ends[0], UInt64(delay / .nanoseconds(1)), done)
        let thread = Thread {
            _ = lab_run_lag(tun, stop, nanoseconds, record)
            Glibc.close(stop)
            done.signal()
        }
        thread.start()
        (self.tun, self.record, stopper) = (tun, record, ends[1])
    }

    func stop() {
        Glibc.close(stopper)
        done.wait()
        Glibc.close(tun)
        if record >= 0 { Glibc.close(record) }
    }

    /// Everything that has crossed the backbone so far.
    func recorded() throws(LabError) -> [Packet] {
        guard lseek(record, 0, SEEK_SET) == 0, let bytes = try? FileHandle(fileDescriptor: record).readToEnd() else {
            throw LabError.system("read the record")
        }
        var packets: [Packet] = []
        var rest = bytes[...]
        while rest.count >= 2 {
            let size = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            guard rest.count >= 2 + size else { break }
            packets.append(Packet(bytes: Array(rest.dropFirst(2).prefix(size))))
            rest = rest.dropFirst(2 + size)
        }
        return packets
    }

    /// Lets a packet appear on the backbone, on its way to its destination, whatever source it claims.
    func inject(_ packet: Packet) {
        _ = packet.bytes.withUnsafeBytes { write(tun, $0.baseAddress, $0.count) }
    }
}

/// An IPv4 packet that carries UDP, as it crossed the backbone.
struct Packet {
    let bytes: [UInt8]

    private static let headers = 20 + 8

    /// Whether it is IPv4 without options, and UDP.
    var isUDP: Bool { bytes.count >= Self.headers && bytes[0] == 0x45 && bytes[9] == 17 }
    var payload: ArraySlice<UInt8> { bytes.dropFirst(Self.headers) }
    var source: TransportAddress { address(at: 12, port: 20) }
    var destination: TransportAddress { address(at: 16, port: 22) }

    /// The same packet with another payload and without UDP checksum, which IPv4 allows.
    func carrying(_ payload: some Collection<UInt8>) -> Packet {
        var bytes = Array(bytes.prefix(Self.headers)) + payload
        bytes.set(UInt16(bytes.count), at: 2)
        bytes.set(UInt16(bytes.count - 20), at: 24)
        bytes.set(0, at: 26)
        bytes.set(0, at: 10)
        var sum = stride(from: 0, to: 20, by: 2).reduce(UInt32(0)) {
            $0 + UInt32(bytes[$1]) << 8 + UInt32(bytes[$1 + 1])
        }
        while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
        bytes.set(~UInt16(sum), at: 10)
        return Packet(bytes: bytes)
    }

    private func address(at offset: Int, port: Int) -> TransportAddress {
        let bits = bytes[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return TransportAddress(IPAddress(v4: bits), port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1]))
    }
}

extension [UInt8] {
    fileprivate mutating func set(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(value & 0xff)
    }
}
