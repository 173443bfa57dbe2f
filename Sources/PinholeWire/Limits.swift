/// Every number of the protocol, under the sentence that it comes from: here those of packets and keys, in extensions those
/// of the transport, of paths, of NATs, and of what people send.
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
    /// An introduction that comes again is not answered again sooner. A caller repeats its own after 375 ms or more.
    package static let answerInterval: Duration = .milliseconds(200)
    /// "at most once in 3 s per contact": honest peers ask once in 10 s.
    package static let echoInterval: Duration = .seconds(3)
    /// "at most 32 early packets wait".
    package static let maxEarlyPackets = 32
    /// "keep at most two live peer HELLOs".
    package static let maxPeerHellos = 2
    /// "cookie under load (> 50/s, or > 20/s per /32 or /64)".
    package static let hellosPerSecond = 50
    package static let hellosPerSecondPerSource = 20
    /// Keys that HELLOs are tried with in a second, without a cookie and with one: some 2 and 10 % of a core.
    package static let trialsPerSecond = 50_000
    package static let provenTrialsPerSecond = 200_000

    // MARK: Session (protocol §3)

    /// byte 0 ‖ dcid ‖ packet number ‖ tag.
    package static let dataOverhead = 1 + 8 + 4 + 16
    /// RFC 9000 §12.3: "The packet number is an integer in the range 0 to 2^62-1".
    package static let packetNumberEnd: UInt64 = 1 << 62
    /// RFC 6479 window, in packets.
    package static let replayWindow = 8192
    /// What packets are padded to at the least, in bytes of plaintext: but for a lone PING and its answer.
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
}
