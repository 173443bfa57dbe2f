import Dispatch
import PinholeWire
import Testing

@testable import Pinhole

@Suite("the messages of a connection", .timeLimit(.minutes(10)))
struct MessageQueueTests {
    let bob = Identity.generate().publicKey
    let node: Node

    init() throws {
        node = try Node(
            identity: .generate(), contacts: [Contact(name: "bob", key: bob)], network: MemoryNetwork(),
            clock: FrozenClock())
    }

    private func message(_ counter: UInt64) -> IncomingMessage {
        IncomingMessage(contact: bob, epoch: 1, counter: counter, text: "\(counter)", sentAt: 1, receivedAt: 1)
    }

    private func store(_ counters: ClosedRange<UInt64>, epoch: UInt64 = 1) throws {
        let stored = counters.map { counter in
            let id = MessageID(epoch: epoch, counter: counter)
            let message = ChatMessage(id: id, time: 1, body: Array("\(counter)".utf8))
            return Store.Incoming(contact: bob, message: message, receivedAt: 1)
        }
        _ = try node.profile.store.insert(stored)
    }

    /// Those who have enough of bob's messages.
    private var holders: Int? {
        get async { await node.ask { [bob] in $0.holders[bob]?.count ?? 0 } }
    }

    @Test("who is cancelled while waiting hears so, and takes nothing from those who read on")
    func cancelled() async throws {
        let connection = Connection(to: bob, of: node)
        let reading = Task { () async throws -> IncomingMessage? in
            var iterator = connection.messages.makeAsyncIterator()
            return try await iterator.next()
        }
        reading.cancel()
        let error = await #expect(throws: PinholeError.self) { _ = try await reading.value }
        #expect(error?.message.english == "it was cancelled" && error?.code == .other)
        connection.receive(.message(message(1)))
        var iterator = connection.messages.makeAsyncIterator()
        let first = try await iterator.next()
        #expect(first?.counter == 1)
        // Nor does a second reader's going end the first one's reading.
        let other = Task { () async throws -> IncomingMessage? in
            var iterator = connection.messages.makeAsyncIterator()
            return try await iterator.next()
        }
        other.cancel()
        _ = await other.result
        connection.receive(.message(message(2)))
        connection.receive(.disconnected(bob, reason: .closedHere))
        let second = try await iterator.next()
        let end = try await iterator.next()
        #expect(second?.counter == 2 && end == nil)
        await node.stop()
    }

    @Test("messages come again when all who read have room, and not when one of them has")
    func severalReaders() async throws {
        node.start()
        let (slow, fast) = (Connection(to: bob, of: node), Connection(to: bob, of: node))
        _ = slow.messages.makeAsyncIterator()
        var iterator = fast.messages.makeAsyncIterator()
        for counter in 1...UInt64(MessageQueue.capacity) {
            for connection in [slow, fast] { connection.receive(.message(message(counter))) }
        }
        #expect(await holders == 2)
        for counter in 1...UInt64(MessageQueue.capacity) {
            let next = try await iterator.next()
            #expect(next?.counter == counter)
        }
        #expect(await holders == 1)
        fast.end(Node.stopped)
        #expect(await holders == 1)
        slow.end(Node.stopped)
        #expect(await holders == 0)
        await node.stop()
    }

    @Test("where nobody reads no session waits for that, and a late reader gets everything all the same")
    func nobodyReads() async throws {
        node.start()
        let connection = Connection(to: bob, of: node)
        // From an earlier session, and seen by nobody.
        try store(9...9, epoch: 7)
        // More than is read from the store at once.
        let counters = 1...UInt64(3 * MessageQueue.capacity + 50)
        try store(counters)
        for counter in counters { connection.receive(.message(message(counter))) }
        #expect(await holders == 0)
        var iterator = connection.messages.makeAsyncIterator()
        #expect(await holders == 1)
        var texts: [String] = []
        for _ in counters { texts.append(try await iterator.next()?.text ?? "") }
        #expect(texts == counters.map { "\($0)" })
        #expect(await holders == 0)
        await node.stop()
    }

    @Test("while the store is read for a late reader messages go on to come, and who is cancelled does not wait for it")
    func slowStore() async throws {
        node.start()
        let connection = Connection(to: bob, of: node)
        let last = UInt64(MessageQueue.capacity + 2)
        try store(1...last)
        for counter in 1..<last { connection.receive(.message(message(counter))) }
        var iterator = connection.messages.makeAsyncIterator()
        for counter in 1...UInt64(MessageQueue.capacity) {
            let next = try await iterator.next()
            #expect(next?.counter == counter)
        }
        node.profile.reads.suspend()
        let reading = Task { () async throws -> IncomingMessage? in
            var iterator = connection.messages.makeAsyncIterator()
            return try await iterator.next()
        }
        reading.cancel()
        let error = await #expect(throws: PinholeError.self) { _ = try await reading.value }
        #expect(error?.message.english == "it was cancelled")
        connection.receive(.message(message(last)))
        connection.receive(.disconnected(bob, reason: .closedHere))
        node.profile.reads.resume()
        for counter in last - 1...last {
            let next = try await iterator.next()
            #expect(next?.counter == counter)
        }
        let end = try await iterator.next()
        #expect(end == nil)
        await node.stop()
    }
}
