import Foundation
import Pinhole
import Synchronization
import Testing

@testable import PinholeControl

@Suite("one node for many commands")
struct TakeOverTests {
    @Test("the first client hosts, the next attach, and see the same")
    func attach() async throws {
        let person = try Person()
        let first = try await person.client(as: "first")
        try await first.served()
        let second = try await person.client(as: "second")
        #expect(first.isHosting && !second.isHosting)
        #expect(try await second.status().role == "first")
        let message = try await second.send("hello", to: person.contact)
        #expect(try await first.recentMessages(with: person.contact, limit: 5).map(\.id) == [message.id])
        #expect(try await second.contacts().map(\.name) == ["bob"])
        await second.stop()
        await first.stop()
    }

    @Test("when the host leaves, one of the others hosts, the rest attach to it, and nothing is lost")
    func takeOver() async throws {
        let person = try Person()
        let first = try await person.client(as: "first")
        try await first.served()
        let others = [try await person.client(as: "second"), try await person.client(as: "third")]
        _ = try await others[0].send("before", to: person.contact)
        let events = others.map { $0.events() }
        await first.stop()
        for (number, client) in others.enumerated() { _ = try await client.send("after \(number)", to: person.contact) }
        #expect(others.filter(\.isHosting).count == 1)
        let roles = Set([try await others[0].status().role, try await others[1].status().role])
        #expect(roles.count == 1 && !roles.contains("first"))
        let texts = try await others[0].recentMessages(with: person.contact, limit: 9).map(\.text)
        #expect(texts == ["before", "after 0", "after 1"])
        // Streams of events go on with the new host.
        let host = try #require(others.first { $0.isHosting }?.hosting)
        for stream in events {
            let said = Task { () -> String? in
                for await event in stream { if case .notice(let words) = event.event { return words.english } }
                return nil
            }
            let repeating = Task {
                // The attached one subscribes in its own time.
                while !Task.isCancelled {
                    host.host.notice("here I am")
                    await Task.yield()
                }
            }
            #expect(await said.value == "here I am")
            repeating.cancel()
        }
        for client in others { await client.stop() }
    }

    @Test(
        "what a host stored and could not tell any more is told once, and what it told is not told again",
        .timeLimit(.minutes(10)))
    func caughtUp() async throws {
        let person = try Person()
        let hosting = try await person.host()
        let messages = Mutex<[MessageReference]>([])
        let client = try await Client(
            Client.Ways(socket: person.socket, followsEvents: true) {
                // As if the last host had done it behind its farewell.
                let last = Host(profile: person.profile, node: nil, role: "last")
                let message = messages.withLock { $0[0] }
                _ = try await last.run(OutboxCancel.self, OutboxCancel.Params(id: message.id))
                return .hosting(
                    try Hosting(
                        profile: person.profile, configuration: person.configuration, role: "next",
                        socket: person.socket))
            })
        let events = client.events()
        client.start()
        // From here on the client knows where the log is.
        while client.place == nil { await Task.yield() }
        for text in ["one", "two"] {
            let message = try await client.send(text, to: person.contact)
            messages.withLock { $0.append(message) }
        }
        var told: [String] = []
        for await event in events {
            if case .queued = event.event { told.append("queued") }
            if case .failed(let message, _) = event.event {
                told.append("failed")
                #expect(message == messages.withLock { $0[0] })
            }
            if case .notice = event.event { break }
            if told == ["queued", "queued"] { await hosting.stop() }
            if told.last == "failed" { client.hosting?.host.notice("that was all") }
        }
        #expect(told == ["queued", "queued", "failed"])
        await client.stop()
    }

    @Test("a call whose answer was lost with its host is made again at the next, and what it sent is sent once")
    func repeated() async throws {
        let person = try Person()
        let hosting = try await person.host()
        let message = MessageSend.Params(to: "bob", text: "once", token: "t1")
        let first = try await hosting.host.run(MessageSend.self, message)
        let path = person.directory.path + "/a.bin"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        let file = FileSend.Params(to: "bob", path: path, token: "t2")
        let transfer = try await hosting.host.run(FileSend.self, file)
        let invite = InviteCreate.Params(
            name: "me", services: [], addresses: [], for: nil, expires: .seconds(60), token: "t3")
        let link = try await hosting.host.run(InviteCreate.self, invite).link
        await hosting.stop()
        let client = try await person.client(as: "next")
        #expect(try await client.call(MessageSend.self, message).id == first.id)
        #expect(try await client.call(InviteCreate.self, invite).link == link)
        #expect(try await client.call(InviteList.self, Nothing()).invites.count == 1)
        #expect(try await client.call(FileSend.self, file).transfer == transfer.transfer)
        // Neither that it has ended makes it another one, nor that its file is gone.
        try await client.cancel(try #require(transfer.reference))
        while try await !client.transfers(with: nil, all: false).isEmpty { await Task.yield() }
        try FileManager.default.removeItem(atPath: path)
        #expect(try await client.call(FileSend.self, file).transfer == transfer.transfer)
        #expect(try await client.transfers(with: nil, all: true).map(\.reason) == ["it was cancelled here"])
        #expect(try await client.recentMessages(with: person.contact, limit: 9).map(\.text) == ["once"])
        await client.stop()
    }

    @Test("a message whose delivery is waited for while the node starts again is sent once", .timeLimit(.minutes(10)))
    func waitingForDelivery() async throws {
        let person = try Person()
        try person.profile.add(
            Contact(name: "carol", key: Identity.generate().publicKey, addresses: ["127.0.0.1:9"]))
        try await person.withWire { wire, hosting in
            await wire.send(
                #"{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"to":"carol","text":"once","#
                    + #""wait":"delivered"}}"#)
            let other = try Wire(person.socket)
            var waiting: JSON?
            while waiting == nil {
                waiting = try await other.call("outbox.list")["messages"]?.elements?.first
                await Task.yield()
            }
            try await hosting.restart(person.configuration)
            _ = try await other.call("outbox.cancel", ["id": try #require(waiting?["id"])])
            #expect(try await wire.line()?["error"]?["message"]?.text == "the message was cancelled")
            let all = try await other.call("outbox.list", ["failed": true])["messages"]?.elements
            #expect(all?.count == 1)
        }
    }

    @Test("a host that starts again with another configuration keeps its socket and its programs")
    func restart() async throws {
        let person = try Person()
        try await person.withWire { wire, hosting in
            let before = try await wire.call("status")["addresses"]
            try await hosting.restart(person.configuration)
            let after = try await wire.call("status")["addresses"]
            #expect(before != after)
            _ = try await wire.call("message.send", ["to": "bob", "text": "still here"])
        }
    }

    @Test("a call that waits goes on when the node starts again", .timeLimit(.minutes(10)))
    func waiting() async throws {
        let (alice, bob) = (try Person(), try Person())
        let before = try await bob.host()
        let address = try #require(before.node.localAddresses.first { $0.hasPrefix("127.") })
        await before.stop()
        try bob.profile.add(Contact(name: "alice", key: alice.profile.identity.publicKey))
        try alice.profile.add(
            Contact(name: "robert", key: bob.profile.identity.publicKey, addresses: [address]))
        let hosting = try await alice.host()
        let events = hosting.node.events()
        async let path = hosting.host.run(NetConnect.self, ReachParams(contact: "robert", timeout: .seconds(50)))
        for await event in events { if case .connecting = event { break } }
        try await hosting.restart(alice.configuration)
        var configuration = bob.configuration
        configuration.port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        let after = try Hosting(profile: bob.profile, configuration: configuration, role: "test", socket: nil)
        after.start()
        _ = try await path
        await after.stop()
        await hosting.stop()
    }

    @Test("where a node cannot start with another configuration, it starts with the present one")
    func unusable() async throws {
        let person = try Person()
        let taken = try Node(
            profile: .create(at: person.directory.path + "/other", passphrase: nil),
            configuration: person.configuration)
        let port = try #require(taken.localAddresses.first?.split(separator: ":").last.flatMap { UInt16($0) })
        try await person.withWire { wire, hosting in
            var other = person.configuration
            other.port = port
            await #expect(throws: PinholeError.self) { try await hosting.restart(other) }
            #expect(try await wire.call("status")["addresses"]?.elements?.isEmpty == false)
            _ = try await wire.call("message.send", ["to": "bob", "text": "still here"])
        }
        await taken.stop()
    }

    @Test("a profile without a host is open to commands that need no network, and says so to others")
    func offline() async throws {
        let person = try Person()
        let client = try await Client(
            Client.Ways(socket: person.socket, followsEvents: false) {
                .offline(Host(profile: person.profile, node: nil, role: "test"))
            })
        #expect(try await client.contacts().map(\.name) == ["bob"])
        await #expect(throws: PinholeError.self) { try await client.ping(person.contact, timeout: .seconds(1)) }
        await client.stop()
    }
}
