import Glibc
import Pinhole
import PinholeControl

/// Numbers and times as people read them.
enum Format {
    /// `31.2 ms`, `1.40 s`.
    static func duration(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        if milliseconds < 1000 { return decimal(milliseconds, milliseconds < 10 ? 2 : 1) + " ms" }
        return decimal(milliseconds / 1000, 2) + " s"
    }

    /// `117 s`.
    static func seconds(_ duration: Duration) -> String {
        decimal(duration / .seconds(1), 0) + " s"
    }

    /// `40 s`, `12 min`, `3 h`, `8 days`: how long something is ago.
    static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }

    /// `2.1 MB`, with powers of ten.
    static func size(_ bytes: UInt64) -> String {
        guard bytes >= 1000 else { return "\(bytes) bytes" }
        var value = Double(bytes)
        var unit = -1
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return decimal(value, 1) + " " + units[unit]
    }

    /// A label, and what belongs to it from column `width` on.
    static func field(_ label: Phrase, _ words: Phrase, width: Int) -> String {
        let label = "\(label)"
        return label + String(repeating: " ", count: max(width - Width.of(label), 1)) + "\(words)"
    }

    /// `203.0.113.7:41207 (IPv4, server-reflexive)`.
    static func path(_ path: PathReport) -> String {
        "\(path.remote) (\(path.family.rawValue), \(path.kind.rawValue))"
    }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "?" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let whole = scaled / Int64(scale)
        let fraction = String(scaled % Int64(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(whole) }
        return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// `14:02` of today, `20 Nov 14:02` of another day, in this machine's time zone.
    static func clock(_ milliseconds: UInt64) -> String {
        var parts = tm()
        var today = tm()
        var seconds = time_t(clamping: milliseconds / 1000)
        var now = time(nil)
        guard localtime_r(&seconds, &parts) != nil, localtime_r(&now, &today) != nil else { return "?" }
        let isToday = parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday
        return text(of: parts, isToday ? "%H:%M" : "%e %b %H:%M")
    }

    static var now: UInt64 { Timestamp.now }

    /// `14:07 alice: text`, with the sending time where it differs from the arrival by a minute or more.
    static func message(_ message: IncomingMessage, from name: String, isVerified: Bool) -> String {
        let difference = Int64(clamping: message.receivedAt) - Int64(clamping: message.sentAt)
        let sent = abs(difference) >= 60_000 ? " (sent \(clock(message.sentAt)))" : ""
        return "\(clock(message.receivedAt)) \(name)\(isVerified ? "✓" : "")\(sent): \(message.text)"
    }

    private static func text(of parts: tm, _ format: String) -> String {
        var parts = parts
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What a person is told about an event.
struct EventWords {
    /// A line of talk; nil for what commands show themselves.
    let talk: Phrase?

    init(_ event: HostEvent) {
        let name = event.name
        switch event.event {
        case .serviceUp(let service, let observed):
            let seen: Phrase = observed.isEmpty ? "" : ", which sees you at \(observed.joined(separator: " and "))"
            talk = "Registered with \(service)\(seen)."
        case .serviceDown(let service, let reason): talk = "\(service) does not answer: \(reason)"
        case .connecting: talk = "Connecting to \(name) …"
        case .connected(_, let path):
            let rtt: Phrase = path.rtt.map { ", \(Format.duration($0)) away" } ?? ""
            talk = "Connected directly to \(name) at \(path.remote) (\(path.family.rawValue)\(rtt))."
        case .pathChanged(_, let path): talk = "The path to \(name) is now \(Format.path(path))."
        case .disconnected(_, let reason): talk = "\(name) is gone: \(reason)"
        case .unreachable(_, let error):
            let hint: Phrase = error.hint.map { "\n\($0)" } ?? ""
            talk = "Not connected to \(name): \(error.message)\(hint)"
        case .notice(let text): talk = text
        case .message, .delivered, .fileOffered, .fileProgress, .fileReceived, .fileSent, .fileFailed: talk = nil
        }
    }
}
