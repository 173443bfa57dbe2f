extension String {
    /// The text as a terminal may show it: control characters, which could move the cursor, forge lines or reverse the
    /// reading direction, are spelled out.
    var escapedForTerminal: String {
        guard unicodeScalars.contains(where: \.isUnsafeForTerminal) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isUnsafeForTerminal {
                result += scalar.escaped
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// C0, DEL, C1, line and paragraph separators, and the bidirectional controls (UAX #9 §2).
    var isUnsafeForTerminal: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        case 0xE0000...0xE0FFF: true
        default: false
        }
    }

    fileprivate var escaped: String {
        switch value {
        case 0x09: "    "
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case 0x1B: "\\e"
        default: "\\u{" + String(value, radix: 16) + "}"
        }
    }
}
