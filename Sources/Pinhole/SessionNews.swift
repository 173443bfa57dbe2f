/// What is told of a contact's sessions, in its place behind the messages that came before: these are told once they are
/// on disk.
struct SessionNews {
    private var arrived = 0
    private var stored = 0
    private var waiting: [(after: Int, event: NodeEvent)] = []

    /// Whether nothing waits, neither for the disk nor behind what does.
    var isEmpty: Bool { stored == arrived && waiting.isEmpty }

    /// Whether it is still to be told that the session is up.
    var hidesSession: Bool {
        waiting.contains { if case .connected = $0.event { true } else { false } }
    }

    mutating func messageArrived() {
        arrived += 1
    }

    /// One message more is on disk, and was told of. Returns what is to be told next.
    mutating func messageStored() -> [NodeEvent] {
        stored += 1
        let ready = Array(waiting.prefix { $0.after <= stored })
        waiting.removeFirst(ready.count)
        return ready.map { $0.event }
    }

    /// What has not been stored never will be. Returns what is to be told next.
    mutating func giveUp() -> [NodeEvent] {
        stored = arrived
        defer { waiting = [] }
        return waiting.map { $0.event }
    }

    /// Returns whether the event waits. The end of a session waits for its messages, and what follows for that.
    mutating func add(_ event: NodeEvent) -> Bool {
        let isEnd = if case .disconnected = event { true } else { false }
        guard !waiting.isEmpty || isEnd && stored < arrived else { return false }
        waiting.append((arrived, event))
        return true
    }
}
