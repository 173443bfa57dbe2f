import PinholeCore
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

/// Takes the numbers that come.
private final class Sink: LoopDelegate {
    let numbers = Mutex<[UInt16]>([])

    func receive(_ datagram: Span<UInt8>, from source: Route, ecn: ECNCodepoint, at now: Instant) {
        let number = UInt16(datagram[0]) << 8 | UInt16(datagram[1])
        numbers.withLock { $0.append(number) }
    }

    func refused(_ size: Int, over route: Route, at now: Instant) {}

    func drain(at now: Instant) -> Instant? { nil }

    func addressesChanged(at now: Instant) {}
}

@Suite("nodes in memory", .timeLimit(.minutes(10)))
struct MemoryNetworkTests {
    @Test("what is lost depends on the seed alone")
    func losses() async throws {
        /// Which of a thousand datagrams arrive.
        func arrived(_ seed: UInt64) async -> [UInt16] {
            let network = MemoryNetwork(loss: 0.5, seed: seed)
            let (source, destination) = (network.join(), network.join())
            let sink = Sink()
            _ = destination.start(sink)
            for number in UInt16(0)..<1000 {
                network.carry(
                    [UInt8(number >> 8), UInt8(number & 255)], from: TransportAddress(source.ip, port: MemoryLoop.port),
                    to: TransportAddress(destination.ip, port: MemoryLoop.port))
            }
            destination.stop()
            return sink.numbers.withLock { $0 }
        }
        let first = await arrived(7)
        #expect((400...600).contains(first.count))
        #expect(await arrived(7) == first)
        #expect(await arrived(8) != first)
    }

    @Test("who is not there yet is waited for, and found when he comes")
    func lateComer() async throws {
        let network = MemoryNetwork()
        let (me, friend) = (Identity.generate(), Identity.generate())
        let alice = try Node(identity: me, contacts: [Contact(name: "bob", key: friend.publicKey)], network: network)
        let events = alice.events()
        alice.start()
        let connecting = Task { try await alice.connect(to: friend.publicKey, timeout: .seconds(30)) }
        // No service could tell of him: this attempt has failed.
        for await case .unreachable(friend.publicKey, let error) in events {
            #expect(error.code == .unreachableService)
            break
        }
        let bob = try Node(identity: friend, contacts: [Contact(name: "alice", key: me.publicKey)], network: network)
        bob.start()
        _ = try await connecting.value
        await alice.stop()
        await bob.stop()
    }
}
