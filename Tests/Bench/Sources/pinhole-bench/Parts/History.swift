import Pinhole
import PinholeWire

/// What a long history costs: opening it, a page of it, a search through all of it.
enum History {
    static func run(_ options: Options) throws {
        let count = options.isQuick ? 20_000 : 1_000_000
        let directory = try Directory()
        defer { directory.remove() }
        let (keys, filling) = try fill(directory.path + "/profile", count)
        var figures = Figures()
        for _ in 0..<options.rounds { try measure(directory.path + "/profile", keys, count, &figures) }
        var table = Table(
            "A history of \(Double(count).text()) messages, ms (median, lowest-highest of \(options.rounds))",
            ["what", "ms"])
        for (what, sample) in figures.samples { table.add([what, sample.text(2)]) }
        table.print()
        say("storing them took \((filling * 1e6 / Double(count)).text(1)) µs each, 500 a transaction")
        for (what, bound) in [("open", 100.0), ("page", 20.0), ("search", 1000.0)] {
            let worst = figures.samples.filter { $0.what.hasPrefix(what) }.map(\.sample.median).max() ?? .nan
            Target("the slowest \(what)", worst, atMost: bound, digits: 1, unit: " ms").print()
        }
    }

    private struct Figures {
        var samples: [(what: String, sample: Sample)] = []

        mutating func time(_ what: String, _ body: () throws -> Void) rethrows {
            let start = monotonicSeconds()
            try body()
            let value = (monotonicSeconds() - start) * 1000
            if let index = samples.firstIndex(where: { $0.what == what }) {
                samples[index].sample.add(value)
            } else {
                samples.append((what, Sample([value])))
            }
        }
    }

    private static func measure(
        _ path: String, _ keys: [PublicKey], _ count: Int, _ figures: inout Figures
    ) throws {
        var opened: Profile?
        try figures.time("open, with what a node needs to know of its contacts") {
            let profile = try Profile.open(at: path) { nil }
            for contact in try profile.contacts() {
                _ = try profile.store.state(of: contact.key)
                _ = try profile.store.pendingMessages(to: contact.key)
            }
            opened = profile
        }
        guard let profile = opened else { return }
        func ask(_ what: String, _ expected: Int?, _ query: HistoryQuery) throws {
            var page: HistoryPage?
            try figures.time(what) { page = try profile.history(query) }
            guard let expected, page?.entries.count != expected else { return }
            throw Child.Failure(description: "\(what): \(page?.entries.count ?? 0) messages instead of \(expected)")
        }
        try ask("page, the newest of all", 50, HistoryQuery())
        try ask("page, the newest of one contact", 50, HistoryQuery(contact: keys[3]))
        try ask("page, from the middle", 50, HistoryQuery(contact: keys[3], before: Int64(count / 2)))
        try ask("page, by time", 50, HistoryQuery(until: UInt64(count / 3)))
        try ask("search, what there is not", 0, HistoryQuery(text: "quetzalcoatl"))
        try ask("search, the oldest message", 1, HistoryQuery(text: "XYZZY"))
        try ask("search, accents and case", 1, HistoryQuery(text: "ежик"))
        try ask("search, several words of which each is frequent", 0, HistoryQuery(text: "tomorrow \"you and xyzzy\""))
        try ask("search, a frequent word", 50, HistoryQuery(text: "tomorrow"))
        try ask("search, a frequent word of one contact", 50, HistoryQuery(contact: keys[3], text: "tomorrow"))
        try ask("search, one letter", 50, HistoryQuery(text: "e"))
    }

    /// Ten contacts and messages of ten words or so, a quarter of them in Cyrillic. Returns the keys, and how long it took.
    private static func fill(_ path: String, _ count: Int) throws -> ([PublicKey], Double) {
        let profile = try Profile.create(at: path, passphrase: nil)
        let keys = (0..<10).map { _ in Identity.generate().publicKey }
        for (index, key) in keys.enumerated() { try profile.add(Contact(name: "contact\(index)", key: key)) }
        let words = [
            "the report is ready and you can have it tomorrow at eight if that suits everybody in the house we met again",
            "сегодня вечером приедет поезд и мы пойдём в кино вместе с друзьями а потом домой пешком через парк",
        ].map { $0.split(separator: " ") }
        var number: UInt64 = 1
        func word(_ words: [Substring]) -> Substring {
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return words[Int(number >> 33) % words.count]
        }
        let start = monotonicSeconds()
        for first in stride(from: 0, to: count, by: 500) {
            let messages = (first..<first + 500).map { index in
                let language = words[index % 4 == 3 ? 1 : 0]
                var text = (0..<10 + index % 7).map { _ in String(word(language)) }.joined(separator: " ")
                if index == 7 { text += " xyzzy" }
                if index == 11 { text += " Ёжик" }
                return Store.Incoming(
                    contact: keys[index % 10],
                    message: ChatMessage(
                        id: MessageID(epoch: 1, counter: UInt64(index / 10 + 1)), time: UInt64(index),
                        body: Array(text.utf8)),
                    receivedAt: UInt64(index))
            }
            _ = try profile.store.insert(messages)
        }
        return (keys, monotonicSeconds() - start)
    }
}
