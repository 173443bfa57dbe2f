/// Names of received files: what a peer writes is never a path, and nothing that a terminal or a shell would obey.
///
/// What a name means to the system goes by its scalars: a slash with a mark on it is one character, and leads
/// elsewhere all the same.
enum FileName {
    /// The most bytes that Linux file systems give a name.
    static let maxLength = 255

    /// A harmless name as like `name` as can be.
    static func sanitized(_ name: String) -> String {
        let parts = name.unicodeScalars.split { $0 == "/" || $0 == "\\" }
        var scalars = String.UnicodeScalarView()
        if let last = parts.last { scalars.append(contentsOf: last.filter(isHarmless)) }
        while let first = scalars.first, first == "." || first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        let clean = String(scalars)
        guard !clean.isEmpty else { return "file" }
        return fitted(isReserved(clean) ? "_" + clean : clean, suffix: "")
    }

    /// The same for what lies in a folder that was taken as a whole, where names mean something to each other: a name
    /// that begins with a dot keeps it.
    static func inside(_ name: String) -> String {
        let scalars = name.unicodeScalars.filter { isHarmless($0) && $0 != "/" }
        let clean = String(String.UnicodeScalarView(scalars))
        return clean.allSatisfy { $0 == "." } ? "file" : fitted(clean, suffix: "")
    }

    /// Names that other systems keep for devices: a disk of theirs cannot hold such a file, or another program that is
    /// shown one waits for the device.
    private static func isReserved(_ name: String) -> Bool {
        let stem = String(name.unicodeScalars.prefix { $0 != "." }).uppercased()
        if ["CON", "PRN", "AUX", "NUL"].contains(stem) { return true }
        return stem.count == 4 && ["COM", "LPT"].contains(stem.prefix(3)) && stem.last?.isNumber ?? false
    }

    /// `name (2).ext` for attempt 2, and so on; attempt 1 is the name itself.
    static func numbered(_ name: String, attempt: Int) -> String {
        attempt == 1 ? name : fitted(name, suffix: " (\(attempt))")
    }

    /// Cuts whole characters as long as there are several, and then parts of the last one, so that something of it stays.
    private static func fitted(_ name: String, suffix: String) -> String {
        var (stem, ending) = split(name)
        let room = maxLength - suffix.utf8.count - ending.utf8.count
        while stem.utf8.count > room, stem.dropFirst().first != nil { stem.removeLast() }
        while stem.utf8.count > room, stem.unicodeScalars.dropFirst().first != nil { stem.unicodeScalars.removeLast() }
        return stem + suffix + ending
    }

    /// The ending is what follows the last dot, unless it is too long to be one.
    private static func split(_ name: String) -> (stem: Substring, ending: Substring) {
        guard let dot = name.unicodeScalars.lastIndex(of: "."), dot != name.startIndex, name[dot...].utf8.count <= 32
        else {
            return (name[...], "")
        }
        return (name[..<dot], name[dot...])
    }

    /// Not control characters, and not what changes the direction or the line of the text around it.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: !scalar.properties.isBidiControl && scalar != "\u{feff}"
        }
    }
}
