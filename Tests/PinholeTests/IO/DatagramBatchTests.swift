import CDatagram
import Glibc
import Testing

/// The C wrappers as the signaling service uses them: without a loop.
@Suite("batches of datagrams")
struct DatagramBatchTests {
    private static let wildcard = datagram_ip(high: 0, low: 0, family: 4)

    private func wait(for descriptor: Int32) {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        #expect(wait_ready(&polled, 1, 10_000_000_000) == 1)
    }

    @Test("an answer can leave from the address that was asked")
    func localAddress() throws {
        let server = datagram_open(Self.wildcard, 0, 65_536, Int32(DATAGRAM_LOCAL_ADDRESS))
        let client = datagram_open(datagram_ip(high: 0, low: 0x7f00_0001, family: 4), 0, 65_536, 0)
        defer {
            close(server)
            close(client)
        }
        let batch = try #require(datagram_batch_create(4, 2048))
        defer { datagram_batch_destroy(batch) }
        let slots = try #require(datagram_batch_slots(batch))

        // 127.0.0.2 is this machine too.
        slots[0].remote = datagram_ip(high: 0, low: 0x7f00_0002, family: 4)
        slots[0].port = UInt16(datagram_local_port(server))
        slots[0].bytes[0] = 42
        slots[0].length = 1
        #expect(datagram_batch_send(batch, client, 0, 1) == 1)

        wait(for: server)
        #expect(datagram_batch_receive(batch, server) == 1)
        #expect(slots[0].local.low == 0x7f00_0002)
        #expect(slots[0].remote.low == 0x7f00_0001 && slots[0].bytes[0] == 42)
        // The slot is its own answer: both addresses are where they must be.
        #expect(datagram_batch_send(batch, server, 0, 1) == 1)

        slots[0].local.family = 0
        wait(for: client)
        #expect(datagram_batch_receive(batch, client) == 1)
        #expect(slots[0].remote.low == 0x7f00_0002)
    }

    @Test("a datagram longer than its slot is marked, and nothing waiting is EAGAIN")
    func truncated() throws {
        let descriptor = datagram_open(datagram_ip(high: 0, low: 0x7f00_0001, family: 4), 0, 65_536, 0)
        defer { close(descriptor) }
        let large = try #require(datagram_batch_create(1, 100))
        let small = try #require(datagram_batch_create(1, 10))
        defer {
            datagram_batch_destroy(large)
            datagram_batch_destroy(small)
        }
        #expect(datagram_batch_receive(small, descriptor) == -EAGAIN)
        let slots = try #require(datagram_batch_slots(large))
        slots[0].remote = datagram_ip(high: 0, low: 0x7f00_0001, family: 4)
        slots[0].port = UInt16(datagram_local_port(descriptor))
        slots[0].length = 11
        #expect(datagram_batch_send(large, descriptor, 0, 1) == 1)
        wait(for: descriptor)
        #expect(datagram_batch_receive(small, descriptor) == 1)
        #expect(datagram_batch_slots(small)?.pointee.truncated == true)
    }

    @Test("the number that were sent tells which one failed")
    func partial() throws {
        let descriptor = datagram_open(datagram_ip(high: 0, low: 0x7f00_0001, family: 4), 0, 65_536, 0)
        defer { close(descriptor) }
        let batch = try #require(datagram_batch_create(3, 64))
        defer { datagram_batch_destroy(batch) }
        let slots = try #require(datagram_batch_slots(batch))
        for index in 0..<3 {
            slots[index].remote = datagram_ip(high: 0, low: 0x7f00_0001, family: 4)
            slots[index].port = index == 1 ? 0 : UInt16(datagram_local_port(descriptor))
            slots[index].length = 1
        }
        #expect(datagram_batch_send(batch, descriptor, 0, 3) == 1)
        #expect(datagram_batch_send(batch, descriptor, 1, 2) == -EINVAL)
        #expect(datagram_batch_send(batch, descriptor, 2, 1) == 1)
    }
}
