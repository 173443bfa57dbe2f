import Pinhole

/// What the argument parser says of a command line that it cannot understand, as sentences of the catalogue.
enum ParserWords {
    static func sentence(_ text: String) -> Phrase {
        if let match = text.wholeMatch(of: #/Unknown option '(.+)'\. Did you mean '(.+)'\?/#) {
            return "Unknown option '\(String(match.1))'. Did you mean '\(String(match.2))'?"
        }
        if let match = text.wholeMatch(of: #/Unknown option '(.+)'/#) {
            return "Unknown option '\(String(match.1))'"
        }
        if let match = text.wholeMatch(of: #/Missing value for '(.+)'/#) {
            return "Missing value for '\(String(match.1))'"
        }
        if let match = text.wholeMatch(of: #/Missing expected argument '(.+)'/#) {
            return "Missing expected argument '\(String(match.1))'"
        }
        if let match = text.wholeMatch(of: #/Unexpected argument '(.+)'/#) {
            return "Unexpected argument '\(String(match.1))'"
        }
        if let match = text.wholeMatch(of: #/\d+ unexpected arguments: (.+)/#) {
            return "Unexpected arguments: \(String(match.1))"
        }
        if let match = text.wholeMatch(of: #/(?s)The value '(.+)' is invalid for '([^']+)'(.*)/#) {
            let (value, place, rest) = (String(match.1), String(match.2), String(match.3))
            if let list = rest.wholeMatch(of: #/(?s)\. Please provide one of (.+)/#) {
                return "The value '\(value)' is invalid for '\(place)'. Please provide one of \(String(list.1))"
            }
            let reason = rest.hasPrefix(": ") ? Phrase(key: escaped(String(rest.dropFirst(2)))) : Self.forms[place]
            guard let reason else { return "The value '\(value)' is invalid for '\(place)'" }
            return "The value '\(value)' is invalid for '\(place)': \(reason)"
        }
        return Phrase(key: escaped(text))
    }

    /// What helps where a sentence of the parser does not; nil where it does.
    static func hint(_ text: String, _ arguments: [String]) -> Phrase? {
        guard let match = text.wholeMatch(of: #/Missing value for '(--[^ ']+).*'/#),
            let place = arguments.firstIndex(of: String(match.1)), place + 1 < arguments.count
        else { return nil }
        return "a value that begins with a dash is written with “=”: \(String(match.1))=\(arguments[place + 1])"
    }

    /// What values of several forms may look like.
    private static let forms: [String: Phrase] = [
        "--before <time>": "it is a day (2026-11-21), a minute (“2026-11-21 14:02”), or how long ago (30d, 12h, 8w, 1y)"
    ]

    private static func escaped(_ text: String) -> String {
        text.replacing("{", with: "{{").replacing("}", with: "}}")
    }
}
