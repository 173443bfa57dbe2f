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
    let content = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    init() throws {
        folder = try TemporaryDirectory()
    }

    private func receive() throws -> ReceivedFile {
        try ReceivedFile(
            TransferReference(contact: Identity.generate().publicKey, direction: .incoming, number: 1), name: "a.bin",
            size: UInt64(content.count), hash: Blake2b.hash(content), in: folder.path("downloads"))
    }

    private func offer() throws -> OutgoingFile {
        try folder.write(content, to: "b.bin")
        return try OutgoingFile(folder.path("b.bin"))
    }

    @Test("pieces are written in their order while the loop goes on, and before what is asked of the queue later")
    func writes() throws {
        let told = Mutex(0)
        let writer = FileWriter(try receive(), on: queue) { result in
            told.withLock { $0 += (try? result.get()) ?? 0 }
        }
        queue.suspend()
        for start in stride(from: 0, to: content.count, by: 7000) {
            writer.write(Array(content[start..<min(start + 7000, content.count)]), at: UInt64(start))
        }
        #expect(writer.file.length == 0 && told.withLock { $0 } == 0)
        let path = Mutex("")
        queue.async { path.withLock { $0 = (try? writer.finish()) ?? "" } }
        queue.resume()
        queue.sync {}
        #expect(told.withLock { $0 } == content.count)
        #expect(path.withLock { $0 } == folder.path("downloads/a.bin"))
        #expect(try folder.read("downloads/a.bin") == content)
    }

    @Test("a failure is told once, what follows is not written, and the end says the same")
    func writeFailure() throws {
        let told = Mutex<[Result<Int, PinholeError>]>([])
        let writer = FileWriter(try receive(), on: queue) { result in told.withLock { $0.append(result) } }
        writer.write(Array(content[..<1000]), at: 0)
        writer.write([1], at: 5000)
        for _ in 0..<10 { writer.write([1], at: 1000) }
        queue.sync {}
        writer.write([1], at: 1000)
        queue.sync {}
        let failures = told.withLock { $0 }.filter { if case .failure = $0 { true } else { false } }
        #expect(failures.count == 1)
        #expect(writer.file.length == 1000)
        #expect(failure { _ = try writer.finish() }?.message.english.contains("out of place") ?? false)
    }

    @Test("nothing is written of a file that nobody wants any more")
    func cancelled() throws {
        let writer = FileWriter(try receive(), on: queue) { _ in }
        queue.suspend()
        writer.write(Array(content[..<1000]), at: 0)
        writer.cancel()
        writer.write(Array(content[..<1000]), at: 0)
        queue.resume()
        queue.sync {}
        #expect(writer.file.length == 0)
    }

    @Test("a file is read ahead by a bounded amount, and each byte is given once and in order")
    func reads() throws {
        let told = Mutex(0)
        let reader = FileReader(try offer(), on: queue) { told.withLock { $0 += 1 } }
        var random = SystemRandomNumberGenerator()
        var read: [UInt8] = []
        while read.count < content.count {
            let count = Int.random(in: 1...100_000, using: &random)
            switch reader.read(at: UInt64(read.count), upTo: count) {
            case .given(let bytes):
                #expect(!bytes.isEmpty && bytes.count <= count)
                read += bytes
            case .later: queue.sync {}
            case .failed(let error): throw error
            }
            #expect(reader.pieceCount <= FileReader.depth)
        }
        #expect(read == content)
        #expect((1...content.count / Limits.filePiece).contains(told.withLock { $0 }))
    }

    @Test("who was asked for what is not there is told when it is, once")
    func awaited() throws {
        let told = Mutex(0)
        let reader = FileReader(try offer(), on: queue) { told.withLock { $0 += 1 } }
        queue.suspend()
        for _ in 0..<3 {
            guard case .later = reader.read(at: 0, upTo: 10) else {
                Issue.record("nothing was read yet")
                break
            }
        }
        queue.resume()
        queue.sync {}
        #expect(told.withLock { $0 } == 1)
        #expect(reader.pieceCount == FileReader.depth, "it reads ahead")
    }

    @Test("it goes on elsewhere when the receiver has more, or less, than was read")
    func jumps() throws {
        let reader = FileReader(try offer(), on: queue) {}
        for offset in [0, 1_000_001, 70_000, 1_499_999, 1_300_000] {
            guard case .later = reader.read(at: UInt64(offset), upTo: 1) else {
                Issue.record("\(offset) was read before it was asked for")
                continue
            }
            queue.sync {}
            guard case .given(let bytes) = reader.read(at: UInt64(offset), upTo: 5) else {
                Issue.record("\(offset) was not read")
                continue
            }
            #expect(bytes == Array(content[offset..<min(offset + 5, content.count)]))
        }
    }

    @Test("a file that changed is told of, and not read")
    func readFailure() throws {
        let told = Mutex(0)
        let reader = FileReader(try offer(), on: queue) { told.withLock { $0 += 1 } }
        truncate(folder.path("b.bin"), 10)
        _ = reader.read(at: 0, upTo: 10)
        queue.sync {}
        #expect(told.withLock { $0 } == 1)
        guard case .failed(let error) = reader.read(at: 0, upTo: 10) else {
            Issue.record("it gave what was not offered")
            return
        }
        #expect(error.message.english.contains("changed while it was being sent"))
    }
}
