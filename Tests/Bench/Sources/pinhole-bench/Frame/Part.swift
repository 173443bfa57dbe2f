/// One part of the bench, which can be run by itself.
enum Part: String, CaseIterable {
    case throughput
    case messages
    case latency
    case chat
    case handshakes
    case memory
    case contacts
    case history
    case start
    case peers
    case growth
    case wan
    case wanShare = "wan-share"
    case wanGrowth = "wan-growth"
    case signaling

    var summary: String {
        switch self {
        case .throughput: "one file through one session; CPU and allocations; against the bare loop"
        case .messages: "small and large messages one way on one stream; against one sealed datagram each"
        case .latency: "there and back through a session, against a raw UDP ping-pong"
        case .chat: "how late a chat line is while a file takes all that it can get"
        case .handshakes: "complete handshakes on one core, against their bare cryptography; connect time"
        case .memory: "what a session takes, idle and busy"
        case .contacts: "what many contacts cost: to add one, and to find out whom a HELLO is from"
        case .history: "a million messages on disk: opening them, a page, a search"
        case .start: "what `pinhole` costs before anything is said: memory with 1,000 contacts, time of a first message"
        case .peers: "the same file by what else a person could use, where it is installed"
        case .growth: "curves: sessions, files, message sizes"
        case .wan: "a line of 50 Mbit/s, 50 ms and losses, beside TCP, scp, SRT and QUIC"
        case .wanShare: "a line of 10 Mbit/s shared with TCP CUBIC"
        case .wanGrowth: "curves: round trip, loss"
        case .signaling: "the signaling service: registrations, refreshes, memory"
        }
    }

    /// Whether `--quick` means this part too: the others take long whatever one leaves out.
    var isQuick: Bool {
        switch self {
        case .throughput, .messages, .latency, .chat, .handshakes, .memory, .contacts, .history, .start, .peers,
            .growth:
            true
        case .wan, .wanShare, .wanGrowth, .signaling: false
        }
    }

    func run(_ options: Options, _ figure: inout Figure) throws {
        switch self {
        case .throughput: try Throughput.run(options)
        case .messages: try Messages.run(options, &figure)
        case .latency: try Latency.run(options)
        case .chat: try Chat.run(options)
        case .handshakes: try Handshakes.run(options)
        case .memory: try Memory.run(options)
        case .contacts: try Contacts.run(options)
        case .history: try History.run(options)
        case .growth: try Growth.run(options, &figure)
        case .start: try Start.run(options)
        case .peers: try Peers.run(options)
        case .wan: try Wan.compare(options)
        case .wanShare: try Wan.share(options)
        case .wanGrowth: try Wan.grow(options, &figure)
        case .signaling: try SignalingBench.run()
        }
    }
}
