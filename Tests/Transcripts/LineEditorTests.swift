import Pinhole
import PinholeControl
import TestSupport
import Testing

@testable import PinholeCLI

@Suite("the input line")
struct LineEditorTests {
    private func type(_ keys: String, into editor: inout LineEditor) -> [LineEditor.Action] {
        keys.utf8.map { editor.handle($0) }
    }

    private func submitted(_ keys: String) -> String? {
        var editor = LineEditor()
        for case .submit(let line) in type(keys, into: &editor) { return line }
        return nil
    }

    @Test(
        "keys edit the line",
        arguments: [
            ("hello\n", "hello"),
            ("helpo\u{7f}\u{7f}lo\n", "hello"),
            ("one two\u{17}three\n", "one three"),
            ("gone\u{15}kept\n", "kept"),
            ("bc\u{01}a\u{05}d\n", "abcd"),
            ("ac\u{1b}[Db\n", "abc"),
            ("abX\u{1b}[D\u{1b}[3~c\n", "abc"),
            ("keep cut\u{1b}[D\u{1b}[D\u{1b}[D\u{0b}\n", "keep "),
            ("日本\u{7f}a\n", "日a"),
            ("x👩‍👩‍👧‍👦\u{7f}y\n", "xy"),
            ("e\u{301}\u{7f}a\n", "a"),
            ("one\u{1b}\ntwo\n", "one\ntwo"),
            ("\u{1b}[200~pasted\nlines\u{1b}[201~\n", "pasted\nlines"),
            ("\u{1b}\u{1b}[200~pasted\nlines\u{1b}[201~\n", "pasted\nlines"),
            ("ac\u{1b}\u{1b}[Db\n", "abc"),
            ("ac\u{1b}[1\u{1b}[Db\n", "abc"),
            ("a\u{1b}[1;5Cb\u{1b}OPc\n", "abc"),
            ("\u{9b}31mred\n", "31mred"),
        ])
    func edits(keys: String, line: String) {
        #expect(submitted(keys) == line)
    }

    @Test("the end of input counts on an empty line only")
    func endOfInput() {
        var editor = LineEditor()
        #expect(editor.handle(4) == .endOfInput)
        _ = type("a", into: &editor)
        #expect(editor.handle(4) == .redraw)
        #expect(editor.text == "a")
    }

    @Test("earlier lines come back, and the draft after them")
    func history() {
        var editor = LineEditor()
        _ = type("first\nsecond\ndraft\u{1b}[A\u{1b}[A", into: &editor)
        #expect(editor.text == "first")
        _ = type("\u{1b}[B\u{1b}[B", into: &editor)
        #expect(editor.text == "draft")
    }

    @Test("any bytes leave a line of valid text without control characters")
    func anyBytes() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &generator)
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var editor = LineEditor()
            for _ in 0..<200 {
                guard case .submit(let line) = editor.handle(UInt8(truncatingIfNeeded: random.next())) else { continue }
                #expect(!line.unicodeScalars.contains { $0 != "\n" && $0.isUnsafeForTerminal }, "seed \(seed)")
            }
            _ = editor.visible(in: 20)
        }
    }

    @Test("what is pasted is one edit, however long it is, and showing it looks only at what is shown")
    func paste() {
        var editor = LineEditor()
        let text = String(repeating: "all work and no play ", count: 1000)
        #expect(editor.handle("\u{1b}[200~\(text)\u{1b}[201~".utf8) == LineEditor.Outcome(isRedrawn: true))
        // Quadratic work would not end.
        var shown = ""
        for _ in 0..<10_000 { shown = editor.visible(in: 40).text }
        #expect(shown.hasSuffix("no play "))
        #expect(
            editor.handle("!\nnext\n\nlast".utf8)
                == LineEditor.Outcome(lines: [text + "!", "next", ""], isRedrawn: true))
        #expect(editor.handle("\u{15}\u{4}gone\n".utf8) == LineEditor.Outcome(isRedrawn: true, isEnd: true))
    }

    @Test("a long line shows the part around the cursor, within its cells")
    func visible() {
        var editor = LineEditor()
        _ = type(String(repeating: "日本語", count: 30), into: &editor)
        let end = editor.visible(in: 40)
        #expect(Width.of(end.text) <= 40)
        #expect(end.cellsAfterCursor == 0)
        _ = type("\u{01}", into: &editor)
        let start = editor.visible(in: 40)
        #expect(start.text.hasPrefix("日本語"))
        #expect(Width.of(start.text) <= 40)
        #expect(start.cellsAfterCursor == Width.of(start.text))
    }
}

@Suite("what reaches a terminal")
struct EscapingTests {
    @Test(
        "control characters are spelled out, letters are left alone",
        arguments: [
            ("plain, 日本語 👩‍👩‍👧‍👦 é", "plain, 日本語 👩‍👩‍👧‍👦 é"),
            ("\u{1b}[2J", "\\e[2J"),
            ("a\rb", "a\\rb"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("\u{7}\u{8}", "\\u{7}\\u{8}"),
        ])
    func escapes(text: String, shown: String) {
        #expect(text.escapedForTerminal == shown)
    }

    @Test("a line break cannot begin a line of ours")
    func lines() {
        #expect(Console.lines("hi\n14:02 bob: forged") == "hi\n    14:02 bob: forged")
    }

    @Test("JSON spells out what a terminal would act on")
    func json() {
        let line = JSON.object(["text": "\u{1b}[2J\u{9b}\u{202e}\u{e0041}é"]).line
        #expect(line == #"{"text":"\u001b[2J\u009b\u202e\udb40\udc41é"}"#)
    }

    @Test(
        "wide, combining and joined characters take the cells that terminals give them",
        arguments: [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("👩‍👩‍👧‍👦", 2), ("✈️", 2), ("é", 1), ("ｶ", 1)])
    func width(text: String, cells: Int) {
        #expect(Width.of(text) == cells)
    }

    @Test("rows count a wide character that does not fit at the edge")
    func rows() {
        #expect(Width.rows(of: "abcd", columns: 4) == 1)
        #expect(Width.rows(of: "abcde", columns: 4) == 2)
        #expect(Width.rows(of: "abc日", columns: 4) == 2)
        #expect(Width.rows(of: "", columns: 4) == 1)
    }

    @Test(
        "sizes and durations read as people write them",
        arguments: [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_950, "1.0 MB"), (2_100_000, "2.1 MB")])
    func sizes(bytes: UInt64, text: String) {
        #expect(Format.size(bytes).english == text)
    }

    @Test("durations keep the digits that matter")
    func durations() {
        #expect(Format.duration(.microseconds(31_240)).english == "31.2 ms")
        #expect(Format.duration(.microseconds(999)).english == "1.00 ms")
        #expect(Format.duration(.milliseconds(1400)).english == "1.40 s")
    }
}
