import FoundationEssentials
import Pinhole

/// A JSON value; objects print with sorted keys on one line.
enum JSON: Encodable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByIntegerLiteral {
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    case array([JSON])
    case object([String: JSON])
    case null
    /// A null that is printed: what was asked and could not be answered.
    case unknown

    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }

    static func string(_ text: String?) -> JSON { text.map { JSON.string($0) } ?? .null }
    static func string(_ phrase: Phrase?) -> JSON { .string(phrase?.description) }
    static func bool(_ value: Bool?) -> JSON { value.map { JSON.bool($0) } ?? .null }

    /// The value itself, or that it is not known.
    var orUnknown: JSON { if case .null = self { .unknown } else { self } }

    /// Milliseconds, to the microsecond.
    static func milliseconds(_ duration: Duration?) -> JSON {
        guard let duration else { return .null }
        return .number((duration / .microseconds(1)).rounded() / 1000)
    }

    static func path(_ path: PathReport) -> JSON {
        [
            "remote": .string(path.remote), "kind": .string(path.kind.rawValue),
            "family": .string(path.family.rawValue), "rttMs": .milliseconds(path.rtt),
            "datagramBytes": .integer(Int64(path.datagramSize)), "ecn": .bool(path.hasECN),
            "connectMs": .milliseconds(path.connectTime), "serviceRttMs": .milliseconds(path.serviceRTT),
            "roundTrips": path.roundTrips.map { .number(($0 * 100).rounded() / 100) } ?? .null,
        ]
    }

    /// Objects are printed without their null members.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members):
            try container.encode(members.filter { if case .null = $0.value { false } else { true } })
        case .null, .unknown: try container.encodeNil()
        }
    }

    /// One line. What a terminal could take for a command is spelled `\uXXXX`.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self), let text = String(validating: data, as: UTF8.self) else {
            return "{}"
        }
        var line = ""
        for scalar in text.unicodeScalars {
            guard scalar.isUnsafeForTerminal else {
                line.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let hex = String(unit, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        return line
    }

    /// Prints an object with the version of its schema.
    static func show(_ members: [String: JSON]) {
        var members = members
        members["v"] = 1
        Console.json(JSON.object(members).line)
    }
}

/// Prints node events as JSON, one a line.
struct EventPrinter {
    let session: Session
    let showsProgress: Bool
    private var names: [TransferReference: (name: String, size: UInt64)] = [:]

    init(session: Session, showsProgress: Bool) {
        self.session = session
        self.showsProgress = showsProgress
    }

    /// Remembers what an outgoing transfer is called.
    mutating func name(_ transfer: TransferReference, _ name: String, size: UInt64) { names[transfer] = (name, size) }

    mutating func show(_ event: NodeEvent) {
        switch event {
        case .serviceUp(let service, let observed):
            emit("service-up", ["service": .string("\(service)"), "observed": .array(observed.map { .string($0) })])
        case .serviceDown(let service, let reason):
            emit("service-down", ["service": .string("\(service)"), "reason": .string(reason)])
        case .connecting(let key): emit("connecting", key)
        case .connected(let key, let path): emit("connected", key, ["path": .path(path)])
        case .pathChanged(let key, let path): emit("path-changed", key, ["path": .path(path)])
        case .disconnected(let key, let reason): emit("disconnected", key, ["reason": .string(reason)])
        case .unreachable(let key, let error):
            emit(
                "unreachable", key,
                [
                    "reason": .string(error.message), "hint": .string(error.hint), "code": .string("\(error.code)"),
                    "exitCode": .integer(Int64(Failure(error).exitCode)),
                ])
        case .message(let message):
            emit(
                "message", message.contact,
                [
                    "from": .string(session.name(of: message.contact)), "text": .string(message.text),
                    "id": .string(message.id), "sentAt": .string(Format.timestamp(message.sentAt)),
                    "receivedAt": .string(Format.timestamp(message.receivedAt)),
                    "verified": .bool(session.isVerified(message.contact)),
                ])
        case .delivered(let message): emit("delivered", message.contact, ["id": .string(message.id)])
        case .fileOffered(let transfer, _, let name, let size):
            names[transfer] = (name, size)
            emitFile("file-offered", transfer)
        case .fileProgress(let transfer, let done, let total):
            guard showsProgress else { return }
            emitFile("file-progress", transfer, ["done": .integer(Int64(done)), "total": .integer(Int64(total))])
        case .fileReceived(let transfer, let path):
            emitFile("file-received", transfer, ["path": .string(path)], name: Paths.name(of: path))
            names[transfer] = nil
        case .fileSent(let transfer):
            emitFile("file-sent", transfer)
            names[transfer] = nil
        case .fileFailed(let transfer, let reason):
            emitFile("file-failed", transfer, ["reason": .string(reason)])
            names[transfer] = nil
        case .notice(let text): emit("notice", ["text": .string(text)])
        }
    }

    /// A message was put in the outbox.
    func showQueued(_ message: MessageReference, _ text: String) {
        emit("queued", message.contact, ["id": .string(message.id), "text": .string(text)])
    }

    private func emitFile(
        _ event: String, _ transfer: TransferReference, _ members: [String: JSON] = [:], name: String? = nil
    ) {
        let known = names[transfer]
        var members = members
        members["name"] = .string(known?.name ?? name)
        members["size"] = known.map { .integer(Int64(clamping: $0.size)) } ?? .null
        members["direction"] = .string(transfer.direction.rawValue)
        members["transfer"] = .string(String(transfer.number, radix: 16))
        emit(event, transfer.contact, members)
    }

    private func emit(_ event: String, _ key: PublicKey, _ members: [String: JSON] = [:]) {
        var members = members
        members["contact"] = .string(session.name(of: key))
        emit(event, members)
    }

    private func emit(_ event: String, _ members: [String: JSON]) {
        var members = members
        members["event"] = .string(event)
        JSON.show(members)
    }
}
