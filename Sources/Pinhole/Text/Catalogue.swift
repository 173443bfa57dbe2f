import Synchronization

/// What the sentences of Pinhole are in other languages than English, which is their key.
public enum Catalogue {
    private static let added = Mutex<[Language: [String: String]]>([:])

    /// Adds the sentences of a program on top of the library's.
    public static func add(_ table: [String: String], in language: Language) {
        added.withLock { $0[language, default: [:]].merge(table) { _, new in new } }
    }

    /// The sentence with numbered places, or nil where the language is English or has none yet.
    public static func translation(of key: String, to language: Language) -> String? {
        switch language {
        case .english: nil
        case .russian: russian[key] ?? added.withLock { $0[.russian]?[key] }
        }
    }
}
