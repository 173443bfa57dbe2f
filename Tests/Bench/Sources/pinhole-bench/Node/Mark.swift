import CBench

/// What a process of a measurement has done up to a moment. Two of them make a stretch of time.
struct Mark {
    /// Nanoseconds on the machine's monotonic clock.
    var time: UInt64
    /// Bytes that arrived at the application, or were opened.
    var bytes: UInt64
    var messages: UInt64
    /// Datagrams that were sent and received, and the bytes of those that were sent.
    var sent: UInt64
    var received: UInt64
    var sentBytes: UInt64
    /// The largest datagram that was sent.
    var largest: UInt64
    var cpuNanoseconds: UInt64
    var allocations: UInt64
    var allocatedBytes: UInt64

    /// `counts` are bytes, messages, sent, received, sentBytes and largest.
    static func line(_ counts: [UInt64]) -> String {
        let cpu = UInt64(Child.Usage.own.seconds * 1e9)
        let numbers = [monotonicNanoseconds()] + counts + [cpu, bench_allocations(), bench_allocated_bytes()]
        return "mark " + numbers.map { "\($0)" }.joined(separator: " ")
    }

    init(_ words: [String]) throws(Child.Failure) {
        let numbers = words.compactMap { UInt64($0) }
        guard numbers.count == 10 else { throw Child.Failure(description: "no mark: \(words)") }
        time = numbers[0]
        bytes = numbers[1]
        messages = numbers[2]
        sent = numbers[3]
        received = numbers[4]
        sentBytes = numbers[5]
        largest = numbers[6]
        cpuNanoseconds = numbers[7]
        allocations = numbers[8]
        allocatedBytes = numbers[9]
    }
}

extension Child {
    /// What it has done so far.
    func mark() throws(Failure) -> Mark {
        say("mark")
        return try Mark(try hear("mark"))
    }
}

/// What a sender and a receiver did between two marks.
struct Flow {
    var seconds: Double
    /// Bytes of payload that arrived.
    var bytes: Double
    var messages: Double
    /// Datagrams that the sender sent in it.
    var datagrams: Double
    var received: Double
    /// The sender's largest datagram.
    var datagramSize: Int
    var senderCPU: Double
    var receiverCPU: Double
    var senderAllocations: Double
    var receiverAllocations: Double
    /// Bytes that these asked for.
    var senderAllocated: Double
    var receiverAllocated: Double

    init(sender: (Mark, Mark), receiver: (Mark, Mark)) {
        seconds = Double(receiver.1.time - receiver.0.time) / 1e9
        bytes = Double(receiver.1.bytes - receiver.0.bytes)
        messages = Double(receiver.1.messages - receiver.0.messages)
        datagrams = Double(sender.1.sent - sender.0.sent)
        received = Double(receiver.1.received - receiver.0.received)
        datagramSize = Int(sender.1.largest)
        senderCPU = Double(sender.1.cpuNanoseconds - sender.0.cpuNanoseconds) / 1e9
        receiverCPU = Double(receiver.1.cpuNanoseconds - receiver.0.cpuNanoseconds) / 1e9
        senderAllocations = Double(sender.1.allocations - sender.0.allocations)
        receiverAllocations = Double(receiver.1.allocations - receiver.0.allocations)
        senderAllocated = Double(sender.1.allocatedBytes - sender.0.allocatedBytes)
        receiverAllocated = Double(receiver.1.allocatedBytes - receiver.0.allocatedBytes)
    }

    /// 10^6 bits of payload a second.
    var megabits: Double { bytes * 8 / seconds / 1e6 }
    /// Of both sides.
    var cpuPerGiB: Double { (senderCPU + receiverCPU) / (bytes / 1_073_741_824) }
    /// Of both sides, for each 10^5 datagrams of the sender.
    var allocationsPer100k: Double { (senderAllocations + receiverAllocations) / datagrams * 1e5 }

    /// Watches a sender and a receiver that are busy, for a while.
    static func watch(_ sender: Child, _ receiver: Child, seconds: Double) throws(Child.Failure) -> Flow {
        let before = (try sender.mark(), try receiver.mark())
        pause(seconds)
        let after = (try sender.mark(), try receiver.mark())
        return Flow(sender: (before.0, after.0), receiver: (before.1, after.1))
    }
}
