import Foundation
import Testing

/// The executables of this build, and a peer in Python that was written from the specification alone: what one says the
/// other understands. On loopback, without root.
@Suite("a second implementation", .serialized, .needsPython)
struct SecondImplementationTests {
    @Test("the vectors are what it makes too")
    func vectors() throws {
        try Loopback().check("selftest.py")
    }

    @Test("a service keeps what the specification promises of it")
    func service() throws {
        let loopback = try Loopback()
        try loopback.check("service_check.py", [try loopback.service()])
    }

    @Test("a stranger draws no byte out of a peer, and at most cookies if he knows its key")
    func stranger() throws {
        let loopback = try Loopback()
        let alice = try loopback.run(["init"])
        let listen = try loopback.talking(["listen"])
        let address = try #require(try listen.expect("listening").addresses?.first { $0.hasPrefix("127.0.0.1:") })
        try loopback.check("stranger_check.py", [alice, address])
        listen.program.signal(SIGTERM)
        #expect(try listen.finish() == .exited(0))
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

    // [HS-73]
    @Test("who lost what it kept, and whose clock is wrong, is let in by a cookie, and each line is shown once")
    func clock() throws {
        let loopback = try Loopback()
        let alice = try acquaint(loopback)
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

    @Test("through a service such a one is let in by an echo")
    func clockOfTheIntroduced() throws {
        let loopback = try Loopback()
        let service = try loopback.service()
        let alice = try loopback.run(["init", "--service", service])
        for (place, clock) in [("today", "0"), ("yesterday", "-86400")] {
            let snake = try loopback.snake(contact: alice, keeping: place, ["--service", service, "--clock", clock])
            let key = try #require(try snake.expect("ready").key)
            if place == "today" { try loopback.run(["contact", "add", "snake", key]) }
            try snake.expect("registered")
            let chat = try loopback.talking(["chat", "snake"])
            try exchange(chat, snake, place)
            #expect(try chat.finish() == .exited(0))
            try leave(snake)
        }
    }

    // [MSG-6]
    @Test("what is sent again, because its receipt was lost or somebody died, is confirmed again and shown once")
    func again() throws {
        let loopback = try Loopback()
        let service = try loopback.service()
        let alice = try loopback.run(["init", "--service", service])
        var snake = try loopback.snake(contact: alice, ["--service", service, "--no-receipts"])
        try loopback.run(["contact", "add", "snake", try #require(try snake.expect("ready").key)])
        let chat = try loopback.talking(["chat", "snake"])
        chat.say("one")
        snake.say("say eins")
        try snake.expect("message", text: "one")
        try chat.expect("message", text: "eins")
        snake.program.stop()

        chat.say("two")
        snake = try loopback.snake(contact: alice, ["--service", service])
        try snake.expect("double") { $0.counter == 1 }
        try snake.expect("message", text: "two")
        try snake.expect("delivered", text: "eins")
        for text in ["one", "two"] {
            let id = try chat.expect("queued", text: text).id
            try chat.expect("delivered") { $0.id == id }
        }
        try exchange(chat, snake, "three")
        #expect(snake.messages == ["two", "pinhole: three"])
        #expect(chat.messages == ["eins", "peer: three"])
        #expect(try chat.finish() == .exited(0))
        try leave(snake)
    }

    @Test("files and folders arrive as they were, both ways, and go on where they stopped when somebody dies")
    func files() throws {
        let loopback = try Loopback()
        let service = try loopback.service()
        let alice = try loopback.run(["init", "--service", service])
        var snake = try loopback.snake(contact: alice, ["--service", service])
        try loopback.run(["contact", "add", "snake", try #require(try snake.expect("ready").key)])
        let chat = try loopback.talking(["chat", "snake"])
        try chat.expect("connected")

        let report = try loopback.write("report", of: 6_000_000)
        chat.say("/send \(report)")
        try snake.expect("groups") { $0.number ?? 0 >= 3 }
        snake.program.stop()
        snake = try loopback.snake(contact: alice, ["--service", service])
        try snake.expect("offer") { $0.name == "report" && $0.number ?? 0 >= 3 }
        let received = try #require(try snake.expect("file") { $0.name == "report" }.file)
        try chat.expect("file-sent") { $0.name == "report" }
        #expect(FileManager.default.contentsEqual(atPath: report, andPath: received))

        let folder = loopback.directory + "/folder"
        try FileManager.default.createDirectory(atPath: folder + "/a/b", withIntermediateDirectories: true)
        try loopback.write("folder/a/much", of: 400_000)
        try loopback.write("folder/a/b/little", of: 1)
        try loopback.write("folder/nothing", of: 0)
        chat.say("/send \(folder)")
        let copy = try #require(try snake.expect("file") { $0.name == "folder" }.file)
        #expect(FileManager.default.contentsEqual(atPath: folder, andPath: copy))

        let answer = try loopback.write("answer", of: 1_000_000)
        snake.say("send \(answer)")
        try chat.expect("file-received") { $0.name == "answer" }
        try snake.expect("file sent") { $0.name == "answer" }
        #expect(
            FileManager.default.contentsEqual(atPath: answer, andPath: loopback.directory + "/downloads/answer"))
        #expect(try chat.finish() == .exited(0))
        try leave(snake)
    }

    @Test("what breaks the protocol ends the session with CLOSE 1, and nothing else does")  // [BYT-3]
    func violations() throws {
        let loopback = try Loopback()
        let alice = try acquaint(loopback)
        let listen = try loopback.talking(["listen"])
        let address = try #require(try listen.expect("listening").addresses?.first { $0.hasPrefix("127.0.0.1:") })
        let snake = try loopback.snake(contact: alice, ["--address", address])

        for (violation, frames) in Self.violations {
            snake.forget()
            snake.say("call")
            try snake.expect("session")
            snake.say("frames \(frames)")
            let ended = try snake.expect("ended").why
            #expect(ended == "CLOSE 1 (peer)", "\(violation)")
        }
        snake.forget()
        snake.say("call")
        try snake.expect("session")
        for (oddity, frames) in Self.oddities {
            snake.say("frames \(frames)")
            snake.say("say \(oddity)")
            try listen.expect("message", text: oddity)
            try snake.expect("delivered", text: oddity)
        }
        #expect(!snake.events.contains { $0.event == "ended" })
        try leave(snake)
    }

    private static let violations = [
        ("a frame of unknown type", "30"),
        ("a STREAM frame of RFC 9000 without a length", "080161"),
        ("a frame that ends too soon", "0e01000568"),
        ("AUTH in DATA", "20" + String(repeating: "00", count: 65)),
        ("an ACK of a packet that was never sent", "0280100000000000"),
        ("an ACK that reaches below 0", "0205000006"),
        ("an ACK of more than 32 ranges", "0240ff0020" + String(repeating: "00", count: 65)),
        ("a byte beyond a stream's credit", "0e01800800000161"),
        ("a byte beyond 2^62", "0e01ffffffffffffffff0161"),
        ("two final sizes", "0f03050161" + "0f0305026161"),
        ("bytes beyond the final size", "0f03050161" + "0e03070161"),
        ("a RESET_STREAM that takes back bytes", "0e03050161" + "04030001"),
        ("REKEY for the epoch after the next", "2300000002" + String(repeating: "55", count: 32)),
        ("REKEY with a point of low order", "2300000001" + String(repeating: "00", count: 32)),
        ("REAUTH without REKEY", "2400000001" + String(repeating: "55", count: 64)),
        ("an address of an unknown family", "22057f0000010050"),
        ("a candidate of an unknown kind", "210109047f0000010050"),
        ("more than 16 candidates", "2111" + String(repeating: "00047f0000010050", count: 17)),
        ("a receipt that is too long", "0e020002" + "4141"),
        ("a receipt of an unknown kind", "0e020012" + "1163" + String(repeating: "00", count: 16)),
        ("a message that is too short", "0e010003020102"),
    ]

    private static let oddities = [
        ("a type in more bytes than it needs", "4001"),
        ("OBSERVED_ADDRESS", "22047f0000010050"),
        ("no candidates", "2100"),
        ("a stream that is reserved", "0f050003616263"),
        ("the end of another", "04070005"),
        ("credit that is less than the present one", "1001" + "110100"),
        ("credit for a stream that is unknown", "115fff00"),
        ("STOP_SENDING for a stream that is unknown", "055fff00"),
        ("ACK_FREQUENCY", "40af000280004e2001"),
        ("a challenge without an answer to come", "1b0011223344556677"),
        ("REKEY for the present epoch", "2300000000" + String(repeating: "55", count: 32)),
        ("an empty packet", ""),
    ]

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

    /// An epoch is to be a second old before the next: the peer waits for that by itself.
    private func renewKeys(_ snake: Talker, to epoch: Int) throws {
        snake.say("rekey")
        try snake.expect("epoch") { $0.number == epoch }
    }

    /// Alice, whose key this returns, and the second implementation know each other from now on.
    private func acquaint(_ loopback: Loopback) throws -> String {
        let alice = try loopback.run(["init"])
        let snake = try loopback.snake(contact: alice)
        try loopback.run(["contact", "add", "snake", try #require(try snake.expect("ready").key)])
        try leave(snake)
        return alice
    }

    private func leave(_ snake: Talker) throws {
        snake.say("quit")
        try snake.expect("bye")
        #expect(try snake.finish() == .exited(0))
    }
}
