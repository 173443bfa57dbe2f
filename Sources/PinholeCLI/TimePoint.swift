import ArgumentParser
import Glibc
import Pinhole

/// A point in time as people give it: a day, a minute of it, or how long ago it is.
struct TimePoint: ExpressibleByArgument {
    /// Unix milliseconds.
    let milliseconds: UInt64

    init?(argument: String) {
        if let time = Self.ago(argument) ?? Self.local(argument) { milliseconds = time } else { return nil }
    }

    /// `30d`
    private static func ago(_ text: String) -> UInt64? {
        guard let age = Age(text) else { return nil }
        let now = UInt64(max(0, time(nil)))
        return now < age.seconds ? 0 : (now - age.seconds) * 1000
    }

    /// `2026-11-21`, `2026-11-21 14:02`, `2026-11-21T14:02:11`, in this machine's time zone, or with a Z behind in UTC.
    private static func local(_ text: String) -> UInt64? {
        let isUTC = text.hasSuffix("Z")
        let words = (isUTC ? text.dropLast() : text[...]).split(omittingEmptySubsequences: false) {
            $0 == " " || $0 == "T"
        }
        guard (1...2).contains(words.count), let day = numbers(words[0], "-", 3...3),
            let clock = words.count == 2 ? numbers(words[1], ":", 2...3) : [0, 0]
        else { return nil }
        // mktime(3) knows years that no clock counts in milliseconds.
        guard day[0] <= 9999 else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (day[0] - 1900, day[1] - 1, day[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock.count > 2 ? clock[2] : 0)
        parts.tm_isdst = -1
        let wanted = parts
        let time = isUTC ? timegm(&parts) : mktime(&parts)
        // The 31st of November would be the 1st of December.
        guard time >= 0, parts.tm_mday == wanted.tm_mday, parts.tm_mon == wanted.tm_mon,
            parts.tm_year == wanted.tm_year
        else { return nil }
        return UInt64(time) * 1000
    }

    private static func numbers(_ text: Substring, _ separator: Character, _ counts: ClosedRange<Int>) -> [Int32]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.allSatisfy(\.isNumber) ? Int32($0) : nil }
        return numbers.count == parts.count && counts.contains(parts.count) ? numbers : nil
    }
}

/// How long something is kept: `30d`, `12h`, `8w`, `1y`.
struct Age: Equatable {
    let seconds: UInt64

    init?(_ text: String) {
        guard let unit = text.last, let size = Self.units[unit], let count = UInt64(text.dropLast()),
            count > 0, count <= 100_000
        else { return nil }
        seconds = count * size
    }

    private static let units: [Character: UInt64] = [
        "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400,
    ]
}

/// How long the history is kept.
struct Retention: Sendable {
    let text: String
    let policy: HistoryPolicy

    init?(_ text: String) {
        guard text != Self.forever.text else {
            self = Self.forever
            return
        }
        guard let age = Age(text) else { return nil }
        self.init(text: text, policy: .keepFor(.seconds(Int64(age.seconds))))
    }

    private init(text: String, policy: HistoryPolicy) {
        self.text = text
        self.policy = policy
    }

    static let forever = Retention(text: "forever", policy: .keep)
    static let form: Phrase = "\"forever\" or a time like \"30d\", \"12h\", \"8w\" or \"1y\""
}
