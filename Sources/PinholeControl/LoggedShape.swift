import Pinhole

/// An event as JSON has it: that of the log carries a cursor.
package struct EventShape: Codable, Sendable {
    package let json: JSON

    package init(_ json: JSON) { self.json = json }

    package init(from decoder: any Decoder) throws { json = try JSON(from: decoder) }

    package func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

    package var cursor: Int64? { json["cursor"]?.whole }
}

extension EventShape {
    init(_ event: LoggedEvent, at host: Host) {
        var members: [String: JSON] = [
            "v": 1, "event": .string(event.kind.rawValue), "cursor": .integer(event.cursor),
            "time": .string(Timestamp.text(event.time)),
        ]
        if let key = event.contact {
            let contact = host.contact(with: key)
            members["contact"] = .string(contact?.name ?? key.text)
            members["key"] = .string(key.text)
            if event.kind == .message {
                members["from"] = members["contact"]
                members["verified"] = .bool(contact?.isVerified ?? false)
            }
        }
        if let message = event.message {
            members["id"] = .string(message.id)
            members["text"] = .string(message.text)
            members["sentAt"] = .string(Timestamp.text(message.sentAt))
            members["receivedAt"] = message.receivedAt.map { .string(Timestamp.text($0)) } ?? .null
        }
        if let transfer = event.transfer { members.merge(transfer.members) { $1 } }
        if event.kind == .fileOffered, let offered = event.transfer.flatMap({ try? host.profile.store.transfer($0) }) {
            members["size"] = .integer(Int64(clamping: offered.totalSize))
        }
        if let detail = event.detail {
            let removed = "removed "
            if event.kind == .contactChanged, event.contact == nil, detail.hasPrefix(removed) {
                // There is no contact any more: the key and the name that it had.
                let words = detail.dropFirst(removed.count).split(separator: " ", maxSplits: 1)
                members["change"] = "removed"
                members["key"] = .string(words.first.map(String.init) ?? "")
                members["contact"] = .string(words.last.map(String.init) ?? "")
            } else if event.kind == .contactRequest {
                // The key, and the name that they give themselves, which may be empty.
                let words = detail.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
                members["key"] = .string(String(words[0]))
                members["claimedName"] = .string(words.count > 1 ? String(words[1]) : "")
                // Who has had an answer since is not among them.
                if let request = (try? host.profile.requests())?.first(where: { $0.key.text == words[0] }) {
                    members.merge(JSON(encoding: RequestShape(request)).members ?? [:]) { $1 }
                    members["accepted"] = false
                }
            } else {
                members[Self.member(of: event.kind)] = .string(detail)
            }
        }
        json = .object(members)
    }

    /// What the detail of an event is called.
    private static func member(of kind: LoggedEvent.Kind) -> String {
        switch kind {
        case .fileOffered: "name"
        case .fileReceived, .fileSent: "path"
        case .failed, .fileFailed: "reason"
        case .contactChanged: "change"
        case .message, .queued, .delivered, .read, .contactRequest: "detail"
        }
    }
}
