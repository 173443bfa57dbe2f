import Pinhole
import PinholeControl

/// Puts stable names in the place of IP addresses and host names.
struct Redaction: Sendable {
    private var names: [(original: String, name: String)] = []

    /// Hides nothing.
    init() {}

    init(hiding findings: Findings) {
        var addresses = [findings.network.ipv4, findings.network.ipv6].compactMap { $0.map { Self.host($0.address) } }
        addresses += findings.ping.map { [Self.host($0.path.remote)] } ?? []
        addresses += findings.report?.addresses.map { Self.host($0.address) } ?? []
        addresses += findings.report?.guesses.map(\.ip) ?? []
        let services = findings.network.services.map(\.address) + (findings.report?.inquiries.map(\.service) ?? [])
        // A service is known by its key too.
        for (number, service) in Array(Set(services.map { "\($0)" })).sorted().enumerated() {
            names.append((service, "service-\(number + 1)"))
        }
        var counts: [String: Int] = [:]
        for original in addresses + services.map(\.host) where !names.contains(where: { $0.original == original }) {
            let isAddress = original.utf8.allSatisfy { $0 == 0x2e || (0x30...0x39).contains($0) }
            let kind = original.contains(":") ? "ipv6" : isAddress ? "ipv4" : "host"
            counts[kind, default: 0] += 1
            names.append((original, "\(kind)-\(counts[kind, default: 0])"))
        }
        // A longer one may begin like a shorter one.
        names.sort { $0.original.count > $1.original.count }
    }

    /// The part of `host:port` or `[ipv6]:port` that is the host.
    private static func host(_ address: String) -> String {
        guard let colon = address.lastIndex(of: ":") else { return address }
        let host = address[..<colon]
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
    }

    func text(_ text: String) -> String {
        guard !names.isEmpty else { return text }
        var (result, rest, isInside) = ("", text[...], false)
        while let first = rest.first {
            let entry = isInside ? nil : names.first { Self.begins(rest, with: $0.original) }
            guard let entry else {
                result.append(first)
                rest = rest.dropFirst()
                isInside = Self.isOfWord(first)
                continue
            }
            result += entry.name
            rest = rest.dropFirst(entry.original.count)
        }
        return result
    }

    private static func begins(_ text: Substring, with word: String) -> Bool {
        guard text.hasPrefix(word) else { return false }
        return text.dropFirst(word.count).first.map { !isOfWord($0) } ?? true
    }

    /// What a host name or a number goes on with; a dot or a colon may end a sentence.
    private static func isOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "-" || character == "_"
    }

    /// An object with the members hidden that hold addresses or sentences; others have words of their own.
    func json(_ value: JSON, of member: String) -> JSON {
        switch value {
        case .string(let text): Self.telling.contains(member) ? .string(self.text(text)) : value
        case .array(let values): .array(values.map { json($0, of: member) })
        case .object(let members):
            .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, json($0.value, of: $0.key)) }))
        case .integer, .number, .bool, .null, .unknown: value
        }
    }

    private static let telling: Set = [
        "address", "remote", "ip", "ipv4", "ipv6", "message", "hint", "failure", "verdict",
    ]
}
