package import Pinhole

extension Methods {
    static let events: [any Method.Type] = [EventsSubscribe.self]

    /// The notification by which an event comes.
    package static let event = "event"
}

package enum EventsSubscribe: Method {
    package static let name = "events.subscribe"
    package static let summary =
        "From now on sends each event as a notification “event”. Its params are the event, as 'chat --json' prints it."
    package static let notes: [String: String] = [:]

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Nothing {
        guard let caller = call.caller else {
            throw PinholeError(.bug, "events of the own process come without a subscription")
        }
        caller.forward(try call.host.events())
        return Nothing()
    }
}
