import PinholeWire
import Testing

@testable import PinholeCore

@Suite("messages that the disk has no time for")
struct InboxTests {
    @Test("too many at once, or too long ones, fill the inbox until one of them is stored", arguments: [1, 65_536])
    func full(size: Int) {
        var inbox = Inbox(highestStored: [:])
        let most = size == 1 ? 1024 : 64
        for counter in 1...UInt64(most) {
            #expect(!inbox.isFull)
            let verdict = inbox.receive(MessageID(epoch: 1, counter: counter), size: size)
            #expect(verdict == .new)
        }
        #expect(inbox.isFull)
        let wasPending = inbox.stored(MessageID(epoch: 1, counter: 1))
        #expect(wasPending && !inbox.isFull)
        // A double takes no room.
        let verdict = inbox.receive(MessageID(epoch: 1, counter: 2), size: size)
        #expect(verdict == .ignored && !inbox.isFull)
        _ = inbox.receive(MessageID(epoch: 1, counter: 5000), size: size)
        #expect(inbox.isFull)
        inbox.failed()
        #expect(!inbox.isFull)
    }
}
