import Dispatch
import Foundation
import PinholeWire
import Testing

@testable import Pinhole

@Suite("a node that is stopped", .timeLimit(.minutes(10)))
struct StoppingTests {
    let network = MemoryNetwork()
    let bob = Contact(name: "bob", key: Identity.generate().publicKey)

    private func node() throws -> Node {
        try Node(identity: .generate(), contacts: [bob], network: network, clock: FrozenClock())
    }

    @Test("several who stop it at once all return when it has stopped")
    func stoppedTwice() async throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let node = try Node(
            profile: profile,
            configuration: NodeConfiguration(
                services: [], downloadDirectory: folder.path("downloads"), mapsPorts: false))
        node.start()
        let other = Task { await node.stop() }
        await node.stop()
        // Whichever came first: the lock is free.
        _ = try profile.lock()
        await other.value
    }

    @Test("is not started again, and whoever tries hears so")
    func afterwards() async throws {
        let node = try node()
        node.start()
        await node.stop()
        let key = bob.key
        let calls: [@Sendable () async throws -> Void] = [
            { try node.begin() }, { try await node.run() }, { try await node.serve { _ in } },
            { try await node.withConnection(to: key) { _ in } },
        ]
        for call in calls {
            let error = await #expect(throws: PinholeError.self) { try await call() }
            #expect(error?.message.english == "the node is not running")
        }
    }

    @Test("does not keep its service running")
    func service() async throws {
        let node = try node()
        node.start()
        let running = Task { try await node.run() }
        await node.stop()
        _ = await running.result
    }

    @Test("gives no more streams, to those who take them already and to those who come while it stops")
    func streams() async throws {
        let node = try node()
        node.start()
        let streams = await node.streams(named: "echo")
        let (others, continuation) = AsyncStream.makeStream(of: Void.self)
        await node.ask { core in core.streams.abandon(core, at: MonotonicClock.now) }
        for await _ in streams {}
        await node.ask { core in
            _ = core.takeStreams(
                named: "echo", from: nil, at: MonotonicClock.now, { _, _ in }, finish: { continuation.finish() })
        }
        for await _ in others {}
        await node.stop()
    }

    @Test("one that does not run measures no network, and does not say so only when time is up")
    func notRunning() async throws {
        let node = try node()
        await #expect(throws: PinholeError.self) { _ = try await node.networkReport(timeout: .seconds(9)) }
        await node.stop()
    }

    @Test("nobody waits for a transfer of which nothing is known")
    func unknownTransfer() async throws {
        let node = try node()
        let transfer = TransferReference(contact: bob.key, direction: .outgoing, number: 7)
        let error = await #expect(throws: PinholeError.self) { try await node.finished(transfer, timeout: nil) }
        #expect(error?.code == .usage)
        await node.stop()
    }

    @Test("who cancels the use of an invite hears that, and not that its maker was not reached")
    func cancelledInvite() async throws {
        let maker = try Profile.temporary(.generate(), contacts: [])
        let invite = try maker.invite(
            as: "alice", services: [], addresses: ["192.0.2.1:9"],
            expiresAt: WallClock.unixMilliseconds + 1_000_000)
        let node = try node()
        node.start()
        let using = Task { try await node.use(invite.link, timeout: .seconds(9)) }
        using.cancel()
        let error = await #expect(throws: PinholeError.self) { _ = try await using.value }
        #expect(error?.message.english == "it was cancelled")
        await node.stop()
    }
}

@Suite("an answer for which several strive", .timeLimit(.minutes(10)))
struct AnswerTests {
    @Test("what is being taken for it is not lost to whoever cancels meanwhile")
    func claimed() async {
        for _ in 0..<20 {
            let answer = Answer<Int?>()
            let value = await withCheckedContinuation { (continuation: CheckedContinuation<Int?, Never>) in
                answer.set(continuation)
                let isGiven = answer.give {
                    let arrival = DispatchSemaphore(value: 0)
                    // He has to wait, and comes too late.
                    Thread.detachNewThread {
                        arrival.signal()
                        answer.give(nil)
                    }
                    arrival.wait()
                    return .some(7)
                }
                #expect(isGiven)
            }
            #expect(value == 7)
        }
    }

    @Test("nothing is taken for one that was given, nor given where nothing was found")
    func given() async {
        let answer = Answer<Int?>()
        let value = await withCheckedContinuation { (continuation: CheckedContinuation<Int?, Never>) in
            answer.set(continuation)
            let isGiven = answer.give { nil }
            #expect(!isGiven)
            answer.give(nil)
            let wasGiven = answer.give {
                Issue.record("it takes something nobody gets")
                return .some(7)
            }
            #expect(wasGiven)
        }
        #expect(value == nil)
    }
}
