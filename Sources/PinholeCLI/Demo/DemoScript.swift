import Glibc
import Pinhole
import PinholeControl
import PinholeCrypto

/// The demonstration without a person: each step is told as it is done, and each is checked.
struct DemoScript: Sendable {
    let world: DemoWorld

    func run() async throws {
        let (you, friend) = (world.you, world.friend)
        var friendEvents = Events(friend.session.client.events())
        world.start()
        let echo = Task { await DemoEcho(peer: friend).run() }
        defer { echo.cancel() }
        var events = Events(you.session.events)

        let words: Phrase = "you"
        tell("keys", Phrase(verbatim: padded("\(words)", to: 7) + you.profile.identity.publicKey.text))
        tell("", Phrase(verbatim: padded(DemoWorld.friendName, to: 7) + friend.profile.identity.publicKey.text))
        try compareSafetyNumbers()
        tell("service", "\(world.service)")
        let observed = try await events.next("the service to answer") {
            if case .serviceUp(_, let observed) = $0 { observed } else { nil }
        }
        tell("", "registered; it sees you at \(observed.joined(separator: ", "))")

        try await friendEvents.next("the second peer to register") { if case .serviceUp = $0 { true } else { nil } }

        let contact = try await you.session.contact(named: DemoWorld.friendName)
        let path = try await you.session.connect(to: contact, timeout: .seconds(10))
        let trips = path.roundTrips.map { ", \(Format.decimal($0, 1)) round trips" as Phrase } ?? ""
        tell("connect", "direct path \(Format.path(path)), session in \(Format.duration(path.connectTime))\(trips)")
        let ping = try await you.node.ping(friendKey, timeout: .seconds(5))
        tell("ping", Format.duration(ping.rtt))

        try await exchange("hello from behind the pinhole", &events)
        try await sendFile(&events)

        world.stopService()
        tell("service", "stopped: it only introduces")
        try await exchange("still talking, with nobody in between", &events)
        tell("done", "everything worked; the keys and files of this demonstration are removed")
    }

    private var friendKey: PublicKey { world.friend.profile.identity.publicKey }

    private func compareSafetyNumbers() throws {
        let (you, friend) = (world.you.profile.identity, world.friend.profile.identity)
        let number = you.safetyNumber(with: friend.publicKey)
        guard number == friend.safetyNumber(with: you.publicKey), number.count == 12 else {
            throw Failure(.bug, "the safety numbers of the two sides differ")
        }
        tell("verify", Phrase(verbatim: number[..<6].joined(separator: " ")))
        tell("", "\(number[6...].joined(separator: " "))  (the same on both sides)")
    }

    /// One message there and its answer back.
    private func exchange(_ text: String, _ events: inout Events) async throws {
        let start = ContinuousClock.now
        let message = try await world.you.node.send(text, to: friendKey)
        try await world.you.node.delivered(message, timeout: .seconds(10))
        tell("you", "\(text)  (delivered in \(Format.duration(ContinuousClock.now - start)))")
        let answer = try await events.next("an answer") {
            if case .message(let message) = $0 { message.text } else { nil }
        }
        guard answer == DemoEcho.answer(to: text) else {
            throw Failure(.bug, "\(DemoWorld.friendName) answered “\(answer)”")
        }
        tell(Phrase(verbatim: DemoWorld.friendName), Phrase(verbatim: answer))
    }

    /// A file of random bytes there; both ends are hashed.
    private func sendFile(_ events: inout Events) async throws {
        let path = world.directory + "/picture.raw"
        let content = randomBytes(4_000_000)
        let hash = hex(Blake2b.hash(content))
        try write(content, to: path)
        let size = Format.size(UInt64(content.count))
        tell("file", "picture.raw, \(size), BLAKE2b \(hash.prefix(32))…")
        let start = ContinuousClock.now
        let transfer = try await world.you.node.sendFile(path, to: friendKey)
        try await world.you.node.finished(transfer, timeout: .seconds(30))
        let elapsed = ContinuousClock.now - start
        let received = hex(Blake2b.hash(try read(world.directory + "/echo/received/picture.raw")))
        guard received == hash else { throw Failure(.bug, "the file arrived with another hash: \(received)") }
        let rate = UInt64(Double(content.count) / max(elapsed / .seconds(1), 0.001))
        tell("", "arrived,     \(size), BLAKE2b \(received.prefix(32))…  (\(Format.size(rate))/s)")
        let thanks = try await events.next("an answer") {
            if case .message(let message) = $0 { message.text } else { nil }
        }
        tell(Phrase(verbatim: DemoWorld.friendName), Phrase(verbatim: thanks))
    }

    private func tell(_ label: Phrase, _ words: Phrase) {
        Console.result(verbatim: padded("\(label)", to: 9) + "\(words)")
    }

    private func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.cannotWrite, "\(path): \(Files.reason(errno))") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Failure(.cannotWrite, "\(path): \(Files.reason(errno))")
        }
    }

    private func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(.noSuchFile, "\(path): \(Files.reason(errno))") }
        defer { close(descriptor) }
        return try Files.bytes(descriptor, named: path, limit: 1 << 26)
    }

    /// The events of one node, waited for one kind at a time.
    private struct Events {
        private var iterator: AsyncStream<HostEvent>.Iterator

        init(_ events: AsyncStream<HostEvent>) { iterator = events.makeAsyncIterator() }

        /// The next event that `pick` likes. A step that never happens ends with an error, not with silence.
        @discardableResult
        mutating func next<Value: Sendable>(
            _ what: String, _ pick: (NodeEvent) -> Value?
        ) async throws -> Value {
            while let event = await iterator.next() {
                if let value = pick(event.event) { return value }
            }
            throw Failure(.bug, "the node ended while waiting for \(what)")
        }
    }
}
