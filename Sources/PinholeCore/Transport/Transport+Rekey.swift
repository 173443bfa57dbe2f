package import PinholeWire

/// The frames of a rekey, which are repeated like any others; what they say is the connection's business.
extension Transport {
    /// Sends REKEY or REAUTH until it arrives, or ``endRekey()``.
    package mutating func send(rekey frame: Frame) {
        guard let queued = rekeyFrames.hold(frame) else { return }
        control.append(queued)
    }

    /// The rekey is over: what did not arrive is needed no more.
    package mutating func endRekey() {
        rekeyFrames = RekeyFrames()
    }

    /// RFC 9002 §6.2.1, without backoff.
    package var probeTimeout: Duration { .nanoseconds(rtt.probeTimeout) }
}

/// REKEY and REAUTH of one epoch, each until it arrived.
struct RekeyFrames: Sendable {
    private var rekey: (epoch: UInt32, key: [UInt8])?
    private var reauth: (epoch: UInt32, signature: [UInt8])?

    /// Keeps a frame of a rekey; `nil` for any other.
    mutating func hold(_ frame: Frame) -> SentFrame? {
        switch frame {
        case .rekey(let epoch, let key):
            rekey = (epoch, key)
            return .rekey(epoch: epoch)
        case .reauth(let epoch, let signature):
            reauth = (epoch, signature)
            return .reauth(epoch: epoch)
        case .padding, .ping, .ack, .resetStream, .stopSending, .stream, .maxData, .maxStreamData, .ackFrequency,
            .pathChallenge, .pathResponse, .close, .auth, .candidates, .observedAddress:
            return nil
        }
    }

    /// The frame that a packet carried, if it is still to arrive.
    subscript(sent: SentFrame) -> Frame? {
        switch sent {
        case .rekey(let epoch):
            guard let rekey, rekey.epoch == epoch else { return nil }
            return .rekey(epoch: epoch, key: rekey.key)
        case .reauth(let epoch):
            guard let reauth, reauth.epoch == epoch else { return nil }
            return .reauth(epoch: epoch, signature: reauth.signature)
        case .stream, .resetStream, .stopSending, .maxData, .maxStreamData, .ackFrequency:
            return nil
        }
    }

    mutating func rekeyArrived(_ epoch: UInt32) {
        if rekey?.epoch == epoch { rekey = nil }
    }

    /// False if it was not waited for.
    mutating func reauthArrived(_ epoch: UInt32) -> Bool {
        guard reauth?.epoch == epoch else { return false }
        reauth = nil
        return true
    }
}

extension SentFrame {
    /// The most bytes that the frame takes, STREAM excepted: type and up to three numbers, or what a rekey says.
    var maxSize: Int {
        switch self {
        case .stream, .resetStream, .stopSending, .maxData, .maxStreamData, .ackFrequency: 25
        case .rekey: 1 + 4 + 32
        case .reauth: 1 + 4 + 64
        }
    }
}
