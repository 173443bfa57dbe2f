import Foundation
import Glibc
import NIOCore
import NIOPosix
import Pinhole
import Synchronization
import Testing

@testable import PinholeControl

private final class Crowd: Sendable {
    let count = Mutex((now: 0, most: 0, all: 0))
}

@Suite("hosts that hang up, and programs that are cut off", .timeLimit(.minutes(10)))
struct HangingUpTests {
    /// As many programs as a host takes, all of which were let in.
    private func crowd(_ person: Person) async throws -> [Wire] {
        var crowd: [Wire] = []
        for _ in 0..<ControlLimits.connections {
            let wire = try Wire(person.socket)
            _ = try await wire.call("rpc.language", ["language": "en"])
            crowd.append(wire)
        }
        return crowd
    }

    @Test("who may only attach to a host that hangs up hears why")
    func refused() async throws {
        let person = try Person()
        let hosting = try await person.host()
        let crowd = try await crowd(person)
        let client = try #require(await Client.attached(to: person.socket))
        let error = await #expect(throws: PinholeError.self) { try await client.status() }
        #expect(
            error?.message.english
                == "the process that runs the node hung up: too many programs are connected: 64")
        await client.stop()
        withExtendedLifetime(crowd) {}
        await hosting.stop()
    }

    @Test("who attaches to a host that has ended hears so")
    func ended() async throws {
        let person = try Person()
        let hosting = try await person.host()
        let client = try #require(await Client.attached(to: person.socket))
        _ = try await client.status()
        await hosting.stop()
        let error = await #expect(throws: PinholeError.self) { try await client.status() }
        #expect(error?.message.english == "the process that ran the node has ended")
        await client.stop()
    }

    @Test("one program too many says why it waits, tries no faster than each second, and gets in when there is room")
    func patient() async throws {
        let person = try Person()
        let hosting = try await person.host()
        var crowd = try await crowd(person)
        let (changes, change) = AsyncStream.makeStream(of: (Client.Change, ContinuousClock.Instant).self)
        let client = try await Client(
            Client.Ways(socket: person.socket, followsEvents: true, tell: { change.yield(($0, .now)) }) {
                throw PinholeError(.identityInUse, "it is in use")
            })
        client.start()
        async let status = client.status()
        var (attempts, words): ([ContinuousClock.Instant], [String]) = ([], [])
        for await (change, time) in changes {
            if case .waiting(let error as PinholeError) = change { words.append(error.message.english) }
            if case .lost = change { attempts.append(time) }
            if attempts.count == 3 { break }
        }
        #expect(attempts[1] - attempts[0] >= .seconds(1) && attempts[2] - attempts[1] >= .seconds(1))
        // Once, however often it is tried.
        #expect(words == ["the process that runs the node hung up: too many programs are connected: 64"])
        crowd.removeAll()
        #expect(try await status.role == "test")
        await client.stop()
        await hosting.stop()
    }

    @Test("what a reader has not taken counts as unwritten, and all of it comes in the end")
    func unwritten() async throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let reader = PipeEnd(ends[1])
        let channel = try await ClientBootstrap(group: ControlServer.group).withConnectedSocket(ends[0]).get()
        let queue = LineQueue(limit: .max)
        let line = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<4 { queue.add(line) }
        queue.finish(ByteBuffer(string: "the last"))
        let total = queue.unwritten
        async let written: Void = queue.write(to: channel)
        while queue.unwritten == total { await Task.yield() }
        #expect(queue.unwritten > total / 2, "no system buffers so much")
        var bytes: [UInt8] = []
        while bytes.count < total { bytes += try #require(try await reader.read(upTo: 100_000)) }
        await written
        #expect(queue.unwritten == 0)
        try await channel.close()
        #expect(try await reader.read(upTo: 9) == nil)
        #expect(bytes.count == total && bytes.suffix(8) == Array("the last".utf8)[...])
    }

    @Test("the calls of a batch wait for the same places as others, and all are answered")
    func batchOfMany() async throws {
        try await Person().withWire { wire, _ in
            let calls = (0..<ControlLimits.batch).map { number in
                #"{"jsonrpc":"2.0","id":\#(number),"method":"events.next","params":{"after":0,"wait":0.001}}"#
            }
            let answer = try await wire.ask("[\(calls.joined(separator: ","))]")
            #expect(answer?.elements?.map { $0["id"]?.whole } == (0..<ControlLimits.batch).map { Int64($0) })
        }
    }

    @Test("no more tasks are let in than there are places, and all of them in time")
    func turnstile() async {
        let (turnstile, inside) = (Turnstile(places: 3), Crowd())
        await withDiscardingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    await turnstile.enter()
                    inside.count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.all + 1) }
                    await Task.yield()
                    inside.count.withLock { $0.now -= 1 }
                    turnstile.leave()
                }
            }
        }
        #expect(inside.count.withLock { $0.now == 0 && $0.most <= 3 && $0.all == 200 })
    }

    @Test("a program that is gone can be told from one that has only said all")
    func pipeEnds() async throws {
        for isKilled in [false, true] {
            var ends: [Int32] = [0, 0]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            let end = PipeEnd(ends[0])
            _ = Glibc.write(ends[1], "abc", 3)
            if isKilled { close(ends[1]) } else { shutdown(ends[1], Int32(SHUT_WR)) }
            #expect(try await end.read(upTo: 9) == Array("abc".utf8))
            #expect(try await end.read(upTo: 9) == nil)
            #expect(end.isClosed == isKilled)
            if !isKilled { close(ends[1]) }
        }
    }
}
