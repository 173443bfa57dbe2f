import CDatagram
import Glibc
import PinholeWire
import Testing

@testable import Pinhole

@Suite("Runs of datagrams")
struct DatagramRunTests {
    private let sender: DatagramSocket
    private let receiver: DatagramSocket
    private let destination: TransportAddress

    init() throws {
        let queues = SendQueuePool(limit: 2)
        sender = try DatagramSocket(family: .v4, port: 0, isLoopback: true, queues: queues)
        receiver = try DatagramSocket(family: .v4, port: 0, isLoopback: true, queues: queues)
        destination = TransportAddress(IPAddress(v4: 0x7f00_0001), port: receiver.port)
    }

    /// Datagrams of one size back to back, the last one shorter: each byte tells which it belongs to.
    private func run(_ count: Int, of size: Int, last: Int) -> [UInt8] {
        (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: $0 == count - 1 ? last : size) }
    }

    private func arrivals() throws -> [[UInt8]] {
        let batch = try #require(datagram_batch_create(64, 65_536))
        defer { datagram_batch_destroy(batch) }
        var datagrams: [[UInt8]] = []
        // Loopback delivers before the call that sends returns.
        receiver.receive(through: batch) { datagram, _, _ in datagrams.append([UInt8](copying: datagram)) }
        return datagrams
    }

    private func expectRun(_ arrivals: [[UInt8]], _ count: Int, of size: Int, last: Int) {
        #expect(arrivals.count == count)
        for (index, datagram) in arrivals.enumerated() {
            #expect(datagram == [UInt8](repeating: UInt8(index), count: index == count - 1 ? last : size))
        }
    }

    /// The kernel cuts nothing whose checksums it is not to make.
    private func refuseRuns(_ isOn: Bool) {
        var value: Int32 = isOn ? 1 : 0
        let size = socklen_t(MemoryLayout.size(ofValue: value))
        #expect(setsockopt(sender.descriptor, SOL_SOCKET, SO_NO_CHECK, &value, size) == 0)
    }

    @Test("a run leaves at once, and arrives as the datagrams that it holds")
    func sends() throws {
        sender.send(run(40, of: 1200, last: 77).span, of: 1200, to: destination)
        #expect(!sender.hasQueued)
        expectRun(try arrivals(), 40, of: 1200, last: 77)
        #expect(sender.statistics.sent == 40 && sender.statistics.errors.isEmpty)
    }

    @Test("where the kernel refuses runs they are sent datagram by datagram, and are not tried each time")
    func fallsBack() throws {
        refuseRuns(true)
        for _ in 0..<3 {
            sender.send(run(40, of: 1200, last: 77).span, of: 1200, to: destination)
            sender.flush()
            expectRun(try arrivals(), 40, of: 1200, last: 77)
        }
        #expect(sender.statistics.sent == 120 && sender.statistics.errors.isEmpty)
        // Later the kernel may think otherwise, and is asked again.
        refuseRuns(false)
        for round in 0..<10 {
            sender.send(run(40, of: 1200, last: 77).span, of: 1200, to: destination)
            if round == 9 { #expect(!sender.hasQueued) }
            sender.flush()
            expectRun(try arrivals(), 40, of: 1200, last: 77)
        }
    }

    @Test("a way that cannot make the checksums of runs ends them for long, and not for ever")
    func noChecksums() throws {
        sender.runRefused(EIO)
        // What else is refused meanwhile makes that no shorter.
        sender.runRefused(EINVAL)
        #expect(sender.runPause == 65_536)
        sender.send(run(40, of: 1200, last: 77).span, of: 1200, to: destination)
        sender.flush()
        expectRun(try arrivals(), 40, of: 1200, last: 77)
        #expect(sender.runPause == 65_536 - 40)
        sender.runPause = 0
        sender.send(run(40, of: 1200, last: 77).span, of: 1200, to: destination)
        #expect(!sender.hasQueued)
        expectRun(try arrivals(), 40, of: 1200, last: 77)
    }

    @Test("a run that is longer than one call can send is sent all the same")
    func longRun() throws {
        sender.send(run(100, of: 500, last: 500).span, of: 500, to: destination)
        sender.flush()
        expectRun(try arrivals(), 100, of: 500, last: 500)
    }

    @Test("a run waits behind what is queued already")
    func order() throws {
        sender.send([99].span, to: destination)
        sender.send(run(3, of: 10, last: 10).span, of: 10, to: destination)
        sender.flush()
        #expect(try arrivals().map { $0[0] } == [99, 0, 1, 2])
    }
}
