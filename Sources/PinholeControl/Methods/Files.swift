package import Pinhole

extension Methods {
    static let files: [any Method.Type] = [
        FileSend.self, FileWait.self, FileAccept.self, FileRefuse.self, FileCancel.self,
    ]
}

extension TransferReference.Direction: Codable {}

/// The name of a transfer.
package struct TransferShape: Codable, Sendable {
    let contact: String
    let direction: TransferReference.Direction
    let transfer: String

    package init(_ transfer: TransferReference) {
        (contact, direction) = (transfer.contact.text, transfer.direction)
        self.transfer = String(transfer.number, radix: 16)
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

        package init(to: String, path: String) { (self.to, self.path) = (to, path) }
    }

    package static let name = "file.send"
    package static let summary = "Offers a file to a contact; one that was interrupted goes on where it stopped."
    package static let notes = TransferShape.notes.merging([
        "to": "The contact's name or public key.", "path": "The file, from the root of the file system.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> TransferShape {
        let contact = try call.contact(params.to)
        guard params.path.hasPrefix("/") else {
            throw PinholeError(
                .usage, "“\(params.path)” does not begin at the root of the file system", hint: "give the whole path")
        }
        call.letOthersProceed()
        return TransferShape(try await call.node().sendFile(params.path, to: contact.key))
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

        func reference(in call: Call) throws(PinholeError) -> TransferReference {
            guard let number = UInt64(transfer, radix: 16) else {
                throw PinholeError(.usage, "“\(transfer)” is not the name of a transfer", hint: "events name them")
            }
            return TransferReference(contact: try call.contact(contact).key, direction: direction, number: number)
        }
    }

    package static let name = "file.wait"
    package static let summary = "Waits until a whole file has arrived, verified and on disk."
    package static let notes = TransferShape.notes.merging([
        "timeout": "How many seconds to wait; as long as it takes without it."
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        let transfer = try params.reference(in: call)
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
        try call.node().cancel(params.reference(in: call))
        return Nothing()
    }
}
