import Pinhole
import PinholeWire
import Testing

@testable import PinholeControl

@Suite("events over the control socket")
struct EventLogTests {
    private func say(_ text: String, on wire: Wire) async throws {
        _ = try await wire.call("message.send", ["to": "bob", "text": .string(text)])
    }

    @Test("a consumer gets each event until it has acknowledged it, over the ends of its host")
    func cursors() async throws {
        let person = try Person()
        let cursor: JSON = try await person.withWire { wire, _ in
            _ = try await wire.call("events.next", ["consumer": "bot"])
            for number in 1...3 { try await say("\(number)", on: wire) }
            let events = try await wire.call("events.next", ["consumer": "bot"])["events"]?.elements ?? []
            #expect(events.compactMap { $0["text"]?.text } == ["1", "2", "3"])
            #expect(events.allSatisfy { $0["event"] == "queued" && $0["contact"] == "bob" })
            let cursor = try #require(events[1]["cursor"])
            _ = try await wire.call("events.acknowledge", ["consumer": "bot", "cursor": cursor])
            return cursor
        }
        try await person.withWire { wire, _ in
            let events = try await wire.call("events.next", ["consumer": "bot"])["events"]?.elements ?? []
            #expect(events.compactMap { $0["text"]?.text } == ["3"])
            let consumers = try await wire.call("events.consumers")["consumers"]?.elements
            #expect(consumers?.map { $0["cursor"] } == [cursor])
            _ = try await wire.call("events.forget", ["consumer": "bot"])
            #expect(try await wire.call("events.consumers")["consumers"]?.elements?.isEmpty == true)
        }
    }

    @Test("the messages up to a cursor count as read, however many they are, unless their consumer is no person")
    func read() async throws {
        let person = try Person()
        let incoming = (1...1200).map {
            Store.Incoming(
                contact: person.contact,
                message: ChatMessage(id: MessageID(epoch: $0 / 500, counter: $0), time: 1, body: [0x78]), receivedAt: 1)
        }
        try await person.withWire { wire, _ in
            for name in ["bot", "hook"] { _ = try await wire.call("events.next", ["consumer": .string(name)]) }
            _ = try person.profile.store.insert(incoming)
            let newest = try #require(try await wire.call("events.consumers")["newest"])
            _ = try await wire.call("events.acknowledge", ["consumer": "hook", "cursor": newest, "read": false])
            #expect(try person.profile.unread(from: nil, limit: .max).count == 1200)
            _ = try await wire.call("events.acknowledge", ["consumer": "bot", "cursor": newest])
            #expect(try person.profile.unread(from: nil, limit: .max).isEmpty)
        }
    }

    @Test("who waits is told at once")
    func longPoll() async throws {
        let person = try Person()
        try await person.withWire { wire, _ in
            await wire.send(
                #"{"jsonrpc":"2.0","id":"poll","method":"events.next","params":{"consumer":"bot","wait":3600}}"#)
            let other = try Wire(person.socket)
            // The first call of the other connection may come before the poll; the second event does not.
            try await say("one", on: other)
            try await say("two", on: other)
            let answer = try await wire.line()
            #expect(answer?["id"] == "poll")
            #expect(answer?["result"]?["events"]?.elements?.isEmpty == false)
        }
    }

    /// JSON writes each of its bytes as six.
    private static let long = String(repeating: "\u{1}", count: 65_000)

    @Test("a long answer arrives whole where nothing more is asked")
    func lastAnswer() async throws {
        let person = try Person()
        let message = ChatMessage(id: MessageID(epoch: 1, counter: 1), time: 1, body: Array(Self.long.utf8))
        _ = try person.profile.store.insert([
            Store.Incoming(contact: person.contact, message: message, receivedAt: 1)
        ])
        try await person.withWire { wire, _ in
            await wire.send(#"{"jsonrpc":"2.0","id":1,"method":"message.unread","params":{"after":0}}"#)
            wire.finishSending()
            let answer = try await wire.line()
            #expect(answer?["result"]?["messages"]?.elements?.first?["text"]?.text == Self.long)
        }
    }

    @Test("texts that are long in JSON come in several answers, and none of them is left out")
    func longAnswers() async throws {
        let person = try Person()
        let count = 12
        try await person.withWire { wire, _ in
            _ = try await wire.call("events.next", ["consumer": "bot"])
            for _ in 0..<count { _ = try person.profile.store.append([Self.long], to: person.contact, sentAt: 1) }
            _ = try person.profile.store.insert(
                (1...UInt64(count)).map {
                    Store.Incoming(
                        contact: person.contact,
                        message: ChatMessage(
                            id: MessageID(epoch: 1, counter: $0), time: 1, body: Array(Self.long.utf8)),
                        receivedAt: 1)
                })
            var events: [JSON] = []
            while events.count < 2 * count {
                let next = try await wire.call("events.next", ["consumer": "bot"])
                events += next["events"]?.elements ?? []
                _ = try await wire.call(
                    "events.acknowledge", ["consumer": "bot", "cursor": try #require(next["cursor"]), "read": false])
            }
            #expect(events.compactMap { $0["cursor"]?.whole } == events.compactMap { $0["cursor"]?.whole }.sorted())
            for method in ["message.unread", "outbox.list"] {
                var (messages, calls): ([JSON], Int) = ([], 0)
                var after: JSON? = 0
                while let place = after {
                    let page = try await wire.call(method, ["after": place])
                    messages += page["messages"]?.elements ?? []
                    after = page["after"]
                    calls += 1
                }
                #expect(messages.count == count && Set(messages.compactMap { $0["id"] }).count == count)
                #expect(calls > 1)
            }
        }
        let client = try await person.client(as: "client")
        #expect(try await client.unread().count == count)
        #expect(try await client.outbox(to: nil).count == count)
        await client.stop()
    }

    @Test("a follower gets texts that are long in JSON as it gets others")
    func longEvents() async throws {
        let person = try Person()
        try await person.withWire { slow, _ in
            _ = try await slow.call("events.follow", ["consumer": "bot"])
            let count = 24
            for _ in 0..<count { _ = try person.profile.store.append([Self.long], to: person.contact, sentAt: 1) }
            for _ in 0..<count { #expect(try await slow.line()?["params"]?["event"] == "queued") }
        }
    }

    @Test("a slow follower loses nothing and is not cut off")
    func slowFollower() async throws {
        let person = try Person()
        try await person.withWire { slow, _ in
            _ = try await slow.call("events.follow", ["consumer": "bot"])
            let other = try Wire(person.socket)
            let count = 3 * ControlLimits.unread / 65_536
            let text = String(repeating: "x", count: 65_000)
            for number in 0..<count { try await say("\(number) \(text)", on: other) }
            var cursors: [Int64] = []
            while cursors.count < count {
                let line = try #require(try await slow.line())
                #expect(line["method"] == "event")
                #expect(line["params"]?["text"]?.text?.hasPrefix("\(cursors.count) ") == true)
                cursors.append(line["params"]?["cursor"]?.whole ?? 0)
            }
            #expect(cursors == cursors.sorted())
        }
    }
}
