package import PinholeCrypto
package import PinholeWire

// Sessions under an invite's key: the invited one says who he really is, the inviter what comes of it. Nothing else is
// said in them, neither messages nor files.

/// What a connection is for.
package enum ConnectionPurpose: Sendable {
    /// Two people who know each other talk.
    case contact
    /// The peer's key is that of an invite of ours: whoever has it may introduce himself.
    case inviter
    /// The peer invited us, whom it does not know yet: `guest` is the invite's identity, `own` ours.
    case invited(guest: IdentitySecret, own: IdentitySecret, InviteIntroduction)
}

extension Connection {
    /// A session under an invite's key began: the invited one speaks first.
    func beginInvite() {
        switch purpose {
        case .contact, .inviter: break
        case .invited(let guest, let own, let introduction):
            guard let session else { return }
            let proof = InviteProof(
                inviter: peer, guest: guest.publicKey, sessionID: session.id, introduction)
            write(.introduction(key: own.publicKey.raw, signature: proof.sign(by: own), introduction))
        }
    }

    /// What the invited one is told, in this session and in each that follows.
    func answer(_ verdict: InviteRecord.Verdict) {
        guard case .inviter = purpose else { return }
        write(.verdict(verdict))
    }

    private func write(_ record: InviteRecord) {
        session?.transport.write(RecordReader.framed(record.encoded), to: StreamID.control)
    }

    /// Reads a stream of such a session.
    func readInvite(_ stream: UInt64, at now: Instant) {
        do throws(WireError) {
            guard stream == StreamID.control else { throw .malformed }
            guard let bytes = session?.transport.read(stream, upTo: .max) else { return }
            session?.invites.append(bytes)
            while let record = try session?.invites.next() { try receive(InviteRecord(record.span)) }
        } catch {
            close(
                .protocolViolation(SessionError.malformedRecord.sentence), code: CloseCode.protocolViolation, at: now)
        }
    }

    private func receive(_ record: InviteRecord) throws(WireError) {
        switch (record, purpose) {
        case (.introduction(let bytes, let signature, let introduction), .inviter):
            guard let session, !session.isIntroduced else { return }
            guard let key = try? IdentityKey(raw: bytes), key != pair.ownKey, key != peer else { throw .malformed }
            let proof = InviteProof(inviter: pair.ownKey, guest: peer, sessionID: session.id, introduction)
            guard proof.isSigned(signature, by: key) else { throw .malformed }
            session.isIntroduced = true
            events.append(.introduced(key, introduction, by: peer))
        case (.verdict(let verdict), .invited):
            guard session?.takes(verdict) ?? false else { return }
            events.append(.inviteAnswered(verdict, by: peer))
        case (.introduction, .contact), (.introduction, .invited), (.verdict, .contact), (.verdict, .inviter):
            throw .malformed
        }
    }
}
