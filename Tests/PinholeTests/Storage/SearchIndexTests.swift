import GRDB
import Glibc
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("what is kept to be searched", .ownThreads)
struct SearchIndexTests {
    let folder: TemporaryDirectory
    let store: Store
    let bob = Identity.generate().publicKey

    init() throws {
        // In memory where that can be: it is not the disk that is tried.
        folder = try TemporaryDirectory(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil)
        store = try Store(path: folder.path("db"), identity: Identity.generate())
        try store.add(Contact(name: "bob", key: bob))
    }

    private func receive(_ numbers: ClosedRange<Int>, _ text: (Int) -> String = { "word \($0)" }) throws {
        _ = try store.insert(
            numbers.map { number in
                Store.Incoming(
                    contact: bob,
                    message: ChatMessage(
                        id: MessageID(epoch: 7, counter: UInt64(number)), time: 5, body: Array(text(number).utf8)),
                    receivedAt: UInt64(number))
            })
    }

    /// The ends of the texts that are found.
    private func found(_ text: String, limit: Int = 9) throws -> [String] {
        try store.history(HistoryQuery(text: text, limit: limit)).entries.map { String($0.message.text.suffix(8)) }
    }

    private func blockSizes() throws -> [Int] {
        try store.read { try Int.fetchAll($0, sql: "SELECT length(content) FROM searchBlock ORDER BY bucket") }
    }

    @Test("a message for which its block has no room is found all the same, and the block stays small")
    func longMessages() throws {
        // Four of them fit.
        let long = String(repeating: "hay ", count: 225_000)
        try receive(1...1030) { $0 % 170 == 0 ? "\(long)needle \($0 / 170)" : "short \($0)" }
        let sizes = try blockSizes()
        #expect(sizes.count == 1 && sizes[0] < SearchBlock.capacity + 32_768)
        #expect(try found("needle") == (1...6).map { "needle \($0)" })
        #expect(try found("needle", limit: 2) == ["needle 5", "needle 6"])
        #expect(try found("needle 5") == ["needle 5"])
        #expect(try found("\"short 79\"", limit: 1) == ["hort 799"])
        #expect(try found("pin") == [])
        _ = try store.purge(with: nil, before: 851)
        #expect(try found("needle") == ["needle 6"])
    }

    @Test("a text that does not open keeps no later message from being stored, and the others are found")
    func damagedBody() throws {
        try receive(1...800)
        try store.change("UPDATE message SET body = x'ff' WHERE id = 5", [])
        try receive(801...1100)
        #expect(try blockSizes().count == 1)
        #expect(try found("\"word 70\"", limit: 99).count == 11)
    }

    @Test("a block that does not open keeps no message from being deleted, and is made again")
    func damagedBlock() throws {
        try receive(1...1100)
        try store.change("UPDATE searchBlock SET content = zeroblob(length(content))", [])
        #expect(failure { _ = try found("word", limit: 9999) }?.code == .badData)
        #expect(try store.purge(with: nil, before: 700) == 699)
        #expect(try found("word", limit: 9999).count == 401)
    }
}
