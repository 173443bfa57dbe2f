import Foundation
import Testing

@testable import Pinhole

@Suite("how texts are compared in a search")
struct SearchTextTests {
    private func finds(_ word: String, in text: String) -> Bool? {
        SearchWords(word).map { $0.matches(SearchText.folded(text)) }
    }

    @Test(
        "what people call the same is found",
        arguments: [
            ("hello", "Hello, World"), ("WORLD", "hello world"), ("cafe", "Café"), ("CAFÉ", "cafe\u{301}"),
            ("strasse", "STRASSE"), ("straße", "STRASSE"), ("STRASSE", "Straße"), ("ежик", "Ёжик"), ("ЁЖИК", "ежик"),
            ("привет", "ПРИВЕТ!"), ("file", "ﬁle"), ("abc", "ＡＢＣ"), ("istanbul", "İSTANBUL"), ("ısparta", "ISPARTA"),
            ("σοφος", "ΣΟΦΌΣ"), ("שלום", "שָׁלוֹם"), ("كتب", "كَتَبَ"), ("한국", "한국어"), ("world peace", "peace, world"),
            ("co-op", "co\u{ad}-op"), ("👍", "ok 👍"), ("naive", "naïve"), ("a\u{0}b", "xa\u{0}bx"),
            ("100%", "100% sure"),
            ("\"see you\"", "See you soon"), ("„see you“ soon", "soon I see you"), ("don't", "don't"),
            ("\"open", "open it"),
        ])
    func same(word: String, text: String) {
        #expect(finds(word, in: text) == true)
    }

    @Test(
        "another letter, another word and another order within quotes are not found",
        arguments: [
            ("мои", "мой"), ("か", "が"), ("कि", "क"), ("hello peace", "hello world"), ("\"you see\"", "see you"),
            ("abcd", "abc"),
        ])
    func different(word: String, text: String) {
        #expect(finds(word, in: text) == false)
    }

    @Test("nothing is nothing to look for", arguments: ["", "  ", "\"\"", "\u{ad}", "\n"])
    func nothing(text: String) {
        #expect(SearchWords(text) == nil)
    }

    @Test("texts that grow much when they are taken apart have the room")
    func growth() {
        let ligature = String(repeating: "\u{fdfa}", count: 1000)
        let folded = SearchText.folded(ligature)
        #expect(folded.count > 1000 * 18)
        #expect(finds("صلى", in: ligature) == true)
    }

    @Test("a block finds the rows of all texts that hold all words, the contact's only, and gives them up when told")
    func block() throws {
        let texts = ["one two", "two", "", "two one\u{0}", "three two one"]
        let entries = texts.enumerated().map { index, text in
            SearchBlock.Entry(
                row: 2048 + Int64(index) * 200, contact: index % 2 == 0 ? .max : 3, text: SearchText.folded(text))
        }
        let made = SearchBlock(bucket: 2, entries)
        let block = try #require(SearchBlock(bucket: 2, bytes: made.encoded))
        func rows(_ words: String, _ contact: Int64?) throws -> [Int64] {
            block.rows(matching: try #require(SearchWords(words)), contact: contact).map { ($0 - 2048) / 200 }
        }
        #expect(try rows("TWO", nil) == [0, 1, 3, 4])
        #expect(try rows("one two", nil) == [0, 3, 4])
        #expect(try rows("two", 3) == [1, 3])
        #expect(try rows("two", .max) == [0, 4])
        #expect(try rows("two two", nil) == [0, 1, 3, 4])
        #expect(try rows("onetwo", nil) == [])
        #expect(block.entries { $0 == 2448 || $0 == 2848 }.map(\.text) == [[], SearchText.folded(texts[4])])
        #expect(SearchBlock(bucket: 0, []).rows(matching: try #require(SearchWords("a")), contact: nil).isEmpty)
        for count in 0..<made.encoded.count {
            #expect(SearchBlock(bucket: 2, bytes: Array(made.encoded.prefix(count))) == nil)
        }
    }
}
