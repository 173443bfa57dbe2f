import CUTF8Proc

/// How many terminal cells text takes.
enum Width {
    static func of(_ text: String) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// The widest scalar of a cluster decides; VS16 asks for the two-cell emoji form.
    static func of(_ character: Character) -> Int {
        if let ascii = character.asciiValue { return ascii < 0x20 ? 0 : 1 }
        var cells = 0
        for scalar in character.unicodeScalars {
            if scalar.value == 0xFE0F { return 2 }
            cells = max(cells, Int(utf8proc_charwidth(Int32(bitPattern: scalar.value))))
        }
        return cells
    }

    /// As much of the beginning of `text` as fits in so many cells.
    static func prefix(of text: String, cells: Int) -> Substring {
        var left = cells
        return text.prefix { character in
            left -= of(character)
            return left >= 0
        }
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
