import Dispatch
import Foundation
import Glibc
import PinholeCrypto
import PinholeWire
import Synchronization
import Testing

@testable import Pinhole

@Suite("files behind the network loop")
struct FileQueueTests {
    let folder: TemporaryDirectory
    let queue = DispatchQueue(label: "test")
    let content = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let sending: Sending

    init() throws {
        folder = try TemporaryDirectory()
        sending = try Sending(content)
    }

    private func receive() throws -> PartialTransfer {
        try PartialTransfer(sending.offer, sending.key, in: folder.path("downloads"))
    }

    private func reader(_ tell: @escaping @Sendable () -> Void = {}) -> FileReader {
        FileReader(
            sending.source, sending.offer, sending.key, after: FileTree(), sent: sending.sent, on: queue, tell: tell)
    }

    @Test("what nobody waits for any more is not read to its end")
    func unwanted() throws {
        let (source, offer, key) = (sending.source, sending.offer, sending.key)
        var whole = FileTree()
        while whole.groups < offer.groups {
            let content = try source.read(offer.range(of: whole.groups))
            whole.append(key.leaf(content.span, group: whole.groups), key)
        }
        let holdings = whole.holdings(key)
        var looks = 0
        let found = try source.start(after: holdings, of: offer, key, sending.sent) {
            looks += 1
            return false
        }
        #expect(found.groups == 0 && looks == 2)
        #expect(try source.start(after: holdings, of: offer, key, sending.sent).groups == offer.groups)
    }

    @Test("pieces are written in their order while the loop goes on, and before what is asked of the queue later")
    func writes() throws {
        let told = Mutex(0)
        let writer = FileWriter(try receive(), on: queue) { result in
            told.withLock { $0 += (try? result.get()) ?? 0 }
        }
        let stream = Array(try sending.stream(from: 0).joined())
        queue.suspend()
        writer.begin(group: 0)
        for start in stride(from: 0, to: stream.count, by: 7000) {
            writer.write(Array(stream[start..<min(start + 7000, stream.count)]))
        }
        #expect(writer.transfer.received == 0 && told.withLock { $0 } == 0)
        let path = Mutex("")
        queue.async { path.withLock { $0 = (try? writer.finish(.rename))?.path ?? "" } }
        queue.resume()
        queue.sync {}
        #expect(told.withLock { $0 } == stream.count)
        #expect(path.withLock { $0 } == folder.path("downloads/a.bin"))
        #expect(try folder.read("downloads/a.bin") == content)
    }

    @Test("a failure is told once, what follows is not written, and the end says the same")
    func writeFailure() throws {
        let told = Mutex<[Result<Int, PinholeError>]>([])
        let writer = FileWriter(try receive(), on: queue) { result in told.withLock { $0.append(result) } }
        var pieces = try sending.stream(from: 0)
        pieces[1][5] ^= 1
        for piece in pieces { writer.write(piece) }
        queue.sync {}
        writer.write(pieces[1])
        queue.sync {}
        let failures = told.withLock { $0 }.filter { if case .failure = $0 { true } else { false } }
        #expect(failures.count == 1)
        #expect(writer.transfer.holdings.groups == 1)
        #expect(failure { _ = try writer.finish(.rename) }?.message.english.contains("damaged") ?? false)
    }

    @Test("nothing is written of what nobody wants any more, and who settles lets others go on")
    func cancelled() throws {
        let writer = FileWriter(try receive(), on: queue) { _ in }
        let pieces = try sending.stream(from: 0)
        queue.suspend()
        writer.write(pieces[0])
        writer.cancel()
        writer.write(pieces[0])
        queue.resume()
        queue.sync { writer.settle(isWanted: true) }
        #expect(writer.transfer.received == 0)
        #expect(try receive().holdings == .none)
    }

    @Test("a file is read ahead by a bounded amount, and each byte is given once and in order, with its group's hash")
    func reads() throws {
        let reader = reader()
        var pieces: [[UInt8]] = []
        var isOver = false
        while !isOver {
            switch reader.next() {
            case .given(let bytes, let isLast):
                pieces.append(bytes)
                isOver = isLast
            case .later: queue.sync {}
            case .failed(let error): throw error
            }
            #expect(reader.pieceCount <= FileReader.depth)
        }
        #expect(pieces.count == Int(sending.offer.groups) + 1)
        let data = pieces.dropLast().flatMap { $0.dropLast(32) }
        #expect(Array(data[Int(sending.offer.manifestSize)...]) == content)
        let group = Array(pieces[3].prefix(Limits.fileGroup))
        let leaf = sending.key.leaf(group.span, group: 3)
        #expect(Array(pieces[3].suffix(32)) == leaf)
    }

    @Test("who was asked for what is not there is told when it is, once")
    func awaited() throws {
        let told = Mutex(0)
        let reader = reader { told.withLock { $0 += 1 } }
        queue.suspend()
        for _ in 0..<3 {
            guard case .later = reader.next() else {
                Issue.record("there was something before anything was read")
                break
            }
        }
        #expect(told.withLock { $0 } == 0)
        queue.resume()
        queue.sync {}
        #expect(told.withLock { $0 } == 1)
        #expect(reader.pieceCount == FileReader.depth)
        guard case .given = reader.next() else {
            Issue.record("nothing was read")
            return
        }
        queue.sync {}
        reader.cancel()
        #expect(reader.pieceCount == 0)
    }

    @Test("a file that changed is told of, and not read")
    func readFailure() throws {
        let told = Mutex(0)
        let reader = reader { told.withLock { $0 += 1 } }
        truncate(sending.source.path, 10)
        _ = reader.next()
        queue.sync {}
        #expect(told.withLock { $0 } == 1)
        guard case .failed(let error) = reader.next() else {
            Issue.record("it gave what was not offered")
            return
        }
        #expect(error.message.english.contains("changed while it was being sent"))
    }
}
