import Dispatch
import PinholeCore
import PinholeWire

/// Files and folders.
extension Node {
    /// Offers a file or a folder to a contact; nothing of it is read before the contact wants it.
    ///
    /// What was offered before and has not changed since goes on where it stopped. A file that changes while it is being
    /// sent fails; of a folder it is left out, and told of.
    public func sendFile(_ path: String, to key: PublicKey) async throws(PinholeError) -> TransferReference {
        try requireOther(key)
        let (transfer, source) = try await Self.offLoop { [profile] () throws(PinholeError) in
            let source = try FileSource(path)
            let known = try profile.store.transfers(with: key, unfinished: true).first {
                $0.reference.direction == .outgoing && $0.path == source.path && $0.fingerprint == source.fingerprint
            }
            if let known { return (known, source) }
            let reference = TransferReference(contact: key, direction: .outgoing, number: .random(in: 1 ... .max))
            let salt = (0..<32).map { _ in UInt8.random(in: 0...255) }
            let transfer = StoredTransfer(
                reference, source.offer(reference.number, salt: salt), path: source.path,
                fingerprint: source.fingerprint, createdAt: WallClock.unixMilliseconds)
            try profile.store.insert(transfer)
            return (transfer, source)
        }
        for omitted in source.omitted { hub.publish(.notice("left out: \(omitted)")) }
        perform { $0.offer(transfer, source, at: $1) }
        return transfer.reference
    }

    /// Runs what may wait for the disk where that keeps nobody else waiting.
    private static func offLoop<Value: Sendable>(
        _ body: @escaping @Sendable () throws(PinholeError) -> Value
    ) async throws(PinholeError) -> Value {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(returning: Result { () throws(PinholeError) in try body() })
            }
        }
        return try result.get()
    }

    /// Waits until the contact has the whole file, verified and on disk; without a timeout for as long as it takes.
    public func finished(_ transfer: TransferReference, timeout: Duration?) async throws(PinholeError) {
        let events = events()
        switch try profile.store.transfer(transfer)?.state {
        case .done: return
        case .refused, .failed: throw Self.undelivered(try profile.store.failure(of: transfer))
        case .offered, .accepted, nil: break
        }
        try await first(in: events, within: timeout) { event in
            switch event {
            case .fileSent(transfer), .fileReceived(transfer, _): .success(())
            case .fileFailed(transfer, let reason): .failure(Self.undelivered(reason))
            case .unreachable(transfer.contact, let error): .failure(error)
            default: nil
            }
        } orThrow: {
            // Without a time limit nobody is late.
            guard let timeout else { return Self.cancelled }
            return PinholeError(
                .peerOffline, "the file has not arrived within \(timeout.seconds) s",
                hint: "send it again: it goes on where it stopped")
        }
    }

    private static func undelivered(_ reason: Phrase?) -> PinholeError {
        guard let reason else { return PinholeError(.other, "the transfer failed") }
        return PinholeError(.other, "the file did not arrive: \(reason)")
    }

    /// Takes an offered file.
    public func accept(_ transfer: TransferReference) {
        perform { core, _ in core.accept(transfer) }
    }

    /// Declines an offered file.
    public func refuse(_ transfer: TransferReference) {
        perform { $0.giveUp(transfer, .declined, at: $1) }
    }

    /// Gives up a transfer in either direction.
    public func cancel(_ transfer: TransferReference) {
        perform { $0.giveUp(transfer, .cancelled, at: $1) }
    }
}
