internal import PinholeWire

/// The streams of bytes between two applications: pairs of one-way streams, each direction with its own end.
///
/// The application knows them by handles, which no later stream and no later session uses again.
struct ByteStreams {
    struct Stream {
        /// Our direction.
        enum Out: Equatable {
            /// It is the peer's stream of this id, and not answered yet.
            case unanswered(UInt64)
            case open(UInt64)
            /// Everything was written, or given up.
            case ended(UInt64, stopCode: UInt64?)
        }

        /// The peer's direction.
        enum In: Equatable {
            /// It is our stream, and not answered yet.
            case awaited
            case open(UInt64)
            case finished
            /// The peer gave it up, or refused the stream.
            case reset(code: UInt64)
        }

        let isOurs: Bool
        var out: Out
        var incoming: In
    }

    /// What came of a stream whose session is over, and was not read.
    private struct Remains {
        var bytes: ArraySlice<UInt8>
        /// What follows these.
        let end: ByteStreamRead
    }

    private(set) var streams: [UInt64: Stream] = [:]
    private var remains: [UInt64: Remains] = [:]
    private var bySent: [UInt64: UInt64] = [:]
    private var byReceived: [UInt64: UInt64] = [:]
    /// Heads that have not come whole, by the peer's stream.
    var heads: [UInt64: [UInt8]] = [:]
    private var nextID = StreamID.firstByteStream

    var isFull: Bool { streams.values.count { $0.isOurs } >= Limits.maxByteStreams }
    var isFullOfPeers: Bool { streams.values.count { !$0.isOurs } + heads.count >= Limits.maxByteStreams }

    subscript(handle: UInt64) -> Stream? { streams[handle] }

    func handle(sending id: UInt64) -> UInt64? { bySent[id] }
    func handle(receiving id: UInt64) -> UInt64? { byReceived[id] }

    /// A stream of ours; returns the id of its first half.
    mutating func open(_ handle: UInt64) -> UInt64 {
        let id = takeID()
        streams[handle] = Stream(isOurs: true, out: .open(id), incoming: .awaited)
        bySent[id] = handle
        return id
    }

    /// A stream of the peer's.
    mutating func opened(_ handle: UInt64, on id: UInt64) {
        streams[handle] = Stream(isOurs: false, out: .unanswered(id), incoming: .open(id))
        byReceived[id] = handle
    }

    /// We answer a stream of the peer's; returns the id of our half and the one that it answers.
    mutating func answer(_ handle: UInt64) -> (id: UInt64, peer: UInt64)? {
        guard case .unanswered(let peer) = streams[handle]?.out else { return nil }
        let id = takeID()
        streams[handle]?.out = .open(id)
        bySent[id] = handle
        return (id, peer)
    }

    /// The peer answers on `id`; nil if our stream is unknown, or was answered before.
    mutating func answered(_ sent: UInt64, on id: UInt64) -> UInt64? {
        guard let handle = bySent[sent], streams[handle]?.incoming == .awaited else { return nil }
        streams[handle]?.incoming = .open(id)
        byReceived[id] = handle
        return handle
    }

    mutating func endSending(_ handle: UInt64, stopCode: UInt64? = nil) {
        guard case .open(let id) = streams[handle]?.out else { return }
        streams[handle]?.out = .ended(id, stopCode: stopCode)
    }

    mutating func endReceiving(_ handle: UInt64, _ end: Stream.In) {
        streams[handle]?.incoming = end
    }

    mutating func remove(_ handle: UInt64) -> Stream? {
        remains[handle] = nil
        bySent = bySent.filter { $0.value != handle }
        byReceived = byReceived.filter { $0.value != handle }
        return streams.removeValue(forKey: handle)
    }

    /// The session is over. What has come of its streams can still be read: `unread` gives that, and whether it is all.
    /// Returns the handles of the streams.
    mutating func endSession(unread: (UInt64) -> (bytes: [UInt8], isWhole: Bool)) -> [UInt64] {
        let ended = streams
        var kept = remains
        for (handle, stream) in ended {
            switch stream.incoming {
            case .awaited: break
            case .finished: kept[handle] = Remains(bytes: [], end: .end)
            case .reset(let code): kept[handle] = Remains(bytes: [], end: .reset(code: code))
            case .open(let id):
                let (bytes, isWhole) = unread(id)
                guard !bytes.isEmpty || isWhole else { break }
                kept[handle] = Remains(bytes: bytes[...], end: isWhole ? .end : .lost)
            }
        }
        self = ByteStreams()
        remains = kept
        // As much as one session may hold unread: the oldest go first.
        var count = remains.values.reduce(0) { $0 + $1.bytes.count }
        for (handle, left) in remains.sorted(by: { $0.key < $1.key }) where count > Limits.maxConnectionWindow {
            guard !left.bytes.isEmpty else { continue }
            remains[handle] = nil
            count -= left.bytes.count
        }
        return ended.keys.sorted()
    }

    /// Reads from a stream whose session is over; nil for all others.
    mutating func readRemains(_ handle: UInt64, upTo limit: Int) -> ByteStreamRead? {
        guard let (bytes, end) = remains[handle].map({ ($0.bytes, $0.end) }) else { return nil }
        guard !bytes.isEmpty else { return end }
        // An empty slice would keep all of its memory.
        let rest = bytes.dropFirst(limit)
        remains[handle]?.bytes = rest.isEmpty ? [] : rest
        return .bytes(Array(bytes.prefix(limit)))
    }

    /// Whether the peer had answered a stream of ours, or opened one, whose session is over; nil for all others.
    func answer(ofRemains handle: UInt64) -> ByteStreamRead? {
        guard let left = remains[handle] else { return nil }
        if case .reset = left.end { return left.end }
        return .end
    }

    private mutating func takeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }
}

/// What reading from a stream of bytes gives.
package enum ByteStreamRead: Sendable {
    case bytes([UInt8])
    /// Nothing yet: ``Event/streamChanged(_:with:)`` follows.
    case nothing
    /// The peer has ended its direction, and all of it was read.
    case end
    /// The peer gave it up, or refused the stream.
    case reset(code: UInt64)
    /// The session is over and all that came was read, or the stream was closed here.
    case lost
}

/// Whether there is room to write to a stream of bytes.
package enum ByteStreamRoom: Sendable {
    case room(Int)
    /// Too much waits to be sent: ``Event/streamChanged(_:with:)`` follows.
    case full
    /// The peer wants no more, or refused the stream.
    case stopped(code: UInt64)
    /// The session is over, or the stream was closed or ended here.
    case lost
}

/// Why a stream was given up, for RESET_STREAM and STOP_SENDING.
package enum StreamCode {
    /// The application wants no more.
    package static let cancelled: UInt64 = 0
    /// Nobody here takes streams of that name.
    package static let unknownName: UInt64 = 1
    /// As many are open as may be.
    package static let tooMany: UInt64 = 2
}
