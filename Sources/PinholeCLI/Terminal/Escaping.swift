import PinholeControl

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
