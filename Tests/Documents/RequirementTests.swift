import Testing

/// Each numbered requirement of the specification is kept somewhere, and whoever keeps it says so.
@Suite("requirements of the protocol")
struct RequirementTests {
    /// `[HS-7]`: the area in capitals, and a number that is given once and for ever.
    private static func numbers(in text: String) -> [String] {
        text.matches(of: /\[([A-Z]{2,4}-[1-9][0-9]*)\]/).map { String($0.1) }
    }

    private static func area(of number: String) -> Substring {
        number.prefix { $0 != "-" }
    }

    private let required: [String]
    /// Where each number is cited.
    private let cited: [String: [String]]

    init() throws {
        // The convention is shown by an example, which is among the others too.
        let text = try Repository.text("Sources/Pinhole/Pinhole.docc/Protocol.md").replacing("`[HS-7]`", with: "")
        let required = Self.numbers(in: text)
        self.required = required
        let areas = Set(required.map { Self.area(of: $0) })
        var cited: [String: [String]] = [:]
        for (path, text) in try Repository.code() where !path.hasPrefix("Tests/Documents/") {
            // What has the form by chance, such as a subscript, is of no area.
            for number in Self.numbers(in: text) where areas.contains(Self.area(of: number)) {
                cited[number, default: []].append(path)
            }
        }
        self.cited = cited
    }

    @Test("each is cited by the code or the test that keeps it")
    func all() {
        let uncited = required.filter { cited[$0] == nil }
        #expect(uncited.isEmpty, "\(uncited.count) of \(required.count) are cited nowhere")
        #expect(required.count > 200)
    }

    @Test("none that is cited is missing")
    func dangling() {
        let known = Set(required)
        let dangling = cited.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
        #expect(dangling.isEmpty, "cited, and not in Protocol.md")
    }

    @Test("a number is given once")
    func unique() {
        var seen: Set<String> = []
        let twice = required.filter { !seen.insert($0).inserted }
        #expect(twice.isEmpty)
    }

    @Test("nine of ten are cited by a test")
    func tests() {
        let untested = required.filter { number in
            !(cited[number] ?? []).contains { $0.hasPrefix("Tests/") }
        }
        #expect(untested.count * 10 <= required.count, "\(untested)")
    }
}
