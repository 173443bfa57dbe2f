import Glibc
import Pinhole
import PinholeControl

/// Numbers and times as people read them.
enum Format {
    /// `31.2 ms`, `1.40 s`.
    static func duration(_ duration: Duration) -> Phrase {
        let milliseconds = duration / .milliseconds(1)
        if milliseconds < 1000 { return "\(decimal(milliseconds, milliseconds < 10 ? 2 : 1)) ms" }
        return "\(decimal(milliseconds / 1000, 2)) s"
    }

    /// `117 s`.
    static func seconds(_ duration: Duration) -> Phrase {
        "\(decimal(duration / .seconds(1), 0)) s"
    }

    /// `40 s`, `12 min`, `3 h`, `8 days`: how long something is ago.
    static func age(_ duration: Duration) -> Phrase {
        let seconds = max(0, duration.components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(plural: seconds / 86_400, "day", "days")"
        }
    }

    /// `40 s`, `12 min`, `3 h 20 min`: how long something will take.
    static func span(seconds: Double) -> Phrase {
        let seconds = Int(min(max(seconds.rounded(.up), 0), 1e9))
        return switch seconds {
        case ..<100: "\(seconds) s"
        case ..<6000: "\((seconds + 30) / 60) min"
        default: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        }
    }

    /// `2.1 MB`, with powers of ten.
    static func size(_ bytes: UInt64) -> Phrase {
        guard bytes >= 1000 else { return "\(plural: bytes, "byte", "bytes")" }
        var value = Double(bytes)
        var unit = -1
        let units: [Phrase] = ["kB", "MB", "GB", "TB", "PB", "EB"]
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return "\(decimal(value, 1)) \(units[unit])"
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

    /// `2026-11-21 14:02`, in this machine's time zone.
    static func moment(_ milliseconds: UInt64) -> String {
        var parts = tm()
        var seconds = time_t(clamping: milliseconds / 1000)
        guard localtime_r(&seconds, &parts) != nil else { return "?" }
        return text(of: parts, "%Y-%m-%d %H:%M")
    }

    /// `14:02` of today, `20 Nov 14:02` of another day, `20 Nov 2025 14:02` of another year, in this machine's time zone.
    static func clock(_ milliseconds: UInt64) -> String {
        var parts = tm()
        var today = tm()
        var seconds = time_t(clamping: milliseconds / 1000)
        var now = time(nil)
        guard localtime_r(&seconds, &parts) != nil, localtime_r(&now, &today) != nil else { return "?" }
        let isToday = parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday
        let isThisYear = parts.tm_year == today.tm_year
        let clock = text(of: parts, "%H:%M")
        guard !isToday, months.indices.contains(Int(parts.tm_mon)) else { return clock }
        let day = "\(parts.tm_mday) \(months[Int(parts.tm_mon)]) "
        return day + (isThisYear ? "" : "\(parts.tm_year + 1900) ") + clock
    }

    private static let months: [Phrase] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static var now: UInt64 { Timestamp.now }

    /// `14:07 alice: text`, and `14:07 alice: (sent 13:58, arrived 14:07) text` where the two differ by a minute or more.
    static func message(_ message: IncomingMessage, from name: String, isVerified: Bool) -> String {
        line(
            name + (isVerified ? "✓" : ""), message.text, sentAt: message.sentAt, arrivedAt: message.receivedAt,
            at: message.receivedAt)
    }

    /// A line of a conversation, with both times where they differ by a minute or more: a clock may be wrong, and a
    /// message may have waited for days.
    static func line(
        _ who: String, _ text: String, sentAt: UInt64, arrivedAt: UInt64?, at time: UInt64
    ) -> String {
        let arrival = arrivedAt ?? sentAt
        let difference = arrival > sentAt ? arrival - sentAt : sentAt - arrival
        let times: Phrase = difference < 60_000 ? "" : "(sent \(clock(sentAt)), arrived \(clock(arrival))) "
        return "\(clock(time)) \(who): \(times)\(text)"
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
            let seen: Phrase = observed.isEmpty ? "" : ", which sees you at \(observed.joined(separator: ", "))"
            talk = "Registered with \(service)\(seen)."
        case .serviceDown(let service, let reason): talk = "\(service) does not answer: \(reason)"
        case .connecting: talk = "Connecting to \(name) …"
        case .connected(_, let path):
            // Its round trip time is that of the handshake: 'ping' measures it.
            talk = "Connected directly to \(name) at \(path.remote) (\(path.family.rawValue))."
        case .pathChanged(_, let path): talk = "The path to \(name) is now \(Format.path(path))."
        case .disconnected(_, let reason): talk = "\(name) is gone: \(reason)"
        case .unreachable(_, let error):
            let hint: Phrase = error.hint.map { "\n\($0)" } ?? ""
            talk = "Not connected to \(name): \(error.message)\(hint)"
        case .contactRequested(let request, isAccepted: true):
            talk = "\(request.name) (\(request.key)) opened your invite and is your contact now."
        case .contactRequested(let request, isAccepted: false):
            let claim = request.claimedName.isEmpty ? request.name : request.claimedName
            talk =
                "“\(claim)” (\(request.key)) opened your invite and asks to be your contact: "
                + "pinhole contact accept \(request.name)"
        case .inviteAnswered(_, let name, .waiting): talk = "\(name) was told, and must accept you."
        case .inviteAnswered(_, let name, .accepted): talk = "\(name) has accepted you."
        case .inviteAnswered(_, let name, .refused(let error)): talk = "\(name) is not your contact: \(error.message)"
        case .notice(let text): talk = text
        case .fileWaiting(_, let file, let reason): talk = "\(file) waits: \(reason)"
        case .identityElsewhere(let address?):
            talk =
                "Your identity is also in use at \(address): contacts reach only one of the two. Stop one of them, or "
                + "give it an identity of its own."
        case .identityElsewhere(nil):
            talk =
                "Your identity is also in use elsewhere: contacts reach only one of the two. Stop one of them, or "
                + "give it an identity of its own."
        case .presence(_, isOnline: true): talk = "\(name) is online."
        case .presence(_, isOnline: false): talk = "\(name) is offline."
        case .failed(_, .cancelled): talk = "A message to \(name) was cancelled before it was sent."
        case .failed(_, .cancelledAfterSending): talk = "A message to \(name) was cancelled; it may have arrived."
        case .queued, .sent, .read, .typing: talk = nil
        case .message, .delivered, .fileOffered, .fileBegan, .fileProgress, .fileReceived, .fileSent, .fileFailed:
            talk = nil
        }
    }
}
