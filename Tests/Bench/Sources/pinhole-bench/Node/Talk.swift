import PinholeWire

/// What a node says in messages, and how long they take. A body begins with the time at which it was sent, where it has
/// room for it.
struct Talk {
    enum Subject {
        case none
        /// As many as the peer takes, so many of them unconfirmed at a time.
        case flood(size: Int)
        /// One after the other, each when the answer to the one before has come.
        case ping(size: Int, left: Int)
        /// What comes is sent back.
        case echo
        /// The time that each message took is noted.
        case listen
    }

    private var subject = Subject.none
    private var counter: UInt64 = 0
    private let epoch = UInt64.random(in: 1 ... .max)
    /// Nanoseconds: there and back for pings, one way for what is listened to.
    private(set) var times: [UInt64] = []

    mutating func begin(_ subject: Subject) {
        self.subject = subject
        times = []
    }

    mutating func message(of size: Int, typedAt time: UInt64 = monotonicNanoseconds()) -> ChatMessage {
        counter += 1
        var body = [UInt8](repeating: 0x5a, count: size)
        if size >= 8 {
            withUnsafeBytes(of: time) { bytes in
                for index in 0..<8 { body[index] = bytes[index] }
            }
        }
        return ChatMessage(id: MessageID(epoch: epoch, counter: counter), time: 0, body: body)
    }

    /// Notes a message. Returns what is said to it.
    mutating func received(_ message: ChatMessage) -> ChatMessage? {
        switch subject {
        case .none, .flood: return nil
        case .echo:
            counter += 1
            return ChatMessage(id: MessageID(epoch: epoch, counter: counter), time: 0, body: message.body)
        case .listen:
            note(message)
            return nil
        case .ping(let size, let left):
            note(message)
            subject = left > 1 ? .ping(size: size, left: left - 1) : .none
            guard left > 1 else {
                say("talked")
                return nil
            }
            return self.message(of: size)
        }
    }

    /// The peer has one message more. Returns the next.
    mutating func delivered() -> ChatMessage? {
        switch subject {
        case .flood(let size): message(of: size)
        case .none, .ping, .echo, .listen: nil
        }
    }

    private mutating func note(_ message: ChatMessage) {
        guard message.body.count >= 8 else { return }
        let sent = message.body.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        times.append(monotonicNanoseconds() &- sent)
    }
}
