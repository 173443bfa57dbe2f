/// Every number of the protocol, under the sentence that it comes from.
package enum Limits {
    // MARK: Datagrams

    /// RFC 9000 §14: "A QUIC path … can support … a maximum datagram size of at least 1200 bytes."
    package static let maxDatagramSize = 1200

    // MARK: Handshake (protocol §2)

    package static let version: UInt8 = 1
    package static let helloSize = 256
    package static let helloPlaintextSize = 174
    package static let handshakeSize = 256
    package static let pathProbeSize = 64
    package static let cookieDatagramSize = 65
    /// "Retransmission 0, 100, 200, 400 … ms, cap 2 s, ±25 %".
    package static let handshakeFirstRetransmit: Duration = .milliseconds(100)
    package static let handshakeMaxRetransmit: Duration = .milliseconds(2000)
    /// "give up after 10 s": who called an address that a person gave waits no longer than who punched.
    package static let punchTimeout: Duration = .milliseconds(10_000)
    /// "An E lives ≤ 60 s".
    package static let attemptLifetime: Duration = .milliseconds(60_000)
    /// An introduction that comes again is not answered again sooner. A caller repeats its own after 400 ms or more.
    package static let answerInterval: Duration = .milliseconds(200)
    /// "at most 32 early packets wait".
    package static let maxEarlyPackets = 32
    /// "keep at most two live peer HELLOs".
    package static let maxPeerHellos = 2
    /// "cookie under load (> 50/s, or > 20/s per /32 or /64)".
    package static let hellosPerSecond = 50
    package static let hellosPerSecondPerSource = 20

    // MARK: Session (protocol §3)

    /// byte 0 ‖ dcid ‖ packet number ‖ tag.
    package static let dataOverhead = 1 + 8 + 4 + 16
    /// RFC 9000 §12.3: "The packet number is an integer in the range 0 to 2^62-1".
    package static let packetNumberEnd: UInt64 = 1 << 62
    /// RFC 6479 window, in packets.
    package static let replayWindow = 8192
    /// "pure ACK and keep-alive [padded] to 64" bytes of plaintext.
    package static let minPlaintext = 64

    // MARK: Rekeying (protocol §3.10)

    /// "after 120 s with traffic, 2^24 packets or 16 GiB".
    package static let epochLifetime: Duration = .milliseconds(120_000)
    package static let epochPackets: UInt64 = 1 << 24
    package static let epochBytes: UInt64 = 16 << 30
    /// Forgeries after which new keys are asked for: "failed decryptions: rekey at 2^20, close at 2^36".
    package static let epochFailures: UInt64 = 1 << 20
    /// RFC 9001 §6.6: "For AEAD_CHACHA20_POLY1305, the integrity limit is 2^36 invalid packets", counted over all keys.
    package static let maxFailures: UInt64 = 1 << 36
    /// Hard stop of one epoch. RFC 9001 §6.6: "the confidentiality limit is greater than the number of possible packets".
    package static let maxPacketsPerEpoch: UInt64 = 1 << 31
    /// A peer that asks for new keys more often waits: each rekey costs an X25519, a signature and a verification.
    package static let minEpochLifetime: Duration = .milliseconds(1000)
    /// Longer than ``sessionPatience``, which ends a session whose peer is merely silent.
    package static let rekeyPatience: Duration = .milliseconds(120_000)

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
    package static let creditPatience: Duration = .milliseconds(4)
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
    package static let maxAckDelay: Duration = .milliseconds(25)
    /// RFC 9002 §6.2.2: "the initial RTT SHOULD be set to 333 milliseconds".
    package static let initialRTT: Duration = .milliseconds(333)
    /// RFC 9002 §5.2 leaves open for how long the shortest round trip counts.
    package static let minimumRTTLifetime: Duration = .milliseconds(60_000)
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
    package static let granularity: Duration = .milliseconds(1)
    /// RFC 9002 §6.2.4: "An endpoint MAY send up to two full-sized datagrams containing ack-eliciting packets".
    package static let probesPerTimeout = 2
    /// Doublings of the probe timeout.
    package static let maxProbeBackoff = 6
    /// Two probes a second burden no path, and one that works for two seconds in seven must be found while it does.
    package static let maxProbeInterval: Duration = .milliseconds(1000)
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
    package static let pacingBurst: Duration = .milliseconds(2)
    /// Packets are not waited for one by one when several would follow within this time.
    package static let pacingQuantum: Duration = .microseconds(500)

    // MARK: Traversal

    /// "0, 33, 66, 133 … ms doubling, cap 2 s, at most 9 a round".
    package static let probeFirstInterval: Duration = .milliseconds(33)
    package static let probeMaxInterval: Duration = .milliseconds(2000)
    package static let probesPerRound = 9
    /// RFC 8445 §14.2 allows a Ta of 5 ms.
    package static let candidatePacing: Duration = .milliseconds(5)
    package static let maxCandidates = 16
    /// "An address that only a service named is probed three times": what it opens in the own NAT lasts longer.
    package static let unconfirmedProbes = 3
    /// "and there are at most four of them": one service's PEER holds as many.
    package static let maxUnconfirmed = 4
    package static let maxObserved = 4

    // MARK: Paths (protocol §3.8)

    /// "2.5 s after a mapping is made": Linux then keeps it 120 s instead of 30 s.
    package static let firstKeepAlive: Duration = .milliseconds(2500)
    /// "less than 20 s before": the shortest life of a mapping that is common is 30 s.
    package static let mappingFreshness: Duration = .milliseconds(20_000)
    /// Linux promotes a mapping by a packet that passes it two seconds after its first.
    package static let promotionAge: Duration = .milliseconds(2200)
    /// How much longer Hi waits than Lo, so that one of them pings.
    package static let keepAliveSlack: Duration = .milliseconds(500)
    /// "20–25 s jittered", where nothing is known of the NAT.
    package static let keepAlive: Duration = .milliseconds(20_000)
    package static let keepAliveJitter: Duration = .milliseconds(5000)
    /// "0.75 × a lifetime measured …, at most 240 s".
    package static let maxKeepAlive: Duration = .milliseconds(240_000)
    package static let minKeepAlive: Duration = .milliseconds(1000)
    /// After a mapping was lost too soon: so many silences that the next ones survived, before they may be twice as long.
    package static let keepAlivesToStretch = 4
    /// "A silent NAT flush recovered ≤ 3 s": while people talk neither side is silent for longer than two.
    package static let talkingKeepAlive: Duration = .milliseconds(2000)
    package static let talkingSlack: Duration = .milliseconds(300)
    /// People talk for so long after a message or file last moved.
    package static let talkTime: Duration = .milliseconds(30_000)
    /// "LAN > IPv6 > IPv4 at ±5 ms": what a better kind of path may be slower, and what makes a path of one kind better.
    package static let pathHysteresis: Duration = .milliseconds(5)
    /// "Better paths re-tried each 60 s unless ≤ 5 ms", while people talk.
    package static let reviewInterval: Duration = .milliseconds(60_000)
    package static let goodEnoughRTT: Duration = .milliseconds(5)
    /// After Lo moved by choice the peer's packets still come by the old path for a while.
    package static let choiceGrace: Duration = .milliseconds(1000)
    /// "The first two challenges of a packet are answered", in HS as in DATA.
    package static let challengesPerPacket = 2
    /// Unanswered challenges of a full datagram after which a path counts as narrow, if it carries smaller ones.
    package static let capacityProbes = 3
    /// RFC 791: every host accepts 576 bytes; without the longest IP header and that of UDP these are left.
    package static let narrowDatagramSize = 508
    /// UDP payload: four of these fill a run of UDP_SEGMENT, whose datagrams have 65,507 bytes together at most.
    package static let largestDatagramSize = 65_507 / 4
    /// RFC 8899 §5.1.2: "The default value of MAX_PROBES is 3."
    package static let maxMTUProbes = 3
    /// RFC 8899 §5.1.1, of PMTU_RAISE_TIMER: "This timer has a period of 600 seconds".
    package static let mtuRaiseInterval: Duration = .milliseconds(600_000)
    /// Large datagrams lost in a row, while small ones arrive, after which the path carries no such any more.
    package static let blackHoleLosses = 3
    /// "Two missed probes": two probe timeouts, but not a mere pause of the network.
    package static let missedProbes = 2
    package static let minSilence: Duration = .milliseconds(800)
    /// A session whose packets went unanswered for so long is over.
    package static let sessionPatience: Duration = .milliseconds(60_000)

    // MARK: NAT behaviour (protocol §4.9)

    /// RFC 8489 §6.2.1: "A client SHOULD retransmit a STUN request message starting with an interval of RTO"; three
    /// times 250 ms without growth, since a measurement is waited for.
    package static let measurementRetry: Duration = .milliseconds(250)
    package static let measurementAttempts = 3
    /// "at most every 10 s": what a service alone says is no reason for one measurement after another.
    package static let measurementInterval: Duration = .milliseconds(10_000)
    /// "not within a minute": a service that showed nothing may have been cut off for a moment.
    package static let blindMeasurementInterval: Duration = .milliseconds(60_000)
    /// "k ≥ 4": the sockets beside the main one whose mappings show how ports are given away.
    package static let samplingSockets = 4
    /// Mappings of one peer are made this far apart, so that they are numbered in the order of their requests.
    package static let samplingPacing: Duration = .milliseconds(5)
    /// RFC 7422 §2: carriers give subscribers blocks of ports; "≤ 1024" is what can be searched.
    package static let maxPortBlock: UInt16 = 1024
    /// "sacrificial sockets of different ages: 25, 55, 110, 170, 290 s".
    package static let mappingAges: [Duration] = [25, 55, 110, 170, 290].map { .seconds($0) }
    /// Whoever is gone sooner has not needed to know.
    package static let lifetimeTestDelay: Duration = .seconds(10)
    /// After this a lifetime is measured again.
    package static let lifetimeValidity: Duration = .seconds(86_400)

    // MARK: Local network (protocol §6)

    package static let beaconPort: UInt16 = 41410
    /// "n is 8, 16, 32, 64 or 128".
    package static let beaconEntries = 128
    /// Contacts that one round of beacons is for; the others have the next.
    package static let beaconContacts = 8 * (beaconEntries - 1)
    /// "0, 1, 3, 7 … s after the network changed, and each 60 s, ±25 %".
    package static let beaconFirstInterval: Duration = .milliseconds(1000)
    package static let beaconMaxInterval: Duration = .milliseconds(60_000)
    /// Two and a half intervals without a beacon: the neighbour is gone.
    package static let neighbourLifetime: Duration = .milliseconds(150_000)
    /// Seconds; a recorded beacon can be repeated no longer than two of these.
    package static let beaconEpoch: UInt64 = 3600
    /// Each is compared with all contacts: "at most 32 a second, 8 of one address".
    package static let beaconsPerSecond = 32
    package static let beaconsPerSecondPerSource = 8

    // MARK: Port mapping (protocol §5.5)

    /// "asked after 0, 250, 750 and 1750 ms, and judged 2 s later".
    package static let mappingFirstInterval: Duration = .milliseconds(250)
    package static let mappingAttempts = 4
    /// "again every 10 minutes".
    package static let mappingRecheck: Duration = .milliseconds(600_000)
    /// "30 s later where the service was silent too".
    package static let mappingPatience: Duration = .milliseconds(30_000)
    /// RFC 6887 §19.1 and RFC 6886 §1.1: the port of a gateway that maps.
    package static let gatewayPort: UInt16 = 5351
    /// RFC 6886 §3.3: "The RECOMMENDED Port Mapping Lifetime is 7200 seconds (two hours)." In seconds.
    package static let mappingLifetime: UInt32 = 7200
    /// "the first answer within 250 ms; the others may answer for 2 s".
    package static let gatewayFirstAnswer: Duration = .milliseconds(250)
    package static let gatewayPatience: Duration = .milliseconds(2000)
    /// RFC 6886 §3.1: "starting at 250 ms and doubling". A gateway is on the same network: three packets suffice.
    package static let gatewayAttempts = 3
    /// Leases that are shorter are no leases, in seconds.
    package static let minMappingLease: UInt32 = 30
    /// RFC 6887 §15: "should not exceed 24 hours", in seconds.
    package static let maxMappingLease: UInt32 = 86_400
    /// RFC 6887 §8.5 has clients wait "between 0 and 5 seconds" after a gateway began anew; no second one counts within.
    package static let gatewayResetPause: Duration = .milliseconds(5000)
    /// A network without a gateway that maps is asked again after this.
    package static let gatewayRest: Duration = .milliseconds(900_000)

    // MARK: Punching through hard NATs (protocol §5.6)

    /// "balanced birthday: 512 × 512": sockets on the side whose port is random, and on the other half the ports that it
    /// tries at most. 512 × 512 meet in 98.3 of 100 cases; then 512 new sockets take the place of the first.
    package static let birthdaySockets = 512
    package static let birthdayProbes = 1024
    /// A NAT that counts is aimed at with so many sockets, over so many of its next ports.
    package static let predictedSockets = 16
    package static let predictedProbes = 64
    /// Of two NATs that count, each packet moves both; so many packets find the sum of their drifts.
    package static let predictedSweep = 128
    /// Two such windows; then the counter is not what it seemed.
    package static let predictions = 2
    /// And so many sweeps, where both count.
    package static let predictedSweeps = 5
    /// In a block of 1024 these meet in more than 99.99 of 100 cases.
    package static let blockSockets = 128
    package static let blockProbes = 384
    /// Two NATs with blocks of 1024: 63 of 100 cases.
    package static let blockSweep = 1024
    /// What is narrower is no block that carriers give: 64 ports are the least of RFC 7422's examples, of which samples
    /// show a part.
    package static let narrowestBlock = 16
    /// "200–300/s".
    package static let punchInterval: Duration = .milliseconds(4)
    /// "At most 1,100 NAT entries a side and attempt", of which the candidates may need some.
    package static let punchEntries = 1100 - 2 * maxCandidates
    /// "one such punch at a time, 20 s apart".
    package static let punchSpacing: Duration = .milliseconds(20_000)

    // MARK: Signaling (protocol §4)

    package static let maxBlob = 1024
    package static let tagSize = 16
    /// A REGISTER is padded to this, so that no answer to it is larger.
    package static let registerSize = 256
    package static let signalingDatagramSize = 1200
    package static let maxTagsPerMessage = 56
    package static let maxTagsPerRegistration = 2048
    package static let registrationLifetime: Duration = .milliseconds(90_000)
    /// How long what an older registration sends does not take a seat from a newer one.
    package static let seatGrace: Duration = .milliseconds(10_000)
    /// Seconds; tags change at the service's midnight, UTC.
    package static let dayLength: UInt64 = 86_400

    // MARK: Files

    /// Transfers to one contact whose bytes are in memory at once.
    package static let maxActiveFiles = 16
    /// "groups of 256 KiB": what is verified, and told to be held, at a time.
    package static let fileGroup = 256 * 1024
    /// Bytes that came of one of a contact's transfers and are not written yet: so much waits for a slow disk, then the
    /// peer does …
    package static let maxUnwritten = 4 << 20
    /// … and of all of them; each has at most half of what the others leave.
    package static let maxUnwrittenTogether = 32 << 20
    /// "at most 64 MiB of manifest, for 2^20 entries".
    package static let maxManifest = 64 << 20
    package static let maxManifestEntries = 1 << 20
    package static let maxFolderDepth = 64
    /// Linux' PATH_MAX.
    package static let maxFilePath = 4096

    // MARK: Chat

    package static let maxMessageBody = 64 * 1024
    /// Epochs of a contact that are remembered in memory; those on disk are many more (protocol §3.6).
    package static let epochsRemembered = 16
    /// "at most every 3 s while somebody types": it is repeated, as its meaning ends by itself …
    package static let typingInterval: Duration = .milliseconds(3000)
    /// … after this.
    package static let typingLifetime: Duration = .milliseconds(6000)
    /// A contact that says more often that it types is believed once in this time.
    package static let typingPause: Duration = .milliseconds(500)

    // MARK: Two nodes with one identity (protocol §4.11)

    /// "700 ms apart, three times", after APPEARED; then once in so long.
    package static let twinRetry: Duration = .milliseconds(700)
    package static let twinAttempts = 3
    package static let twinInterval: Duration = .seconds(300)
    /// While it lasts it is told again after this.
    package static let twinReminder: Duration = .seconds(600)
    /// What is heard of several ways within this time is told once.
    package static let twinPause: Duration = .seconds(10)
    package static let maxFileName = 255

    // MARK: Invites

    /// Bytes of UTF-8.
    package static let maxInviteName = 128
    package static let maxInvitePlaces = 4
    package static let maxInviteRecord = 2048
}
