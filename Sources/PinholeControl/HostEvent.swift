package import Pinhole

/// An event of the node with what this person calls the contact, as it crosses the control socket.
package struct HostEvent: Sendable {
    package let event: NodeEvent
    /// The contact's name; nil for events of no contact, and contacts that are gone.
    package let contact: String?
    package let isVerified: Bool

    init(_ event: NodeEvent, at host: Host) {
        let contact = event.contact.flatMap { host.contact(with: $0) }
        // Whoever refuses is a contact no more.
        let name = if case .inviteAnswered(_, let name, _) = event { name } else { contact?.name }
        self.init(event, contact: name, isVerified: contact?.isVerified ?? false)
    }

    package init(_ event: NodeEvent, contact: String?, isVerified: Bool) {
        (self.event, self.contact, self.isVerified) = (event, contact, isVerified)
    }

    /// The contact's name, or its key where it has none.
    package var name: String { contact ?? event.contact?.text ?? "" }
}

// MARK: As JSON

extension HostEvent {
    /// The event as `--json` prints it and the control socket sends it.
    package var json: JSON {
        var (kind, members) = event.parts
        members["v"] = 1
        members["event"] = .string(kind)
        if let key = event.contact {
            members["contact"] = .string(name)
            members["key"] = .string(key.text)
        }
        if case .message = event {
            members["from"] = .string(name)
            members["verified"] = .bool(isVerified)
        }
        return .object(members)
    }

    /// Reads what ``json`` wrote; nil for kinds that this version does not know.
    package init?(_ json: JSON) {
        guard let event = NodeEvent(json) else { return nil }
        let name = json["contact"]?.text
        self.init(
            event, contact: name == event.contact?.text ? nil : name, isVerified: json["verified"] == .bool(true))
    }
}

extension NodeEvent {
    /// The kind and the members of an event, without whom it is about.
    fileprivate var parts: (kind: String, members: [String: JSON]) {
        switch self {
        case .serviceUp(let service, let observed):
            ("service-up", ["service": .string("\(service)"), "observed": .array(observed.map { .string($0) })])
        case .serviceDown(let service, let reason):
            ("service-down", ["service": .string("\(service)"), "reason": .string(reason)])
        case .connecting: ("connecting", [:])
        case .connected(_, let path): ("connected", ["path": JSON(encoding: PathShape(path))])
        case .pathChanged(_, let path): ("path-changed", ["path": JSON(encoding: PathShape(path))])
        case .disconnected(_, let reason): ("disconnected", ["reason": .string(reason)])
        case .unreachable(_, let error):
            (
                "unreachable",
                [
                    "reason": .string(error.message), "hint": .string(error.hint), "code": .string(error.code.word),
                    "exitCode": .integer(Int64(error.code.exitCode)),
                ]
            )
        case .message(let message):
            (
                "message",
                [
                    "text": .string(message.text), "id": .string(message.id),
                    "sentAt": .string(Timestamp.text(message.sentAt)),
                    "receivedAt": .string(Timestamp.text(message.receivedAt)),
                ]
            )
        case .queued(let message, let text, let sentAt):
            (
                "queued",
                ["id": .string(message.id), "text": .string(text), "sentAt": .string(Timestamp.text(sentAt))]
            )
        case .sent(let message): ("sent", ["id": .string(message.id)])
        case .delivered(let message): ("delivered", ["id": .string(message.id)])
        case .read(let message): ("read", ["id": .string(message.id)])
        case .failed(let message, let failure):
            ("failed", ["id": .string(message.id), "reason": .string(failure.rawValue)])
        case .typing(_, let isTyping): ("typing", ["typing": .bool(isTyping)])
        case .presence(_, let isOnline): ("presence", ["online": .bool(isOnline)])
        case .identityElsewhere(let address): ("identity-elsewhere", ["address": .string(address)])
        case .fileOffered(let transfer, _, let name, let size):
            ("file-offered", transfer.members.merging(["name": .string(name), "size": .bytes(size)]) { $1 })
        case .fileBegan(let transfer, let name, let done, let total):
            (
                "file-began",
                transfer.members.merging(["name": .string(name), "done": .bytes(done), "total": .bytes(total)]) { $1 }
            )
        case .fileWaiting(let transfer, let name, let reason):
            ("file-waiting", transfer.members.merging(["name": .string(name), "reason": .string(reason)]) { $1 })
        case .fileProgress(let transfer, let done, let total):
            ("file-progress", transfer.members.merging(["done": .bytes(done), "total": .bytes(total)]) { $1 })
        case .fileReceived(let transfer, let path):
            ("file-received", transfer.members.merging(["path": .string(path)]) { $1 })
        case .fileSent(let transfer): ("file-sent", transfer.members)
        case .fileFailed(let transfer, let reason):
            ("file-failed", transfer.members.merging(["reason": .string(reason)]) { $1 })
        case .contactRequested(let request, let isAccepted):
            (
                "contact-request",
                (JSON(encoding: RequestShape(request)).members ?? [:]).merging(["accepted": .bool(isAccepted)]) { $1 }
            )
        case .inviteAnswered(_, _, .waiting): ("invite-answered", ["answer": "waiting"])
        case .inviteAnswered(_, _, .accepted): ("invite-answered", ["answer": "accepted"])
        case .inviteAnswered(_, _, .refused(let error)):
            (
                "invite-answered",
                [
                    "answer": "refused", "reason": .string(error.message), "hint": .string(error.hint),
                    "code": .string(error.code.word), "exitCode": .integer(Int64(error.code.exitCode)),
                ]
            )
        case .notice(let text): ("notice", ["text": .string(text)])
        }
    }

    fileprivate init?(_ json: JSON) {
        func text(_ member: String) -> String { json[member]?.text ?? "" }
        func phrase(_ member: String) -> Phrase { Phrase(verbatim: text(member)) }
        func bytes(_ member: String) -> UInt64 { UInt64(clamping: json[member]?.whole ?? 0) }
        let key = json["key"]?.text.flatMap { try? PublicKey($0) }
        let path = (try? json["path"]?.decode(PathShape.self))??.report
        let message = key.flatMap { MessageReference(id: text("id"), contact: $0) }
        let transfer = key.flatMap { TransferReference(json, contact: $0) }
        let service = try? ServiceAddress(text("service"))
        let kind = text("event")
        switch (kind, key) {
        case ("service-up", _):
            guard let service else { return nil }
            self = .serviceUp(service, observed: json["observed"]?.elements?.compactMap(\.text) ?? [])
        case ("service-down", _):
            guard let service else { return nil }
            self = .serviceDown(service, reason: phrase("reason"))
        case ("notice", _): self = .notice(phrase("text"))
        case ("contact-request", _):
            guard let request = (try? json.decode(RequestShape.self))?.request else { return nil }
            self = .contactRequested(request, isAccepted: json["accepted"] == .bool(true))
        case ("invite-answered", let key?):
            let answer: InviteAnswer
            switch text("answer") {
            case "waiting": answer = .waiting
            case "accepted": answer = .accepted
            case "refused":
                answer = .refused(
                    PinholeError(
                        .init(word: text("code")), phrase("reason"),
                        hint: json["hint"]?.text.map { Phrase(verbatim: $0) }))
            default: return nil
            }
            self = .inviteAnswered(key, name: text("contact"), answer)
        case ("connecting", let key?): self = .connecting(key)
        case ("connected", let key?):
            guard let path else { return nil }
            self = .connected(key, path)
        case ("path-changed", let key?):
            guard let path else { return nil }
            self = .pathChanged(key, path)
        case ("disconnected", let key?): self = .disconnected(key, reason: phrase("reason"))
        case ("unreachable", let key?):
            self = .unreachable(
                key,
                PinholeError(
                    .init(word: text("code")), phrase("reason"),
                    hint: json["hint"]?.text.map { Phrase(verbatim: $0) }))
        case ("message", _):
            guard let message else { return nil }
            self = .message(
                IncomingMessage(
                    contact: message.contact, epoch: message.epoch, counter: message.counter, text: text("text"),
                    sentAt: Timestamp.milliseconds(text("sentAt")) ?? 0,
                    receivedAt: Timestamp.milliseconds(text("receivedAt")) ?? 0))
        case ("queued", _):
            guard let message else { return nil }
            self = .queued(message, text: text("text"), sentAt: Timestamp.milliseconds(text("sentAt")) ?? 0)
        case ("sent", _):
            guard let message else { return nil }
            self = .sent(message)
        case ("delivered", _):
            guard let message else { return nil }
            self = .delivered(message)
        case ("read", _):
            guard let message else { return nil }
            self = .read(message)
        case ("failed", _):
            guard let message, let failure = Message.Failure(rawValue: text("reason")) else { return nil }
            self = .failed(message, failure)
        case ("typing", let key?): self = .typing(key, json["typing"] == .bool(true))
        case ("presence", let key?): self = .presence(key, isOnline: json["online"] == .bool(true))
        case ("identity-elsewhere", _): self = .identityElsewhere(json["address"]?.text)
        case ("file-offered", let key?):
            guard let transfer else { return nil }
            self = .fileOffered(transfer, from: key, name: text("name"), size: bytes("size"))
        case ("file-began", _):
            guard let transfer else { return nil }
            self = .fileBegan(transfer, name: text("name"), done: bytes("done"), total: bytes("total"))
        case ("file-waiting", _):
            guard let transfer else { return nil }
            self = .fileWaiting(transfer, name: text("name"), reason: phrase("reason"))
        case ("file-progress", _):
            guard let transfer else { return nil }
            self = .fileProgress(transfer, done: bytes("done"), total: bytes("total"))
        case ("file-received", _):
            guard let transfer else { return nil }
            self = .fileReceived(transfer, path: text("path"))
        case ("file-sent", _):
            guard let transfer else { return nil }
            self = .fileSent(transfer)
        case ("file-failed", _):
            guard let transfer else { return nil }
            self = .fileFailed(transfer, reason: phrase("reason"))
        default: return nil
        }
    }
}

extension JSON {
    fileprivate static func bytes(_ count: UInt64) -> JSON { .integer(Int64(clamping: count)) }
}

// MARK: Names of messages and transfers

extension MessageReference {
    /// Reads ``id``.
    package init?(id: String, contact: PublicKey) {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16, let epoch = UInt64(parts[0], radix: 16),
            let counter = UInt64(parts[1])
        else { return nil }
        self.init(contact: contact, epoch: epoch, counter: counter)
    }
}

extension TransferReference {
    package var members: [String: JSON] {
        ["direction": .string(direction.rawValue), "transfer": .string(String(number, radix: 16))]
    }

    init?(_ json: JSON, contact: PublicKey) {
        guard let direction = json["direction"]?.text.flatMap(Direction.init),
            let number = json["transfer"]?.text.flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        self.init(contact: contact, direction: direction, number: number)
    }
}
