import Testing

@testable import Pinhole

@Suite("names of received files")
struct FileNameTests {
    @Test(  // [FIL-2]
        "a hostile name becomes a harmless one",
        arguments: [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("/etc/shadow", "shadow"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("a/", "a"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("///", "file"),
            (".bashrc", "bashrc"),
            ("...x", "x"),
            (" . .x ", "x"),
            ("a\u{0}b", "ab"),
            ("evil\n\r\u{1b}[31m.txt", "evil[31m.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("\u{feff}x\u{2028}y", "xy"),
            ("\u{9b}31mname", "31mname"),
            ("Documents/\u{fe0f}report.pdf", "\u{fe0f}report.pdf"),
            ("a\\\u{301}b", "\u{301}b"),
            ("x\u{600}/y", "y"),
            ("zoë’s 写真 👩‍👩‍👧.jpg", "zoë’s 写真 👩‍👩‍👧.jpg"),
        ])
    func hostile(name: String, harmless: String) {
        #expect(FileName.sanitized(name) == harmless)
    }

    @Test("no name is longer than 255 bytes, a character is never cut, and the ending stays")
    func length() {
        let name = FileName.sanitized(String(repeating: "é", count: 400) + ".tar.gz")
        #expect(name.utf8.count <= 255 && name.utf8.count >= 252)
        #expect(name.hasPrefix("éé") && name.hasSuffix("é.gz"))
        let numbered = FileName.numbered(name, attempt: 10_000)
        #expect(numbered.utf8.count <= 255)
        #expect(numbered.hasSuffix(" (10000).gz"))
        #expect(FileName.sanitized("a." + String(repeating: "x", count: 500)).utf8.count == 255)
    }

    @Test("of a name that is one long character, or begins with one, something stays")
    func longCharacter() {
        let marks = String(repeating: "\u{301}", count: 300)
        for name in ["a" + marks, "a" + marks + ".txt"] {
            for attempt in [1, 2, 10_000] {
                let fitted = FileName.numbered(FileName.sanitized(name), attempt: attempt)
                #expect(fitted.hasPrefix("a\u{301}") || fitted.unicodeScalars.first == "a")
                #expect((200...255).contains(fitted.utf8.count))
                #expect(fitted.hasSuffix(".txt") == name.hasSuffix(".txt"))
            }
        }
    }

    @Test("a dot with a mark on it begins an ending, and a device's name is one whatever follows its dot")
    func marks() {
        #expect(Array(FileName.numbered("a.\u{301}b", attempt: 2).utf8) == Array("a (2).\u{301}b".utf8))
        #expect(FileName.sanitized("CON.\u{301}txt").utf8.first == 0x5f)
        let inside = FileName.inside("a/\u{301}b")
        #expect(Array(inside.utf8) == Array("a\u{301}b".utf8))
    }

    @Test("a second file gets a number before its ending")
    func numbered() {
        #expect(FileName.numbered("a.txt", attempt: 1) == "a.txt")
        #expect(FileName.numbered("a.txt", attempt: 2) == "a (2).txt")
        #expect(FileName.numbered("noending", attempt: 3) == "noending (3)")
    }

    @Test("random names never leave the folder")  // [FIL-2]
    func random() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix(state: seed)
        let alphabet: [Unicode.Scalar] = [
            "/", "\\", ".", " ", "\0", "a", "é", "\n", "\u{202e}", "~", "-", "\u{301}", "\u{fe0f}", "\u{200d}",
            "\u{600}",
        ]
        for _ in 0..<5000 {
            let length = Int.random(in: 0...300, using: &generator)
            var name = ""
            for _ in 0..<length { name.unicodeScalars.append(alphabet.randomElement(using: &generator)!) }
            let harmless = FileName.sanitized(name)
            let bytes = Array(harmless.utf8)
            let again = Array(FileName.sanitized(harmless).utf8)
            #expect(
                !bytes.contains(0x2f) && !bytes.contains(0x5c) && !bytes.contains(0) && bytes.first ?? 0x2e != 0x2e
                    && bytes.count <= 255 && bytes == again,
                "seed \(seed), name \(name.debugDescription)")
        }
    }
}

/// A generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
