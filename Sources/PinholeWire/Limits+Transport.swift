/// Streams, acknowledgements and recovery. The durations that each packet needs are computed: a stored one would be asked
/// each time whether it is there yet.
extension Limits {
    // MARK: Streams (protocol §3)

    /// The credit that each stream begins with: "stream 512 KiB".
    package static let maxStreamData: UInt64 = 512 * 1024
    /// What a file's credit may grow to when its reader keeps up: half of what all may have. 1 Gbit/s over 100 ms has
    /// 12.5 MB on its way, as much in its queue, and as much behind a loss.
    package static let maxStreamWindow: UInt64 = 32 * 1024 * 1024
    /// The credit that all files together begin with.
    package static let maxConnectionData: UInt64 = 4 * 1024 * 1024
    /// The most that all files together may hold unread, and with it the memory that a session's peer can fill.
    package static let maxConnectionWindow: UInt64 = 64 * 1024 * 1024
    /// A credit of which a quarter is used up within this time is too small even on a short path: reader and network
    /// take turns on a processor.
    @inlinable package static var creditPatience: Duration { .milliseconds(4) }
    /// Gaps in one stream. When a fifth of the datagrams of the largest window is lost there are 5,700.
    package static let maxStreamGaps = 8192
    /// Streams of one side that have begun and have not arrived whole.
    package static let maxStreams = 256
    /// Streams of the peer that are kept, those included that arrived whole and are not read.
    package static let maxHeldStreams = 4096
    /// Streams of bytes that one peer has opened and that are not over.
    package static let maxByteStreams = 64
    /// Bytes of such a stream's name. Its head has a length of one byte.
    package static let maxStreamName = 64
    /// Stretches of stream ids that are over; one, if the peer counts upwards and leaves none out.
    package static let maxClosedStreamRanges = 4096
    /// Files that are offered and not answered at once. Their offers, of at most 400 bytes each, fit into the first credit of
    /// their stream, so that they never keep two sides from reading each other.
    package static let maxOpenOffers = 512
    /// With more than this unsent of its answers, a side reads no more of what calls for answers.
    package static let maxUntakenAnswers = 64 * 1024
    /// With less than this unsent a stream asks for more.
    package static let sendLowWater = 256 * 1024
    /// "files ≥ 5 %": one byte of them for 19 others.
    package static let urgentBytesPerFileByte = 19
    /// The most of their share that files can fall behind, in bytes.
    package static let maxFileDebt = 64 * 1024

    // MARK: Acknowledgement and recovery

    package static let maxAckRanges = 32
    /// So many ranges cost less than to ask the peer which of them it knows.
    package static let fewAckRanges = 8
    /// A round trip of so long, and far longer than those before, is that of a machine that slept.
    package static let longestRTT: Duration = .milliseconds(10_000)
    /// One packet number in so many is left out, at first; then in twice as many each time.
    package static let firstSkipPeriod: UInt64 = 256
    package static let maxSkipPeriod: UInt64 = 128 * 1024
    package static let skipsRemembered = 8
    /// RFC 9000 §13.2.2: "A receiver SHOULD send an ACK frame after receiving at least two ack-eliciting packets."
    package static let ackElicitingThreshold = 2
    /// Of a window of so many packets and more not every second one is acknowledged, but an eighth of it …
    package static let sparseAckWindow = 64
    /// … up to ten, and a 64th of it where that is more, up to so many: the most that one system call takes.
    package static let sparseAckPackets = 10
    package static let maxAckPackets = 64
    /// What a peer may ask for; it slows down nobody but itself.
    package static let maxAckThreshold: UInt64 = 256
    /// RFC 9002 §6.2: the delay that a receiver may add to an acknowledgement.
    @inlinable package static var maxAckDelay: Duration { .milliseconds(25) }
    /// RFC 9002 §6.2.2: "the initial RTT SHOULD be set to 333 milliseconds".
    package static let initialRTT: Duration = .milliseconds(333)
    /// RFC 9002 §5.2 leaves open for how long the shortest round trip counts.
    @inlinable package static var minimumRTTLifetime: Duration { .milliseconds(60_000) }
    /// RFC 9002 §6.1.1: "The RECOMMENDED initial value for the packet reordering threshold (kPacketThreshold) is 3".
    package static let packetThreshold: UInt64 = 3
    /// How far it adapts on a path that reorders: beyond any window, for the time threshold is enough.
    package static let maxPacketThreshold: UInt64 = 1 << 16
    /// RFC 9002 §6.1.2: "The RECOMMENDED time threshold (kTimeThreshold) … is 9/8."
    package static let timeThresholdNumerator = 9
    package static let timeThresholdDenominator = 8
    /// How far it adapts on a path that reorders: two round trips.
    package static let maxTimeThresholdNumerator = 16
    /// RFC 9002 §6.1.2: "The RECOMMENDED value of the timer granularity (kGranularity) is 1 millisecond."
    @inlinable package static var granularity: Duration { .milliseconds(1) }
    /// RFC 9002 §6.2.4: "An endpoint MAY send up to two full-sized datagrams containing ack-eliciting packets".
    package static let probesPerTimeout = 2
    /// Doublings of the probe timeout.
    package static let maxProbeBackoff = 6
    /// Two probes a second burden no path, and one that works for two seconds in seven must be found while it does.
    @inlinable package static var maxProbeInterval: Duration { .milliseconds(1000) }
    /// RFC 9002 §7.6.1: "The RECOMMENDED value for kPersistentCongestionThreshold is 3".
    package static let persistentCongestionThreshold = 3
    /// Packets given up that are remembered, in case they arrive after all.
    package static let maxLostPackets = 1024
    /// RFC 9002 §7.2: "an initial congestion window of ten times the maximum datagram size …, while limiting the window
    /// to the larger of 14,720 bytes or twice the maximum datagram size".
    package static func initialWindow(_ maxDatagramSize: Int) -> Int {
        min(10 * maxDatagramSize, max(14_720, 2 * maxDatagramSize))
    }
    /// RFC 9002 §7.2, of the minimum congestion window: "The RECOMMENDED value is 2 * max_datagram_size."
    package static let minWindowPackets = 2
    /// RFC 9002 §7.7: "Senders SHOULD limit bursts to the initial congestion window".
    package static let pacingBurstPackets = 10
    /// Where that is less, a burst may last as long as this.
    @inlinable package static var pacingBurst: Duration { .milliseconds(2) }
    /// Packets are not waited for one by one when several would follow within this time.
    @inlinable package static var pacingQuantum: Duration { .microseconds(500) }
}
