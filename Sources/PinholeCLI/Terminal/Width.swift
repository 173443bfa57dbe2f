import CUTF8Proc

/// How many terminal cells text takes.
enum Width {
    static func of(_ text: String) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// The scalars of a cluster stand side by side; of a picture that is made of several the widest one decides. Two
    /// regional indicators are one flag, and a variation selector asks for the form of an emoji (two cells, VS16) or of
    /// text (VS15), as terminals do it that know of emoji.
    static func of(_ character: Character) -> Int {
        if let ascii = character.asciiValue { return ascii < 0x20 ? 0 : 1 }
        var cells = 0
        var widest = 0
        var isPicture = false
        var indicators = 0
        for scalar in character.unicodeScalars {
            switch scalar.value {
            case 0xFE0F: return 2
            case 0xFE0E: return min(cells, 1)
            case 0x200D: isPicture = true
            case 0x1F1E6...0x1F1FF: indicators += 1
            case 0x1F000...: isPicture = true
            default: break
            }
            let width = Int(utf8proc_charwidth(Int32(bitPattern: scalar.value)))
            cells += width
            widest = max(widest, width)
        }
        return indicators == 2 ? 2 : isPicture ? widest : cells
    }

    /// As much of the beginning of `text` as fits in so many cells.
    static func prefix(of text: String, cells: Int) -> Substring {
        var left = cells
        return text.prefix { character in
            left -= of(character)
            return left >= 0
        }
    }

    /// `text` broken between words into lines of so many columns, those after the first indented. A word that is longer is
    /// left to the terminal.
    static func wrapped(_ text: String, columns: Int, indent: Int) -> String {
        guard columns > 2 * indent, of(text) > columns else { return text }
        var lines = ""
        var column = 0
        var isFirst = true
        var isBegun = false
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let width = of(String(word))
            if isBegun, column + 1 + width > columns, indent + width <= columns {
                lines += "\n" + String(repeating: " ", count: indent)
                column = indent
            } else if !isFirst {
                lines += " "
                column += 1
            }
            lines += word
            column += width
            isFirst = false
            isBegun = isBegun || !word.isEmpty
        }
        return lines
    }

    /// The rows that `text` fills on a screen of so many columns, counting a wide character that does not fit at the edge.
    static func rows(of text: String, columns: Int) -> Int {
        var rows = 1
        var column = 0
        for character in text {
            let width = of(character)
            if column + width > columns {
                rows += 1
                column = 0
            }
            column += width
        }
        return rows
    }
}
