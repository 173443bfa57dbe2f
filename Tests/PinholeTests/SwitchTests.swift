import PinholeCore
import PinholeWire
import Testing

@testable import Pinhole

@Suite("what people may keep to themselves", .timeLimit(.minutes(10)))
struct SwitchTests {
    @Test("that a message was seen, and that one is being typed, is told or not", arguments: [true, false])
    func telling(tells: Bool) async throws {
        let network = MemoryNetwork()
        let (alice, bob) = (Identity.generate(), Identity.generate())
        let (asking, asked) = (
            try Node(
                identity: alice, contacts: [Contact(name: "bob", key: bob.publicKey)], network: network),
            try Node(
                identity: bob, contacts: [Contact(name: "alice", key: alice.publicKey)],
                configuration: NodeConfiguration(
                    downloadDirectory: "/nonexistent", filePolicy: .refuse, mapsPorts: false,
                    sendsReadReceipts: tells, tellsTyping: tells),
                network: network)
        )
        let (heard, heardThere) = (asking.events(), asked.events())
        asking.start()
        asked.start()
        let question = try await asking.send("are you there?", to: bob.publicKey)
        try await asking.delivered(question, timeout: .seconds(20))
        let here = MessageReference(contact: alice.publicKey, epoch: question.epoch, counter: question.counter)
        try await asked.markRead(here)
        asked.setTyping(true, to: alice.publicKey)
        asking.setTyping(true, to: bob.publicKey)
        let answer = try await asked.send("yes", to: alice.publicKey)
        try await asked.delivered(answer, timeout: .seconds(20))
        let last = try await asking.send("good", to: bob.publicKey)
        try await asking.delivered(last, timeout: .seconds(20))
        // Where it is told it is waited for; where it were told by mistake it would come before the message behind it.
        var (wasRead, hasTyped, hasAnswered) = (false, false, false)
        for await event in heard {
            switch event {
            case .read(question): wasRead = true
            case .typing(bob.publicKey, true): hasTyped = true
            case .message: hasAnswered = true
            default: break
            }
            if hasAnswered, !tells || wasRead && hasTyped { break }
        }
        #expect(wasRead == tells && hasTyped == tells)
        var (hasTypedThere, isLast) = (false, false)
        for await event in heardThere {
            switch event {
            case .typing(alice.publicKey, true): hasTypedThere = true
            case .message(let message): isLast = message.text == "good"
            default: break
            }
            if isLast, !tells || hasTypedThere { break }
        }
        #expect(hasTypedThere == tells, "who tells nothing hears nothing")
        await asking.stop()
        await asked.stop()
    }
}
