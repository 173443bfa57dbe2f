import FoundationEssentials
import Glibc

/// Points in time as JSON has them: `2026-11-21T14:02:11.042Z`.
package enum Timestamp {
    package static func text(_ milliseconds: UInt64) -> String {
        var seconds = time_t(clamping: milliseconds / 1000)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "?" }
        return digits(Int(parts.tm_year) + 1900, 4) + "-" + digits(Int(parts.tm_mon) + 1, 2) + "-"
            + digits(Int(parts.tm_mday), 2) + "T" + digits(Int(parts.tm_hour), 2) + ":"
            + digits(Int(parts.tm_min), 2) + ":" + digits(Int(parts.tm_sec), 2) + "."
            + digits(Int(milliseconds % 1000), 3) + "Z"
    }

    /// Reads what ``text(_:)`` wrote; nil for what is no such time, or one that no clock shows.
    package static func milliseconds(_ text: String) -> UInt64? {
        guard text.hasSuffix("Z"), let dot = text.lastIndex(of: ".") else { return nil }
        let numbers = text[..<dot].split(whereSeparator: { "-T:".contains($0) }).compactMap { Int32($0) }
        guard numbers.count == 6, let fraction = UInt64(text[text.index(after: dot)...].dropLast()), fraction < 1000
        else { return nil }
        var parts = tm()
        parts.tm_year = numbers[0] - 1900
        parts.tm_mon = numbers[1] - 1
        (parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[2], numbers[3], numbers[4], numbers[5])
        guard let seconds = UInt64(exactly: timegm(&parts)) else { return nil }
        let (milliseconds, isTooLate) = seconds.multipliedReportingOverflow(by: 1000)
        let (exact, isOver) = milliseconds.addingReportingOverflow(fraction)
        return isTooLate || isOver ? nil : exact
    }

    package static var now: UInt64 { UInt64(max(Date().timeIntervalSince1970, 0) * 1000) }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
