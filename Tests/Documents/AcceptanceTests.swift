import Testing

/// The page of what is accepted names tests: each is there.
@Suite("the acceptance list")
struct AcceptanceTests {
    private let rows: [Substring]
    private let tests: [(path: String, text: String)]

    init() throws {
        rows = try Repository.text("Sources/Pinhole/Pinhole.docc/Acceptance.md").split(separator: "\n").filter {
            $0.hasPrefix("| ")
        }
        tests = try Repository.code().filter { $0.path.hasPrefix("Tests/") }
    }

    @Test("has a row for each of A1 to A24, in order")
    func complete() {
        let numbers = rows.compactMap { $0.wholeMatch(of: /\| (A[0-9]+) \|.*/)?.output.1 }
        #expect(numbers == (1...24).map { "A\($0)" })
    }

    @Test("names tests that exist")
    func named() {
        for row in rows where row.contains("“") || row.hasPrefix("| A") {
            let suites = row.matches(of: /`([A-Za-z]+Tests)`: ((?:“[^”]*” ?)+)/)
            #expect(!suites.isEmpty, "no test: \(row)")
            for suite in suites {
                // Two modules may have a suite of one name: any of them may hold the test.
                let files = tests.filter { $0.path.hasSuffix("/\(suite.1).swift") }
                #expect(!files.isEmpty, "no file: \(suite.1)")
                for name in suite.2.matches(of: /“([^”]*)”/).map(\.1) {
                    let isThere = files.contains { file in
                        file.text.contains("\"\(name)\"") && file.text.contains("@Test(")
                    }
                    #expect(isThere, "not in \(suite.1): \(name)")
                }
            }
        }
        #expect(rows.count > 34)
    }

    @Test("and so does the threat model")
    func threats() throws {
        let text = try Repository.text("Sources/Pinhole/Pinhole.docc/ThreatModel.md")
        let suites = Set(text.matches(of: /`([A-Za-z]+Tests)`/).map { String($0.1) })
        #expect(suites.count > 15)
        for suite in suites {
            let isThere = tests.contains { $0.path.hasSuffix("/\(suite).swift") || $0.text.contains("struct \(suite)") }
            #expect(isThere, "no suite: \(suite)")
        }
    }
}
