internal import PinholeCrypto
internal import PinholeWire

// New keys for the session: what ``Epochs`` decides is sent, and what it refuses ends the session.

extension Connection {
    /// When the keys need something.
    var rekeyDue: Instant? {
        guard let session, session.isConfirmed else { return nil }
        return session.keys.nextTimeout(
            lastData: session.lastApplicationData, probeTimeout: session.transport.probeTimeout)
    }

    func continueRekey(at now: Instant) {
        guard let session, session.isConfirmed else { return }
        do {
            let step = try session.keys.handleTimeout(
                lastData: session.lastApplicationData, probeTimeout: session.transport.probeTimeout, at: now)
            switch step {
            case .none: break
            case .send(let frames): send(rekey: frames)
            case .overdue:
                let sentence = "the contact did not take new keys in time"
                close(.protocolViolation(sentence), code: CloseCode.protocolViolation, at: now)
            }
        } catch {
            close(.protocolViolation(error.sentence), code: CloseCode.protocolViolation, at: now)
        }
    }

    func receiveRekey(_ epoch: UInt32, key: [UInt8], at now: Instant) throws(SessionError) {
        guard let keys = session?.keys, let probeTimeout = session?.transport.probeTimeout else { return }
        do {
            send(rekey: try keys.receive(rekey: epoch, key: key, probeTimeout: probeTimeout, at: now))
        } catch {
            throw .rekey(error)
        }
    }

    func receiveReauth(_ epoch: UInt32, signature: [UInt8], at now: Instant) throws(SessionError) {
        guard let keys = session?.keys else { return }
        let before = keys.number
        do { try keys.receive(reauth: epoch, signature: signature, at: now) } catch { throw .rekey(error) }
        if keys.number != before { didRekey(isPeerAhead: false) }
    }

    /// The peer has our REAUTH.
    func reauthArrived(_ epoch: UInt32, at now: Instant) {
        guard let keys = session?.keys else { return }
        let before = keys.number
        keys.didProve(epoch, at: now)
        if keys.number != before { didRekey(isPeerAhead: false) }
    }

    /// The next epoch is the present one. A peer that does not know it yet is to see it: only then both wipe the old keys.
    func didRekey(isPeerAhead: Bool) {
        session?.transport.endRekey()
        if !isPeerAhead { session?.transport.ping() }
    }

    /// The session ends before its keys are worth an attack.
    func closeIfUsedUp(at now: Instant) {
        guard session?.keys.areUsedUp ?? false else { return }
        close(.keysUsedUp, code: CloseCode.done, at: now)
    }

    private func send(rekey frames: [Frame]) {
        for frame in frames { session?.transport.send(rekey: frame) }
    }
}
