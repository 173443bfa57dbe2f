package import Pinhole

extension Methods {
    static let files: [any Method.Type] = [
        FileSend.self, FileWait.self, FileAccept.self, FileRefuse.self, FileCancel.self, FileList.self,
        FilePolicySet.self,
    ]
}

extension TransferReference.Direction: Codable {}

/// Which offered files are taken, in the words of the command line.
package enum AcceptPolicy: String, Codable, CaseIterable, Sendable {
    case all, ask, none

    package init(_ policy: NodeConfiguration.FilePolicy) {
        self =
            switch policy {
            case .accept: .all
            case .ask: .ask
            case .refuse: .none
            }
    }

    package var filePolicy: NodeConfiguration.FilePolicy {
        switch self {
        case .all: .accept
        case .ask: .ask
        case .none: .refuse
        }
    }
}

/// The name of a transfer.
package struct TransferShape: Codable, Sendable {
    let contact: String
    let direction: TransferReference.Direction
    let transfer: String

    package init(_ transfer: TransferReference) {
        (contact, direction) = (transfer.contact.text, transfer.direction)
        self.transfer = String(transfer.number, radix: 16)
    }

    fileprivate init(_ contact: String, _ direction: TransferReference.Direction, _ transfer: String) {
        (self.contact, self.direction, self.transfer) = (contact, direction, transfer)
    }

    func reference(in call: Call) throws(PinholeError) -> TransferReference {
        guard let number = UInt64(transfer, radix: 16) else {
            throw PinholeError(.usage, "“\(transfer)” is not the name of a transfer", hint: "events name them")
        }
        return TransferReference(contact: try call.contact(contact).key, direction: direction, number: number)
    }

    package var reference: TransferReference? {
        guard let key = try? PublicKey(contact), let number = UInt64(transfer, radix: 16) else { return nil }
        return TransferReference(contact: key, direction: direction, number: number)
    }

    static let notes = [
        "contact": "The contact's name or public key.", "direction": "Which way the bytes go.",
        "transfer": "The transfer's number, in hexadecimal.",
    ]
}

package enum FileSend: Method {
    package struct Params: Codable, Sendable {
        let to: String
        let path: String
        let token: String

        /// The call may be repeated: its token sees to it that the transfer is begun once.
        package init(to: String, path: String, token: String? = nil) {
            (self.to, self.path, self.token) = (to, path, token ?? Token.any)
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            to = try container.decode(String.self, forKey: .to)
            path = try container.decode(String.self, forKey: .path)
            token = try container.decodeIfPresent(String.self, forKey: .token) ?? Token.any
        }
    }

    package static let name = "file.send"
    package static let summary = "Offers a file to a contact; one that was interrupted goes on where it stopped."
    package static let notes = TransferShape.notes.merging([
        "to": "The contact's name or public key.", "path": "The file, from the root of the file system.",
        "token":
            "A word of your own for this transfer: asked for again with it, it is the same one, also if it has ended.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> TransferShape {
        let contact = try call.contact(params.to)
        guard params.path.hasPrefix("/") else {
            throw PinholeError(
                .usage, "“\(params.path)” does not begin at the root of the file system", hint: "give the whole path")
        }
        call.letOthersProceed()
        return TransferShape(try await call.node().sendFile(params.path, to: contact.key, token: params.token))
    }
}

package enum FileWait: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let direction: TransferReference.Direction
        let transfer: String
        let timeout: Double?

        package init(_ reference: TransferReference, timeout: Duration?) {
            let shape = TransferShape(reference)
            (contact, direction, transfer) = (shape.contact, shape.direction, shape.transfer)
            self.timeout = timeout.map { $0.milliseconds / 1000 }
        }

        var shape: TransferShape { TransferShape(contact, direction, transfer) }
    }

    package static let name = "file.wait"
    package static let summary = "Waits until a whole file has arrived, verified and on disk."
    package static let notes = TransferShape.notes.merging([
        "timeout": "How many seconds to wait; as long as it takes without it."
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        let transfer = try params.shape.reference(in: call)
        call.letOthersProceed()
        let timeout = params.timeout.map { Seconds.duration($0, or: 60) }
        try await call.node().finished(transfer, timeout: timeout)
        return Nothing()
    }
}

package enum FileAccept: Method {
    package static let name = "file.accept"
    package static let summary = "Takes an offered file."
    package static let notes = TransferShape.notes

    package static func run(_ params: TransferShape, in call: Call) async throws(PinholeError) -> Nothing {
        try call.node().accept(params.reference(in: call))
        return Nothing()
    }
}

package enum FileRefuse: Method {
    package static let name = "file.refuse"
    package static let summary = "Declines an offered file."
    package static let notes = TransferShape.notes

    package static func run(_ params: TransferShape, in call: Call) async throws(PinholeError) -> Nothing {
        try call.node().refuse(params.reference(in: call))
        return Nothing()
    }
}

package enum FileCancel: Method {
    package static let name = "file.cancel"
    package static let summary = "Gives up a transfer in either direction."
    package static let notes = TransferShape.notes

    package static func run(_ params: TransferShape, in call: Call) async throws(PinholeError) -> Nothing {
        let transfer = try params.reference(in: call)
        // Without a node it is only forgotten: there is nobody to tell.
        if let node = try? call.node() { node.cancel(transfer) } else { try call.profile.forget(transfer) }
        return Nothing()
    }
}

/// A transfer, with the members of `files list --json`.
package struct TransferRecord: Codable, Sendable {
    package let contact: String
    package let key: String
    package let direction: TransferReference.Direction
    package let transfer: String
    package let name: String
    package let folder: Bool
    package let entries: Int
    package let size: Int64
    package let state: String
    package let reason: String?
    package let path: String?
    package let createdAt: String

    init(_ transfer: Transfer, of contact: Contact, failure: Phrase?) {
        (self.contact, key) = (contact.name, contact.key.text)
        direction = transfer.reference.direction
        self.transfer = String(transfer.reference.number, radix: 16)
        (name, folder, entries) = (transfer.name, transfer.isFolder, transfer.entries)
        size = Int64(clamping: transfer.totalSize)
        (state, reason, path) = (transfer.state.rawValue, failure?.english, transfer.path)
        createdAt = Timestamp.text(transfer.createdAt)
    }

    package var reference: TransferReference? { TransferShape(key, direction, transfer).reference }

    static let notes = TransferShape.notes.merging([
        "key": "The contact's public key.", "name": "What it is called.",
        "folder": "Whether it is a folder with everything in it.",
        "entries": "The files and folders in it, itself among them.", "size": "The sizes of all its files together.",
        "state": "offered, accepted, done, refused or failed.",
        "reason": "Why it was refused or failed; absent once the events of that time are removed.",
        "path": "Where the source is, or where it was put.",
        "createdAt": "When it was offered.",
    ]) { $1 }
}

package enum FileList: Method {
    package struct Params: Codable, Sendable {
        let contact: String?
        let all: Bool?
        let after: Int64?

        init(contact: String?, all: Bool, after: Int64) { (self.contact, self.all, self.after) = (contact, all, after) }
    }

    package struct Result: Codable, ListPart {
        let transfers: [TransferRecord]
        let after: Int64?

        var elements: [TransferRecord] { transfers }
    }

    package static let name = "file.list"
    package static let summary = "Lists the files that are on their way, or all that ever were."
    package static let notes = TransferRecord.notes.merging(Notes.after) { $1 }.merging([
        "contact": "Only those of this contact.", "all": "Those too that are done or given up.",
        "transfers": "The oldest first, as many as an answer has room for.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let key: PublicKey? = if let name = params.contact { try call.contact(name).key } else { nil }
        let contacts = Dictionary(try call.profile.contacts().map { ($0.key, $0) }) { first, _ in first }
        let entries = try call.profile.transfers(
            with: key, unfinished: !(params.all ?? false), after: params.after ?? 0, limit: most
        )
        let records = try Answer.fitting(entries) { entry throws(PinholeError) in
            guard let contact = contacts[entry.transfer.reference.contact] else {
                throw PinholeError(.other, "a contact was removed meanwhile", hint: "try again")
            }
            return TransferRecord(entry.transfer, of: contact, failure: entry.failure)
        }
        let isWhole = records.count == entries.count && entries.count < most
        return Result(transfers: records, after: isWhole ? nil : entries[records.count - 1].place)
    }

    private static let most = 1000
}

extension Client {
    /// The files that are on their way, with a contact or with all; with `all` also those that ended.
    package func transfers(with name: String?, all: Bool) async throws(PinholeError) -> [TransferRecord] {
        try await list(FileList.self) { FileList.Params(contact: name, all: all, after: $0) }
    }
}

package enum FilePolicySet: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let accept: String?

        /// `accept`: all, ask or none; nil for what is configured.
        package init(contact: String, accept: String?) { (self.contact, self.accept) = (contact, accept) }
    }

    package static let name = "file.policy"
    package static let summary = "Decides what happens to the files that a contact offers."
    package static let notes = [
        "contact": "The contact's name or public key.", "accept": "all, ask or none; as configured without it.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        let contact = try call.contact(params.contact)
        let accept = params.accept.map { AcceptPolicy(rawValue: $0) }
        if case .some(nil) = accept {
            throw PinholeError(.usage, "files are taken all, ask or none", hint: "not “\(params.accept ?? "")”")
        }
        try call.changing { () throws(PinholeError) in
            try call.profile.setFilePolicy(accept??.filePolicy, of: contact.key)
        }
        return Nothing()
    }
}
