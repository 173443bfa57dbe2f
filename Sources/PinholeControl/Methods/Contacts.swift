package import Pinhole

extension Methods {
    static let contacts: [any Method.Type] = [ContactList.self]
}

/// A contact, with the members of `contact list --json`.
package struct ContactShape: Codable, Sendable {
    let name: String
    let key: String
    let verified: Bool
    let addresses: [String]
    let services: [String]

    package init(_ contact: Contact) {
        (name, key, verified) = (contact.name, contact.key.text, contact.isVerified)
        (addresses, services) = (contact.addresses, contact.services.map { "\($0)" })
    }

    package var contact: Contact? {
        (try? PublicKey(key)).map {
            Contact(
                name: name, key: $0, addresses: addresses, services: services.compactMap { try? ServiceAddress($0) },
                isVerified: verified)
        }
    }

    static let notes = [
        "name": "What you call the contact.", "key": "The contact's public key.",
        "verified": "Whether the safety numbers were compared.",
        "addresses": "Where the contact is reached without a service.",
        "services": "Where the contact is found besides your own services.",
    ]
}

package enum ContactList: Method {
    package struct Result: Codable, Sendable {
        package let contacts: [ContactShape]
    }

    package static let name = "contact.list"
    package static let summary = "Lists your contacts by name."
    package static let notes = ContactShape.notes.merging(["contacts": "All of them."]) { $1 }

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Result {
        Result(contacts: try call.profile.contacts().sorted { $0.name < $1.name }.map { ContactShape($0) })
    }
}
