import Glibc

/// A language in which Pinhole speaks to people.
public enum Language: String, Sendable, CaseIterable {
    /// What every sentence is written in.
    case english = "en"
    /// Translated by the catalogue.
    case russian = "ru"

    /// The language of this process's locale.
    public static let current = Language { name in getenv(name).map { String(cString: $0) } }

    /// The language that `LC_ALL`, `LC_MESSAGES` or `LANG` asks for, the first that is set and not empty, as POSIX has it
    /// (XBD 8.2); English for one that there is no translation to.
    public init(environment: (String) -> String?) {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty }
        let code = locale?.prefix { $0 != "_" && $0 != "." && $0 != "@" && $0 != "-" }
        self = code.flatMap { Language(rawValue: $0.lowercased()) } ?? .english
    }

    /// Which of a word's forms goes with a number (Unicode's cardinal plural rules, in their order there).
    func form(for number: Int64) -> Int {
        switch self {
        case .english: return number == 1 ? 0 : 1
        case .russian:
            switch (number.magnitude % 10, number.magnitude % 100) {
            case (_, 11...14): return 2
            case (1, _): return 0
            case (2...4, _): return 1
            default: return 2
            }
        }
    }
}
