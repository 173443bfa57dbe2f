/// How thoroughly to measure, and where the plot goes.
struct Options {
    /// Everything is measured so often, in turns with what it is compared to.
    var rounds = 5
    /// How long a measurement of a flow lasts.
    var seconds = 2.0
    /// The most sessions that one node gets.
    var sessions = 10_000
    /// Little of everything, to see that it works.
    var isQuick = false
    /// Where the plots of this run are written, as one SVG.
    var plot: String?
    var parts: [Part] = []

    struct Misuse: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: [String]) throws(Misuse) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--quick":
                isQuick = true
                rounds = 1
                seconds = 0.3
                sessions = 30
            case "--rounds": rounds = max(1, try Self.number(rest.popFirst(), after: word, Int.init))
            case "--seconds": seconds = max(0.1, try Self.number(rest.popFirst(), after: word, Double.init))
            case "--sessions": sessions = max(1, try Self.number(rest.popFirst(), after: word, Int.init))
            case "--plot": plot = try Self.number(rest.popFirst(), after: word) { $0 }
            case _:
                guard let part = Part(rawValue: word) else { throw Misuse(description: "there is no part \(word)") }
                parts.append(part)
            }
        }
        if parts.isEmpty { parts = Part.allCases.filter { !isQuick || $0.isQuick } }
    }

    private static func number<Value>(
        _ word: String?, after option: String, _ convert: (String) -> Value?
    ) throws(Misuse) -> Value {
        guard let value = word.flatMap(convert) else { throw Misuse(description: "\(option) takes a value") }
        return value
    }
}
