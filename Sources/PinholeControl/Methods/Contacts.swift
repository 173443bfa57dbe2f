package import Pinhole

extension Methods {
    static let contacts: [any Method.Type] = [
        ContactList.self, ContactShow.self, ContactAdd.self, ContactRename.self, ContactVerify.self,
        ContactBlock.self, ContactUnblock.self, ContactReplaceKey.self, ContactRemove.self, ContactRequests.self,
        ContactAccept.self, ContactDecline.self,
    ]
}

/// A contact, with the members of `contact list --json`.
package struct ContactShape: Codable, Sendable {
    package let name: String
    package let key: String
    package let verified: Bool
    package let state: State
    /// The other key that was given, where the state is `key-changed`.
    package let newKey: String?
    package let addresses: [String]
    package let services: [String]
    /// What becomes of this contact's files; nil where it is as configured.
    package let accept: AcceptPolicy?

    package enum State: String, Codable, CaseIterable, Sendable {
        case known, invited, blocked
        case keyChanged = "key-changed"
    }

    /// The line of an invite that waits is a secret, and stays where it is.
    package init(_ contact: Contact) {
        (name, key, verified) = (contact.name, contact.key.text, contact.isVerified)
        (addresses, services) = (contact.addresses, contact.services.map { "\($0)" })
        accept = contact.filePolicy.map { AcceptPolicy($0) }
        switch contact.standing {
        case .known: (state, newKey) = (.known, nil)
        case .invited: (state, newKey) = (.invited, nil)
        case .blocked: (state, newKey) = (.blocked, nil)
        case .keyChanged(let other): (state, newKey) = (.keyChanged, other.text)
        }
    }

    /// The contact as far as it was told: one who has not accepted yet can be written to like any other.
    package var contact: Contact? {
        let standing: Standing? =
            switch state {
            case .known, .invited: .known
            case .blocked: .blocked
            case .keyChanged: newKey.flatMap { try? PublicKey($0) }.map { .keyChanged(to: $0) }
            }
        guard let key = try? PublicKey(key), let standing else { return nil }
        return Contact(
            name: name, key: key, addresses: addresses, services: services.compactMap { try? ServiceAddress($0) },
            isVerified: verified, filePolicy: accept?.filePolicy, standing: standing)
    }

    static let notes = [
        "name": "What you call the contact.", "key": "The contact's public key.",
        "verified": "Whether the safety numbers were compared.",
        "state":
            "known; invited: by the contact, who has not accepted you yet; blocked; key-changed: another key was given "
            + "too, and nothing is sent.",
        "newKey": "That other key.",
        "addresses": "Where the contact is reached without a service.",
        "services": "Where the contact is found besides your own services.",
        "accept": "What becomes of the files that the contact offers: all, ask or none; as configured without it.",
    ]
}

/// Parameters of methods that are about one contact.
package struct ContactParams: Codable, Sendable {
    let contact: String

    package init(contact: String) { self.contact = contact }
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

package enum ContactShow: Method {
    package struct Result: Codable, Sendable {
        package let contact: ContactShape
        package let safetyNumber: [String]
        package let safetyWords: [String]
        package let ownKey: String
    }

    package static let name = "contact.show"
    package static let summary = "Says what is known of a contact, and what to compare with it."
    package static let notes = ContactShape.notes.merging([
        "contact": "The contact's name or public key.", "ownKey": "Your own public key.",
        "safetyNumber": "Twelve groups of five digits, the same on both sides.",
        "safetyWords": "Eighteen words, the same on both sides.",
    ]) { $1 }

    package static func run(_ params: ContactParams, in call: Call) async throws(PinholeError) -> Result {
        let contact = try call.contact(params.contact)
        let identity = call.profile.identity
        return Result(
            contact: ContactShape(contact), safetyNumber: identity.safetyNumber(with: contact.key),
            safetyWords: identity.safetyWords(with: contact.key), ownKey: identity.publicKey.text)
    }
}

package enum ContactAdd: Method {
    package struct Params: Codable, Sendable {
        let name: String
        let key: String
        let addresses: [String]?
        let services: [String]?

        package init(name: String, key: PublicKey, addresses: [String] = [], services: [ServiceAddress] = []) {
            (self.name, self.key, self.addresses) = (name, key.text, addresses)
            self.services = services.map(\.description)
        }
    }

    package struct Result: Codable, Sendable {
        package let contact: ContactShape
        package let isNew: Bool
        package let ownKey: String
    }

    package static let name = "contact.add"
    package static let summary =
        "Adds a contact, or what is new of one that is known. Another key for a known name stops sending until a person "
        + "has decided (contact.replaceKey)."
    package static let notes = ContactShape.notes.merging([
        "contact": "The contact as it is now.", "isNew": "Whether it was added, and not extended.",
        "ownKey": "Your own public key, which the contact must add.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let key = try PublicKey(params.key)
        let services = try (params.services ?? []).map { text throws(PinholeError) in try ServiceAddress(text) }
        let contact = Contact(name: params.name, key: key, addresses: params.addresses ?? [], services: services)
        let isNew = try call.changing { () throws(PinholeError) in try call.profile.add(contact) }
        return Result(
            contact: ContactShape(try call.contact(params.name)), isNew: isNew,
            ownKey: call.profile.identity.publicKey.text)
    }
}

package enum ContactRename: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let to: String

        package init(contact: String, to: String) { (self.contact, self.to) = (contact, to) }
    }

    package static let name = "contact.rename"
    package static let summary = "Gives a contact another name; nobody else learns of it."
    package static let notes = ContactShape.notes.merging(Notes.contact) { $1 }
        .merging(["to": "What you call the contact from now on."]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> ContactShape {
        let name = try call.contact(params.contact).name
        try call.changing { () throws(PinholeError) in try call.profile.rename(name, to: params.to) }
        return ContactShape(try call.contact(params.to))
    }
}

package enum ContactVerify: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let verified: Bool

        package init(contact: String, verified: Bool) { (self.contact, self.verified) = (contact, verified) }
    }

    package static let name = "contact.verify"
    package static let summary = "Records whether a person has compared the safety numbers and found them equal."
    package static let notes = ContactShape.notes.merging(Notes.contact) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> ContactShape {
        let name = try call.otherContact(params.contact).name
        try call.changing { () throws(PinholeError) in try call.profile.setVerified(name, params.verified) }
        return ContactShape(try call.contact(name))
    }
}

package enum ContactBlock: Method {
    package static let name = "contact.block"
    package static let summary = "From now on gives a contact no answer, and sends nothing to it."
    package static let notes = ContactShape.notes.merging(Notes.contact) { $1 }

    package static func run(_ params: ContactParams, in call: Call) async throws(PinholeError) -> ContactShape {
        try block(params, true, in: call)
    }

    static func block(_ params: ContactParams, _ isBlocked: Bool, in call: Call) throws(PinholeError) -> ContactShape {
        let name = try call.otherContact(params.contact).name
        try call.changing { () throws(PinholeError) in try call.profile.setBlocked(name, isBlocked) }
        return ContactShape(try call.contact(name))
    }
}

package enum ContactUnblock: Method {
    package static let name = "contact.unblock"
    package static let summary = "Answers a blocked contact again."
    package static let notes = ContactBlock.notes

    package static func run(_ params: ContactParams, in call: Call) async throws(PinholeError) -> ContactShape {
        try ContactBlock.block(params, false, in: call)
    }
}

package enum ContactReplaceKey: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let key: String

        package init(contact: String, key: PublicKey) { (self.contact, self.key) = (contact, key.text) }
    }

    package static let name = "contact.replaceKey"
    package static let summary =
        "Gives a contact another key, or confirms the one it has: messages go out again, also those that waited."
    package static let notes = ContactShape.notes.merging(Notes.contact) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> ContactShape {
        let name = try call.contact(params.contact).name
        let key = try PublicKey(params.key)
        let contact = try call.changing { () throws(PinholeError) in try call.profile.replaceKey(of: name, by: key) }
        return ContactShape(contact)
    }
}

package enum ContactRemove: Method {
    package static let name = "contact.remove"
    package static let summary = "Removes a contact with the messages that were exchanged."
    package static let notes = Notes.contact

    package static func run(_ params: ContactParams, in call: Call) async throws(PinholeError) -> Nothing {
        let name = try call.contact(params.contact).name
        try call.changing { () throws(PinholeError) in try call.profile.remove(name) }
        return Nothing()
    }
}

extension Call {
    /// A contact who is not oneself.
    fileprivate func otherContact(_ name: String) throws(PinholeError) -> Contact {
        let contact = try contact(name)
        guard contact.key != profile.identity.publicKey else {
            throw PinholeError(.usage, "\(contact.name) is you")
        }
        return contact
    }

    /// Runs what changes contacts; whatever comes of it, the node and those who ask for names look anew.
    func changing<Value>(_ body: () throws(PinholeError) -> Value) throws(PinholeError) -> Value {
        defer {
            host.contactsChanged()
            // Without a node there is nobody else to tell.
            (try? node())?.contactsChanged()
        }
        return try body()
    }
}
