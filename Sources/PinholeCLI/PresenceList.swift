import Pinhole
import PinholeControl

/// `pinhole contact list --online`: who is there, and when the others were.
enum PresenceList {
    /// How long the services are waited for: two round trips, and a lost packet or two.
    private static let patience = 3.0

    static func show(_ network: NodeOptions, global: GlobalOptions, json: Bool) async throws {
        let contacts = try await Session.run(network, global: global, as: "contact list", policy: .ask) { session in
            try await session.client.call(ContactPresence.self, ContactPresence.Params(settle: patience)).contacts
        }
        if json {
            return JSON.show(["contacts": .array(contacts.map { JSON(encoding: $0) })])
        }
        if contacts.isEmpty { Console.talk("No contacts yet: pinhole contact add NAME KEY") }
        let width = contacts.map { Width.of($0.contact) }.max() ?? 0
        // Who is there comes first.
        for contact in contacts.sorted(by: { ($0.online ? 0 : 1, $0.contact) < ($1.online ? 0 : 1, $1.contact) }) {
            let padding = String(repeating: " ", count: width - Width.of(contact.contact) + 2)
            Console.result(verbatim: contact.contact + padding + words(contact))
        }
    }

    private static func words(_ contact: ContactPresence.Item) -> String {
        let words: Phrase
        if contact.connected {
            words = "online, connected"
        } else if contact.online {
            words = "online"
        } else if let seen = contact.lastSeen.flatMap(Timestamp.milliseconds) {
            words = "offline, last seen \(Format.clock(seen))"
        } else {
            words = "offline, never seen"
        }
        return "\(words)"
    }
}
