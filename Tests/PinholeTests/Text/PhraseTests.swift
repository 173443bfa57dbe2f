import FoundationEssentials
import Pinhole
import Testing

@Suite("Phrases")
struct PhraseTests {
    @Test("a literal is its own key, and what is interpolated becomes an argument")
    func literal() {
        let name = "bob"
        let phrase: Phrase = "there is no contact named “\(name)”"
        #expect(phrase.key == "there is no contact named “{1}”")
        #expect(phrase.arguments == [.text("bob")])
        #expect(phrase.english == "there is no contact named “bob”")
        #expect(phrase.text(in: .russian) == "нет контакта с именем «bob»")
    }

    @Test("a sentence without translation is said in English")
    func untranslated() {
        #expect(("xyzzy \(1) {2}" as Phrase).text(in: .russian) == "xyzzy 1 {2}")
    }

    @Test("braces that are meant stay, and nothing in an argument is taken for a place")
    func braces() {
        let phrase: Phrase = "{1} \("{1}{2}") }{"
        #expect(phrase.english == "{1} {1}{2} }{")
        #expect(Phrase(key: "{7} {x} {").english == "{7} {x} {")
    }

    @Test("a sentence over several lines of source has one key")
    func concatenation() {
        let (first, second, third) = ("a", "b", "c")
        let phrase: Phrase = "one \(first), " + "{two} \(second) " + "and \(third)"
        #expect(phrase.key == "one {1}, {{two}} {2} and {3}")
        #expect(phrase.english == "one a, {two} b and c")
    }

    @Test(
        "nouns agree with their numbers",
        arguments: [
            (0, "файлов"), (1, "файл"), (2, "файла"), (5, "файлов"), (11, "файлов"), (21, "файл"), (112, "файлов"),
        ])
    func plurals(number: Int, noun: String) {
        Catalogue.add(["{1:test file|test files}": "{1:файл|файла|файлов}"], in: .russian)
        let phrase: Phrase = "\(plural: number, "test file", "test files")"
        #expect(phrase.text(in: .russian) == "\(number) \(noun)")
        #expect(phrase.english == (number == 1 ? "1 test file" : "\(number) test files"))
        #expect(("\(choose: number, "is", "are")" as Phrase).english == (number == 1 ? "is" : "are"))
    }

    @Test("a phrase inside another is said in the same language")
    func nesting() {
        let error = PinholeError(.usage, "there is no contact named “\("bob")”", hint: "try")
        #expect(("\(error)" as Phrase).text(in: .russian) == "нет контакта с именем «bob»; совет: try")
        #expect(error.phrase == "there is no contact named “bob”; hint: try")
        let any: any Error = error
        #expect(("\(any)!" as Phrase).english == "there is no contact named “bob”; hint: try!")
    }

    @Test("an error crosses to another process, which says it in its own language")
    func coding() throws {
        let error = PinholeError(.peerOffline, "“\("bob")” and \(3) more: \("left" as Phrase)", hint: nil)
        let data = try JSONEncoder().encode(error)
        let copy = try JSONDecoder().decode(PinholeError.self, from: data)
        #expect(copy.code == error.code && copy.message.key == error.message.key)
        #expect(copy.message.arguments == error.message.arguments && copy.hint == nil)
    }

    @Test(
        "the locale is taken from the first variable that is set",
        arguments: [
            (["LANG": "ru_RU.UTF-8"], Language.russian), (["LANG": "ru"], .russian),
            (["LANG": "de_DE.UTF-8"], .english),
            (["LANG": "ru_RU.UTF-8", "LC_ALL": "C"], .english), (["LANG": "C", "LC_MESSAGES": "ru_UA@x"], .russian),
            (["LC_ALL": "", "LANG": "ru_RU"], .russian), ([:], .english),
            (["LC_MESSAGES": "en_GB", "LANG": "ru"], .english),
        ])
    func locale(environment: [String: String], language: Language) {
        #expect(Language { environment[$0] } == language)
    }
}
