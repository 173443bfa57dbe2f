import Glibc
import Testing

@testable import Pinhole

@Suite("what the process that speaks UPnP says")
struct IGDWordsTests {
    @Test("who says more than an answer can be, without end, is heard no longer, and not believed")
    func endless() {
        let zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC)
        defer { close(zeros) }
        var words = IGDWords()
        words.read(from: zeros)
        #expect(words.isOver)
        #expect(words.answer.isEmpty)
    }

    @Test("an answer comes in pieces, and counts when it has ended", arguments: [1, 1024])
    func pieces(size: Int) {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        var words = IGDWords()
        words.read(from: ends[0])
        #expect(!words.isOver)
        let bytes = [UInt8](repeating: 0x30, count: size)
        #expect(write(ends[1], bytes, size) == size)
        words.read(from: ends[0])
        #expect(!words.isOver && words.answer.isEmpty)
        close(ends[1])
        words.read(from: ends[0])
        #expect(words.isOver)
        #expect(words.answer == bytes)
    }
}
