import Glibc
import Testing

@testable import Pinhole

@Suite("paths as people and shells are given them")
struct PathTextTests {
    @Test("a shell reads each word back as it was, whatever marks stand on its quotation marks")
    func quoted() {
        #expect(shellQuoted("/a/b-c.txt") == "/a/b-c.txt")
        #expect(shellQuoted("") == "''")
        #expect(shellQuoted("it's") == #"'it'\''s'"#)
        #expect(Array(shellQuoted("'\u{301}; x").utf8) == Array("''\\''\u{301}; x'".utf8))
    }

    @Test("a path from the root is one whatever mark follows a slash, and loses no more than slashes at its end")
    func absolute() {
        #expect(Array(absolutePath("/\u{301}x").utf8) == Array("/\u{301}x".utf8))
        #expect(Array(absolutePath("/x\u{600}//").utf8) == Array("/x\u{600}".utf8))
        #expect(absolutePath("///") == "/")
    }
}
