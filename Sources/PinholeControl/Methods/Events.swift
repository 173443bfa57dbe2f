package import Pinhole

extension Methods {
    static let events: [any Method.Type] = [
        EventsSubscribe.self, EventsNext.self, EventsFollow.self, EventsAcknowledge.self, EventsConsumers.self,
        EventsForget.self,
    ]

    /// The notification by which an event comes.
    package static let event = "event"
}

package enum EventsSubscribe: Method {
    package static let name = "events.subscribe"
    package static let summary =
        "From now on sends each event as a notification “event”, whose params are the event as 'chat --json' prints it. "
        + "What happens while nobody listens is not repeated: events.follow is for programs that must miss nothing."
    package static let notes: [String: String] = [:]

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Nothing {
        guard let caller = call.caller else {
            throw PinholeError(.bug, "events of this process come without a subscription")
        }
        caller.forward(call.host.events())
        return Nothing()
    }
}

package enum EventsNext: Method {
    package struct Params: Codable, Sendable {
        let consumer: String?
        let after: Int64?
        let limit: Int?
        let wait: Double?

        package init(consumer: String?, after: Int64?, limit: Int, wait: Duration) {
            (self.consumer, self.after, self.limit) = (consumer, after, limit)
            self.wait = wait.milliseconds / 1000
        }
    }

    package struct Result: Codable, Sendable {
        package let events: [EventShape]
        package let cursor: Int64
    }

    package static let name = "events.next"
    package static let summary =
        "Gives the events that are stored in the log after a cursor; where there are none, waits for some."
    package static let notes = [
        "consumer": "A name of your own: events that it has not acknowledged are kept for it.",
        "after": "The cursor after which to begin; without it after the last that the consumer acknowledged.",
        "limit": "How many events at most, from 1 to 1000; 100 without it. Long ones are fewer.",
        "wait": "How many seconds to wait where there are none; 0 without it.",
        "events": "The events in their order.",
        "cursor": "That of the last of them, to give as “after” the next time.",
    ]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let limit = params.limit ?? 100
        guard (1...1000).contains(limit) else { throw PinholeError(.usage, "the limit is from 1 to 1000") }
        let log = EventLog(host: call.host)
        let start = try log.start(of: params.consumer, after: params.after)
        call.letOthersProceed()
        let deadline = ContinuousClock.now + Seconds.duration(params.wait, or: 0)
        let events = try Answer.fitting(try await log.next(after: start, limit: limit, until: deadline)) { $0 }
        return Result(events: events, cursor: events.last?.cursor ?? start)
    }
}

package enum EventsFollow: Method {
    package struct Params: Codable, Sendable {
        let consumer: String
        let after: Int64?
    }

    package static let name = "events.follow"
    package static let summary =
        "Sends the events of the log that the consumer has not acknowledged, and from then on each new one, as "
        + "notifications “event”. They come as fast as they are read, and none is lost."
    package static let notes = EventsNext.notes

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        guard let caller = call.caller else { throw PinholeError(.bug, "this process asks for events itself") }
        let log = EventLog(host: call.host)
        caller.forward(log, after: try log.start(of: params.consumer, after: params.after))
        return Nothing()
    }
}

package enum EventsAcknowledge: Method {
    package struct Params: Codable, Sendable {
        let consumer: String
        let cursor: Int64
        let read: Bool?

        package init(consumer: String, cursor: Int64, read: Bool? = nil) {
            (self.consumer, self.cursor, self.read) = (consumer, cursor, read)
        }
    }

    package static let name = "events.acknowledge"
    package static let summary =
        "Says that a consumer has dealt with all events up to a cursor; "
        + "the messages among them count as read, and with each those that the contact sent before it."
    package static let notes = EventsNext.notes.merging([
        "cursor": "That of the last event dealt with.",
        "read": "false: no person has seen the messages, and they do not count as read.",
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        let store = call.profile.store
        if params.read ?? true { try await markRead(params, in: call) }
        try store.acknowledge(params.cursor, by: params.consumer, at: Timestamp.now)
        return Nothing()
    }

    /// A program that has dealt with a message has seen it. Marking one marks those before it in its epoch.
    private static func markRead(_ params: Params, in call: Call) async throws(PinholeError) {
        let store = call.profile.store
        guard var place = try store.consumers().first(where: { $0.name == params.consumer })?.cursor else { return }
        var seen: [Epoch: MessageReference] = [:]
        while place < params.cursor {
            let events = try store.events(after: place, limit: 1000)
            for event in events where event.cursor <= params.cursor && event.kind == .message {
                guard let message = event.message else { continue }
                seen[Epoch(contact: message.contact, number: message.epoch)] = MessageReference(message)
            }
            place = events.last?.cursor ?? params.cursor
        }
        for message in seen.values { _ = try await MessageRead.run(MessageRead.Params(message), in: call) }
    }

    private struct Epoch: Hashable {
        let contact: PublicKey
        let number: UInt64
    }
}

package enum EventsConsumers: Method {
    package struct Result: Codable, Sendable {
        package let newest: Int64
        package let consumers: [Consumer]
    }

    package struct Consumer: Codable, Sendable {
        package let name: String
        package let cursor: Int64
        package let seenAt: String
    }

    package static let name = "events.consumers"
    package static let summary = "Lists who follows the events, and how far each has come."
    package static let notes = [
        "newest": "The cursor of the newest event.", "consumers": "All consumers by name.", "name": "The name.",
        "cursor": "That of the last event it has acknowledged.", "seenAt": "When it was last heard of.",
    ]

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Result {
        let store = call.profile.store
        return Result(
            newest: try store.newestEvent(),
            consumers: try store.consumers().map {
                Consumer(name: $0.name, cursor: $0.cursor, seenAt: Timestamp.text($0.seenAt))
            })
    }
}

package enum EventsForget: Method {
    package struct Params: Codable, Sendable {
        let consumer: String

        package init(consumer: String) { self.consumer = consumer }
    }

    package static let name = "events.forget"
    package static let summary = "Forgets a consumer: events are no longer kept for it."
    package static let notes = EventsNext.notes

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        try call.profile.store.unfollow(as: params.consumer)
        return Nothing()
    }
}

/// The log of a host's profile, as callers see it.
package struct EventLog: Sendable {
    let host: Host

    /// After which event a consumer begins. One that is new begins with what happens from now on.
    func start(of consumer: String?, after: Int64?) throws(PinholeError) -> Int64 {
        let store = host.profile.store
        guard let consumer else {
            if let after { return after }
            return try store.newestEvent()
        }
        let known = try store.follow(as: consumer, after: after, at: Timestamp.now)
        return after ?? known.cursor
    }

    /// The events after a cursor; where there are none until the deadline, none.
    func next(
        after cursor: Int64, limit: Int, until deadline: ContinuousClock.Instant
    ) async throws(PinholeError) -> [EventShape] {
        let store = host.profile.store
        let bell = store.newEvents()
        while true {
            let events = try store.events(after: cursor, limit: limit)
            if !events.isEmpty || Task.isCancelled || ContinuousClock.now >= deadline {
                return events.map { EventShape($0, at: host) }
            }
            await Self.ring(of: bell, until: deadline)
        }
    }

    private static func ring(of bell: AsyncStream<Int64>, until deadline: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in bell { return } }
            group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
            await group.next()
            group.cancelAll()
        }
    }
}
