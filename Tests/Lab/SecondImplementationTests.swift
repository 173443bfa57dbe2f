import Foundation
import Testing

/// The executables of this build, and a peer in Python that was written from the specification alone: what one says the
/// other understands. On loopback, without root.
@Suite("a second implementation", .serialized, .needsPython)
struct SecondImplementationTests {
    @Test("the vectors are what it makes too")
    func vectors() throws {
        let loopback = try Loopback()
        let selftest = try loopback.script("selftest.py")
        let status = try selftest.finish()
        #expect(status == .exited(0), "\(selftest.program.output.text)\(selftest.program.errors.text)")
    }

    @Test("registration, introduction, handshake, chat with receipts both ways, new keys, close")
    func introduced() throws {
        let loopback = try Loopback()
        let service = try loopback.service()
        let alice = try loopback.run(["init", "--service", service])
        let snake = try loopback.snake(contact: alice, ["--service", service])
        try loopback.run(["contact", "add", "snake", try #require(try snake.expect("ready").key)])
        try snake.expect("registered")

        let chat = try loopback.talking(["chat", "snake"])
        try snake.expect("session")
        try chat.expect("connected")
        try exchange(chat, snake, "before")

        for epoch in 1...2 {
            try renewKeys(snake, to: epoch)
            try exchange(chat, snake, "in epoch \(epoch)")
        }
        #expect(try chat.finish() == .exited(0))
        try snake.expect("ended") { $0.why == "CLOSE 0 (peer)" }
        #expect(snake.messages == ["pinhole: before", "pinhole: in epoch 1", "pinhole: in epoch 2"])
        try leave(snake)
    }

    @Test("who appears later is called; what was said before waits")
    func appearing() throws {
        let loopback = try Loopback()
        let service = try loopback.service()
        let alice = try loopback.run(["init", "--service", service])
        let early = try loopback.snake(contact: alice)
        try loopback.run(["contact", "add", "snake", try #require(try early.expect("ready").key)])
        early.say("say said before there was anybody")
        try early.expect("said")
        try leave(early)

        let chat = try loopback.talking(["chat", "snake"])
        try chat.expect("service-up")
        let snake = try loopback.snake(contact: alice, ["--service", service])
        try chat.expect("message", text: "said before there was anybody")
        try snake.expect("delivered", text: "said before there was anybody")
        try exchange(chat, snake, "now")
        #expect(try chat.finish() == .exited(0))
        try leave(snake)
    }

    @Test("without a service, at a known address, while a tenth of all datagrams is lost each way")
    func lossy() throws {
        let loopback = try Loopback()
        let alice = try loopback.run(["init"])
        let snake = try loopback.snake(contact: alice, ["--loss", "0.1"])
        let ready = try snake.expect("ready")
        try loopback.run(
            ["contact", "add", "snake", try #require(ready.key), "--address", try #require(ready.address)])

        let chat = try loopback.talking(["chat", "snake"])
        let lines = (1...40).map { "line \($0)" }
        for line in lines {
            chat.say(line)
            snake.say("say \(line)")
        }
        for line in lines {
            try snake.expect("message", text: line)
            try snake.expect("delivered", text: line)
            try chat.expect("message", text: line)
        }
        try renewKeys(snake, to: 1)
        try exchange(chat, snake, "after")
        #expect(snake.messages == lines + ["pinhole: after"])
        #expect(chat.messages == lines + ["peer: after"])
        #expect(try chat.finish() == .exited(0))
        try leave(snake)
    }

    @Test("who lost what it kept, and whose clock is wrong, is let in by a cookie, and each line is shown once")
    func clock() throws {
        let loopback = try Loopback()
        let alice = try loopback.run(["init"])
        let first = try loopback.snake(contact: alice)
        try loopback.run(["contact", "add", "snake", try #require(try first.expect("ready").key)])
        try leave(first)

        let listen = try loopback.talking(["listen"])
        let address = try #require(try listen.expect("listening").addresses?.first { $0.hasPrefix("127.0.0.1:") })
        for (place, clock) in [("today", "0"), ("yesterday", "-86400")] {
            let snake = try loopback.snake(contact: alice, keeping: place, ["--address", address, "--clock", clock])
            try snake.expect("ready")
            snake.say("say \(place)")
            snake.say("call")
            try listen.expect("message", text: place)
            try snake.expect("delivered", text: place)
            #expect(snake.events.contains { $0.event == "cookie" } == (place == "yesterday"))
            try leave(snake)
        }
        #expect(listen.messages == ["today", "yesterday"])
        listen.program.signal(SIGTERM)
        #expect(try listen.finish() == .exited(0))
    }

    /// Both say a line; both lines arrive, and both know it.
    private func exchange(_ chat: Talker, _ snake: Talker, _ subject: String) throws {
        chat.say("pinhole: \(subject)")
        snake.say("say peer: \(subject)")
        try snake.expect("message", text: "pinhole: \(subject)")
        try chat.expect("message", text: "peer: \(subject)")
        try snake.expect("delivered", text: "peer: \(subject)")
        let id = try chat.expect("queued", text: "pinhole: \(subject)").id
        try chat.expect("delivered") { $0.id == id }
    }

    /// An epoch is to be a second old before the next: the peer is asked until it begins one.
    private func renewKeys(_ snake: Talker, to epoch: Int) throws {
        snake.say("rekey")
        try snake.expect("epoch") { $0.number == epoch }
    }

    private func leave(_ snake: Talker) throws {
        snake.say("quit")
        try snake.expect("bye")
        #expect(try snake.finish() == .exited(0))
    }
}
