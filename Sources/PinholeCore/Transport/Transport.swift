package import PinholeWire

/// Reliable streams over the packets of one session (RFC 9000 and RFC 9002): what was written arrives whole and in
/// order within each stream, however the path loses, doubles and reorders.
///
/// Streams are one-way and named by their sender, so that both sides may use the same id. Files (from
/// ``StreamID/firstFile``) are numbered upwards, and no id is used twice. The connection seals and sends the packets.
/// After each change call ``nextPacket(to:upTo:with:at:)`` until it gives nil, and wait no longer than ``nextTimeout``.
package struct Transport: Sendable {
    // What was sent and received, by packet.
    var space: PacketNumberSpace
    var sent = SentPackets()
    var rtt = RTTEstimator()
    var lossDetection = LossDetection()
    var congestion = Congestion(maxDatagramSize: Limits.maxDatagramSize)
    var deliveryRate: DeliveryRate
    var pacer: Pacer
    package internal(set) var bytesInFlight = 0
    /// The size of what the path carries, and whether it carries ECN.
    var mtu = PathMTU()
    var ecn = PathECN()
    /// Whether data has just filled a packet, so that a larger one would be of use.
    var hasFilledPacket = false
    /// Packets below this went over an earlier path, and say nothing about this one.
    var pathStart: UInt64 = 0

    // What was sent and received, by stream.
    var sendStreams = StreamTable<SendStream>()
    var receiveStreams = StreamTable<ReceiveStream>()
    /// Bytes that can be read since events were last taken.
    package internal(set) var bytesReadable = 0
    var closedSendStreams = IntervalSet()
    var closedReceiveStreams = IntervalSet()
    /// The peer's streams that have begun and have not arrived whole.
    var incompleteStreams = 0
    /// Our streams of which the application heard, though they were over, that the peer wants no more of them.
    var stoppedStreams = IntervalSet()
    /// The error codes of STOP_SENDING, until each has arrived or the peer has given up the stream by itself.
    var stopCodes: [UInt64: UInt64] = [:]
    var sendCredit = SendWindow(limit: Limits.maxConnectionData)
    /// What all files together keep of what was sent (``SendStream/held``).
    var heldOfFiles = 0
    var receiveCredit = ReceiveWindow(limit: Limits.maxConnectionData, window: Limits.maxConnectionWindow)
    /// By how much the windows of all files together are larger than they began.
    var streamGrowth: UInt64 = 0

    // What waits to be sent.
    var scheduler = Scheduler()
    var control = Queue<SentFrame>()
    /// The streams whose RESET_STREAM, and those whose STOP_SENDING, is in `control`.
    var queuedResets: Set<UInt64> = []
    var queuedStops: Set<UInt64> = []
    var isMaxDataQueued = false
    var ackRequest = AckRequest()
    var isAckRequestQueued = false
    var isPingQueued = false
    /// Of the rekey that is under way, until they arrived.
    var rekeyFrames = RekeyFrames()
    /// Packets to send regardless of window and pacer, RFC 9002 §6.2.4.
    var probes = 0
    /// Those that went since the peer last acknowledged something new, over whichever path.
    package internal(set) var unansweredProbes = 0
    /// Whether the window is larger than what there is to send (RFC 9002 §7.8).
    var isAppLimited = true
    /// Whether it was the pacer that said no.
    var isWaitingForPacer = false

    var events = Queue<TransportEvent>()
    var counters = TransportStatistics()
    /// Memory that is used again for each ACK.
    var ack = AckFrame(ranges: [], delay: 0)
    var scratch: [SentPacket] = []
    /// Memory of bytes that were read and are needed no more, for those that come next.
    var spares: [[UInt8]] = []
    var spurious: [SentPacket] = []
    /// The largest number in any ACK.
    var largestTold: UInt64?
    /// The latest packets that the connection built itself, perhaps for other paths.
    var foreign: [UInt64] = []
    /// What the ACK that is looked at has acknowledged, and its stream was not told of.
    var delivered: DeliveredBytes?

    package init(at now: Instant) {
        space = PacketNumberSpace(at: now)
        pacer = Pacer(at: now)
        deliveryRate = DeliveryRate(at: now)
    }

    /// The size of a full datagram on the path, 1200 bytes until path MTU discovery knows better.
    package var maxDatagramSize: Int { mtu.size }

    /// The path's round-trip time; nil until it was measured.
    package var smoothedRTT: Duration? {
        rtt.firstSampleAt == nil ? nil : .nanoseconds(rtt.smoothed)
    }

    /// The round-trip time that the path can have now, without what its queues and its jitter add; nil until it was
    /// measured. One that was shorter long ago counts no more.
    package var shortestRTT: Duration? {
        guard rtt.firstSampleAt != nil else { return nil }
        return .nanoseconds(max(rtt.minimum, rtt.smoothed - 4 * rtt.variation))
    }

    /// Probe timeouts since the peer last acknowledged something new. Their interval is capped
    /// (``Limits/maxProbeInterval``), so that this is no measure of time.
    package var ptoCount: Int { lossDetection.ptoCount }

    /// Probe timeouts, ever.
    package var probeTimeouts: UInt64 { counters.probeTimeouts }

    /// Whether the peer still has something to acknowledge, sent or not.
    package var hasUnacknowledged: Bool {
        !sent.isEmpty || !control.isEmpty || sendStreams.values.contains { $0.isUnacknowledged }
    }

    /// Packets that the peer acknowledged, ever.
    package var packetsAcknowledged: UInt64 { counters.packetsAcknowledged }

    package var statistics: TransportStatistics {
        var statistics = counters
        statistics.congestionWindow = congestion.window
        statistics.minRTT = rtt.firstSampleAt == nil ? nil : .nanoseconds(rtt.minimum)
        return statistics
    }

    // MARK: Application

    /// Appends bytes to a stream, and ends it if `fin`. They are kept until the peer has acknowledged them; on a stream
    /// that has ended nothing is written any more.
    package mutating func write(_ bytes: [UInt8], to stream: UInt64, fin: Bool = false) {
        guard !bytes.isEmpty || fin, !closedSendStreams.contains(stream) else { return }
        let index = sendStreams.index(forKey: stream) ?? sendStreams.insert(SendStream(), forKey: stream)
        guard sendStreams.values[index].write(bytes, fin: fin) else { return }
        schedule(stream)
    }

    /// The bytes that were written and not yet put in a packet for the first time.
    package func unsentBytes(on stream: UInt64) -> Int {
        sendStreams.index(forKey: stream).map { sendStreams.values[$0].unsent } ?? 0
    }

    /// Gives up a stream of ours: what was not delivered will not be.
    package mutating func reset(_ stream: UInt64, errorCode: UInt64) {
        guard !closedSendStreams.contains(stream) else { return }
        let index = sendStreams.index(forKey: stream) ?? sendStreams.insert(SendStream(), forKey: stream)
        if case .reset = sendStreams.values[index].phase { return }
        if StreamID.isFile(stream) { heldOfFiles -= sendStreams.values[index].held }
        sendStreams.values[index].reset(errorCode: errorCode)
        queueOnce(.resetStream(id: stream))
    }

    /// Asks the peer to give up a stream of its; what is unread or arrives later is dropped. Nothing is asked where
    /// everything has arrived.
    package mutating func stopSending(_ stream: UInt64, errorCode: UInt64) {
        if !isDone(stream) { queueStop(of: stream, errorCode) }
        drop(stream)
    }

    /// The same, and the peer is told even where everything has arrived: it waits for an answer to the stream.
    package mutating func refuse(_ stream: UInt64, errorCode: UInt64) {
        queueStop(of: stream, errorCode)
        drop(stream)
    }

    /// Whether every byte of a stream of the peer's has arrived, or it was given up.
    private func isDone(_ stream: UInt64) -> Bool {
        guard let index = receiveStreams.index(forKey: stream) else { return closedReceiveStreams.contains(stream) }
        return receiveStreams.values[index].isComplete || receiveStreams.values[index].isDiscarding
    }

    /// Whether one more stream of the peer's may be remembered, or that one is not wanted.
    var hasRoomForStreams: Bool { receiveStreams.count + stopCodes.count < Limits.maxHeldStreams }

    private mutating func queueStop(of stream: UInt64, _ errorCode: UInt64) {
        // Who opens so many and acknowledges nothing is told no more.
        guard stopCodes[stream] == nil, hasRoomForStreams else { return }
        stopCodes[stream] = errorCode
        queueOnce(.stopSending(id: stream))
    }

    /// What is unread of a stream, or arrives later, counts for nothing.
    private mutating func drop(_ stream: UInt64) {
        let known = receiveStreams.index(forKey: stream)
        guard known != nil || !closedReceiveStreams.contains(stream) && hasRoomForStreams else { return }
        let index = known ?? receiveStreams.insert(makeReceiveStream(stream), forKey: stream)
        let wasComplete = receiveStreams.values[index].isComplete
        let unread = receiveStreams.values[index].unread
        receiveStreams.values[index].stop()
        returnCredit(unread - receiveStreams.values[index].unread, of: stream)
        if receiveStreams.values[index].isHeard { settle(stream, at: index, wasComplete: wasComplete) }
    }

    /// Takes up to `limit` bytes that have arrived in order, which gives the peer credit for as many.
    package mutating func read(_ stream: UInt64, upTo limit: Int = .max) -> [UInt8] {
        read(stream) { $0.read(upTo: limit) }
    }

    /// The same of what lies in one piece of memory, which needs no copy: there may be more.
    mutating func readPiece(_ stream: UInt64, upTo limit: Int = .max) -> [UInt8] {
        read(stream) { $0.readPiece(upTo: limit) }
    }

    private mutating func read(_ stream: UInt64, by take: (inout ReceiveStream) -> [UInt8]) -> [UInt8] {
        guard let index = receiveStreams.index(forKey: stream) else { return [] }
        receiveStreams.values[index].isReadableTold = false
        let bytes = take(&receiveStreams.values[index])
        guard !bytes.isEmpty else { return [] }
        returnCredit(UInt64(bytes.count), of: stream)
        queueCredit(of: stream, at: index)
        if receiveStreams.values[index].isFinished { close(receiving: stream) }
        return bytes
    }

    /// Takes back the memory of what ``readPiece(_:upTo:)`` gave, so that a flow of a steady rate takes none anew.
    package mutating func reuse(_ memory: [UInt8]) {
        guard spares.count < Self.maxSpares, Self.spareSizes.contains(memory.capacity) else { return }
        spares.append(memory)
    }

    /// Pieces that are being written while as many arrive; none is kept while the session is silent.
    private static let maxSpares = 32
    /// Bytes: what is handed on at once is no more than this, and smaller memory grows with it and comes back larger.
    private static let spareSizes = 4096...256 * 1024

    /// Whether a stream of the peer's was read to its end, or given up.
    package func isOver(receiving stream: UInt64) -> Bool {
        closedReceiveStreams.contains(stream)
    }

    /// Streams that the peer gave up, of which ``nextEvent()`` has not told yet.
    var resets: Set<UInt64> {
        Set(
            (0..<events.count).compactMap { position in
                if case .reset(let id, _) = events[position] { id } else { nil }
            })
    }

    package mutating func nextEvent() -> TransportEvent? {
        bytesReadable = 0
        return events.popFirst()
    }

    // MARK: Connection

    /// A number for a packet that the connection builds itself, such as a path probe; nothing in it is repeated.
    package mutating func takePacketNumber() -> UInt64 {
        let number = space.take()
        if foreign.count == Self.foreignRemembered { foreign.removeFirst() }
        foreign.append(number)
        return number
    }

    private static let foreignRemembered = 32

    /// Queues a PING, which the peer acknowledges.
    package mutating func ping() {
        isPingQueued = true
    }

    /// RFC 9002 §6.2.2: the delay between a PATH_CHALLENGE and its PATH_RESPONSE may "set the initial RTT for a new path";
    /// it does not count as a sample.
    package mutating func assumeRTT(_ initial: Duration) {
        if rtt.firstSampleAt == nil { rtt = RTTEstimator(initial: initial) }
    }

    /// What is known of the path; nil while its rate was not found.
    var pathModel: PathModel? { congestion.model }

    /// The path is the one of an earlier session, which has just begun again.
    mutating func resumePath(_ model: PathModel) {
        congestion.resume(model)
    }

    /// The session goes over another path from now on: nothing is known about it but perhaps its round-trip time, and what
    /// ``use(_:)`` tells next.
    /// RFC 9000 §9.4: "Packets sent on the old path MUST NOT contribute to congestion control or RTT estimation".
    package mutating func resetPath(initialRTT: Duration?, at now: Instant) {
        rtt = RTTEstimator(initial: initialRTT ?? Limits.initialRTT)
        mtu = PathMTU()
        ecn.resetPath()
        congestion = Congestion(maxDatagramSize: mtu.size)
        followSize()
        deliveryRate = DeliveryRate(at: now)
        pacer = Pacer(at: now)
        lossDetection.resetPath(at: now)
        pathStart = space.next
        bytesInFlight = 0
        probes = 0
        isAppLimited = true
    }
}

/// Counts since the session began, and what its path is like now.
package struct TransportStatistics: Equatable, Sendable {
    package internal(set) var packetsSent: UInt64 = 0
    /// Payload bytes of these.
    package internal(set) var bytesSent: UInt64 = 0
    package internal(set) var packetsAcknowledged: UInt64 = 0
    package internal(set) var packetsLost: UInt64 = 0
    /// Lost packets that arrived after all.
    package internal(set) var spuriousLosses: UInt64 = 0
    package internal(set) var probeTimeouts: UInt64 = 0
    package internal(set) var persistentCongestions: UInt64 = 0
    /// Packets that tried whether the path carries more.
    package internal(set) var mtuProbes: UInt64 = 0
    /// ACKs that told of a full queue by ECN.
    package internal(set) var congestionMarks: UInt64 = 0
    /// Stream bytes that were sent more than once.
    package internal(set) var bytesRetransmitted: UInt64 = 0
    package internal(set) var congestionWindow = 0
    package internal(set) var minRTT: Duration?
}
