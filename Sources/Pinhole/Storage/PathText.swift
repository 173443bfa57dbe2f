import Glibc

/// A word that a POSIX shell reads back as `text`.
package func shellQuoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: byte >= 0x80 || "/._-+@:,".utf8.contains(byte)
        }
    }
    guard !isPlain || text.isEmpty else { return text }
    var quoted = "'"
    // A quotation mark with another mark on it is one character, and ends the word all the same.
    for scalar in text.unicodeScalars { quoted += scalar == "'" ? "'\\''" : String(scalar) }
    return quoted + "'"
}

/// The path from the root, for whoever is or will be elsewhere.
package func absolutePath(_ path: String) -> String {
    var path = path
    let slash: Unicode.Scalar = "/"
    while path.unicodeScalars.dropFirst().last == slash { path.unicodeScalars.removeLast() }
    guard path.unicodeScalars.first != slash, let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return String(cString: directory) + "/" + path
}
