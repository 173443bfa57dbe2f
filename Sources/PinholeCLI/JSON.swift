import Pinhole
import PinholeControl

extension JSON {
    static func path(_ path: PathReport) -> JSON { JSON(encoding: PathShape(path)) }

    /// Prints an object with the version of its schema.
    static func show(_ members: [String: JSON]) {
        var members = members
        members["v"] = 1
        Console.json(JSON.object(members).line)
    }

    /// The same for what a method answered.
    static func show(_ answer: some Encodable) { show(JSON(encoding: answer).members ?? [:]) }
}

/// Which attempts to reach contacts are worth a word: a node tries again and again, and says each time what came of it.
struct Attempts {
    /// What is known of the contacts that are tried; an empty reason as long as nothing is.
    private var reasons: [PublicKey: String] = [:]

    mutating func isNews(_ event: NodeEvent) -> Bool {
        switch event {
        case .connecting(let contact):
            guard reasons[contact] == nil else { return false }
            reasons[contact] = ""
            return true
        case .unreachable(let contact, let error):
            return reasons.updateValue(error.message.english, forKey: contact) != error.message.english
        case .connected(let contact, _), .disconnected(let contact, _):
            reasons[contact] = nil
            return true
        default: return true
        }
    }
}

/// Prints events as JSON, one a line.
struct EventPrinter {
    let showsProgress: Bool
    private var names: [TransferReference: (name: String, size: UInt64)] = [:]
    private var attempts = Attempts()

    init(showsProgress: Bool) { self.showsProgress = showsProgress }

    /// Remembers what an outgoing transfer is called.
    mutating func name(_ transfer: TransferReference, _ name: String, size: UInt64) { names[transfer] = (name, size) }

    /// `isEarlier`: it arrived before, and may have been shown by a program that was killed before it noted so.
    mutating func show(_ event: HostEvent, isEarlier: Bool = false) {
        guard attempts.isNews(event.event) else { return }
        var members = event.json.members ?? [:]
        if isEarlier { members["earlier"] = true }
        switch event.event {
        case .fileOffered(let transfer, _, let name, let size): names[transfer] = (name, size)
        case .fileBegan(let transfer, let name, _, let total):
            names[transfer] = names[transfer] ?? (name, total)
        case .fileWaiting: break
        case .fileProgress(let transfer, _, _):
            guard showsProgress else { return }
            add(transfer, to: &members)
        case .fileReceived(let transfer, let path):
            members["name"] = .string(Paths.name(of: path))
            add(transfer, to: &members)
            names[transfer] = nil
        case .fileSent(let transfer), .fileFailed(let transfer, _):
            add(transfer, to: &members)
            names[transfer] = nil
        case .serviceUp, .serviceDown, .connecting, .connected, .pathChanged, .disconnected, .unreachable, .message,
            .queued, .sent, .delivered, .read, .failed, .typing, .presence, .identityElsewhere, .contactRequested,
            .inviteAnswered, .notice:
            break
        }
        JSON.show(members)
    }

    /// A message was put in the outbox.
    func showQueued(_ message: MessageReference, _ text: String, sentAt: UInt64, to contact: Contact) {
        JSON.show([
            "event": "queued", "contact": .string(contact.name), "key": .string(contact.key.text),
            "id": .string(message.id), "text": .string(text), "sentAt": .string(Timestamp.text(sentAt)),
        ])
    }

    /// What is known of a transfer from its beginning.
    private func add(_ transfer: TransferReference, to members: inout [String: JSON]) {
        guard let known = names[transfer] else { return }
        members["name"] = .string(known.name)
        members["size"] = .integer(Int64(clamping: known.size))
    }
}
