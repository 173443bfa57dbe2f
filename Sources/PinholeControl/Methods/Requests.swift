package import Pinhole

/// Somebody who used an invite and waits for an answer.
package struct RequestShape: Codable, Sendable {
    package let name: String
    package let claimedName: String
    package let key: String
    package let services: [String]
    package let invite: String
    package let receivedAt: String

    package init(_ request: ContactRequest) {
        (name, claimedName, key) = (request.name, request.claimedName, request.key.text)
        (services, invite) = (request.services.map(\.description), request.invite)
        receivedAt = Timestamp.text(request.receivedAt)
    }

    package var request: ContactRequest? {
        (try? PublicKey(key)).map {
            ContactRequest(
                key: $0, claimedName: claimedName, name: name,
                services: services.compactMap { try? ServiceAddress($0) }, invite: invite,
                receivedAt: Timestamp.milliseconds(receivedAt) ?? 0)
        }
    }

    static let notes = [
        "name": "A name that is free: the claimed one as far as it can be one.", "key": "Who it is: proved.",
        "claimedName": "What they call themselves: a claim.", "services": "Where they are found.",
        "invite": "The invite that was used.", "receivedAt": "When that was.",
    ]
}

package enum ContactRequests: Method {
    package struct Result: Codable, Sendable {
        package let requests: [RequestShape]
    }

    package static let name = "contact.requests"
    package static let summary = "Lists those who used an invite of yours and wait for an answer."
    package static let notes = RequestShape.notes.merging(["requests": "All of them, the oldest first."]) { $1 }

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Result {
        Result(requests: try call.profile.requests().map { RequestShape($0) })
    }

    /// The one that a person means: by the name, the claimed one, or the key.
    static func request(_ text: String, in call: Call) throws(PinholeError) -> ContactRequest {
        let requests = try call.profile.requests()
        let key = try? PublicKey(text)
        let meant = requests.filter { $0.key == key || $0.name == text || $0.claimedName == text || $0.invite == text }
        if meant.count == 1 { return meant[0] }
        let names = requests.map { "\($0.name) (\($0.key.text.prefix(12))…)" }.joined(separator: ", ")
        throw PinholeError(
            .usage, meant.isEmpty ? "nobody named “\(text)” waits for an answer" : "“\(text)” can mean several",
            hint: names.isEmpty ? "nobody waits at all" : "waiting: \(names)")
    }
}

package enum ContactAccept: Method {
    package struct Params: Codable, Sendable {
        let request: String
        let `as`: String?

        package init(request: String, as name: String?) { (self.request, self.as) = (request, name) }
    }

    package static let name = "contact.accept"
    package static let summary = "Makes somebody who used an invite of yours a contact."
    package static let notes = ContactShape.notes.merging([
        "request": "The name or the public key of who waits.", "as": "What you call them; their own name without it.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> ContactShape {
        // Asked again after it was done, the answer is the same.
        if let key = try? PublicKey(params.request), let contact = try call.profile.contact(with: key) {
            return ContactShape(contact)
        }
        let request = try ContactRequests.request(params.request, in: call)
        let contact = try call.changing { () throws(PinholeError) in try call.profile.accept(request, as: params.as) }
        return ContactShape(contact)
    }
}

package enum ContactDecline: Method {
    package struct Params: Codable, Sendable {
        let request: String

        package init(request: String) { self.request = request }
    }

    package static let name = "contact.decline"
    package static let summary = "Turns somebody away who used an invite of yours; they are told so."
    package static let notes = RequestShape.notes.merging([
        "request": "The name or the public key of who waits."
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> RequestShape {
        let request = try ContactRequests.request(params.request, in: call)
        try call.changing { () throws(PinholeError) in try call.profile.decline(request) }
        return RequestShape(request)
    }
}
