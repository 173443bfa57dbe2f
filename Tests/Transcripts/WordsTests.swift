import Pinhole
import PinholeControl
import Testing

@testable import PinholeCLI

@Suite("words for people")
struct WordsTests {
    @Test(
        "what the argument parser says is there in Russian",
        arguments: [
            ("Unknown option '--x'", "Неизвестный параметр «--x»"),
            ("Unknown option '--jsn'. Did you mean '--json'?", "Неизвестный параметр «--jsn». Может быть, «--json»?"),
            ("Missing value for '--page <n>'", "Не хватает значения для «--page <n>»"),
            ("2 unexpected arguments: 'a', 'b'", "Лишние аргументы: 'a', 'b'"),
            ("The value 'x' is invalid for '--port <n>'", "Значение «x» не годится для «--port <n>»"),
            ("--count must be at least 1", "--count должен быть не меньше 1"),
        ])
    func parser(english: String, russian: String) {
        #expect(ParserWords.sentence(english).text(in: .russian) == russian)
        let own = ParserWords.sentence(english).english
        #expect(own == english || own == "Unexpected arguments: 'a', 'b'")
    }

    @Test(
        "a point in time has a year of four digits at most",
        arguments: ["999999999-01-01", "10000-01-01", "2026-11-31"])
    func noTime(text: String) {
        #expect(TimePoint(argument: text) == nil)
    }

    @Test("a point in time is read in UTC")
    func time() {
        #expect(TimePoint(argument: "2026-11-21T14:02Z")?.milliseconds == 1_795_269_720_000)
        #expect(TimePoint(argument: "9999-12-31T23:59:59Z")?.milliseconds == 253_402_300_799_000)
    }

    @Test("an attempt to reach somebody is told once, until something else comes of it")
    func attempts() {
        let contact = Identity.generate().publicKey
        var attempts = Attempts()
        func offline(_ reason: Phrase) -> NodeEvent { .unreachable(contact, PinholeError(.peerOffline, reason)) }
        let told = [
            NodeEvent.connecting(contact), offline("away"), .connecting(contact), offline("away"),
            .connecting(contact), offline("far"), .connecting(contact),
            .disconnected(contact, reason: "left"), .connecting(contact), offline("far"),
        ].map { attempts.isNews($0) }
        #expect(told == [true, true, false, false, false, true, false, true, true, true])
    }

    @Test(
        "a narrow window breaks lines between words",
        arguments: [
            ("short", 20, "short"),
            ("Chat with bob. /help shows what you can", 20, "Chat with bob. /help\n    shows what you\n    can"),
            ("   14:02 you:  two blanks stay", 20, "   14:02 you:  two\n    blanks stay"),
            ("a-word-that-is-longer-than-any-line", 20, "a-word-that-is-longer-than-any-line"),
        ])
    func wrapping(text: String, columns: Int, shown: String) {
        #expect(Width.wrapped(text, columns: columns, indent: 4) == shown)
    }
}
