import Foundation
import PinholeControl
import Testing

@testable import PinholeCLI

@Suite("Widths of text")
struct WidthTests {
    @Test(
        "are those of terminals that know Unicode",
        arguments: [
            ("a", 1), ("é", 1), ("e\u{301}", 1), ("\u{301}", 0), ("漢", 2), ("カ", 2), ("ｶ", 1), ("한", 2), ("Ａ", 2),
            ("👍", 2), ("👍🏽", 2), ("👩‍👩‍👧‍👦", 2), ("🏳️‍🌈", 2), ("🇩🇪", 2), ("❤", 1), ("❤️", 2), ("❤\u{FE0E}", 1),
            ("1️⃣", 2), ("שלום", 4), ("مرحبا", 5), ("नमस्ते", 4), ("\u{200B}", 0), ("日本語 ok", 9),
        ])
    func width(text: String, cells: Int) {
        #expect(Width.of(text) == cells, "\(text.unicodeScalars.map { String($0.value, radix: 16) })")
    }

    @Test("a cut keeps whole characters, and a wide one that does not fit begins the next row")
    func cuts() {
        #expect(Width.prefix(of: "a漢字", cells: 4) == "a漢")
        #expect(Width.prefix(of: "👩‍👩‍👧‍👦x", cells: 2) == "👩‍👩‍👧‍👦")
        #expect(Width.rows(of: "aaa漢", columns: 4) == 2)
    }

    @Test(
        "what could steer a terminal or turn the reading direction is shown, never obeyed",
        arguments: [
            "\u{1B}[2J", "\u{9B}31m", "\u{202E}txt", "\u{2066}a\u{2069}", "a\rb", "\u{200F}", "\u{7F}", "\u{E0041}",
        ])
    func hostile(text: String) {
        let isUnsafe = text.escapedForTerminal.unicodeScalars.contains { $0.isUnsafeForTerminal }
        #expect(!isUnsafe)
        #expect(text.escapedForTerminal.contains("\\"))
    }
}
