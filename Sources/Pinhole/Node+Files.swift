import Dispatch
import PinholeCore
import PinholeWire

/// Files and folders.
extension Node {
    /// Offers a file or a folder to a contact; nothing of it is read before the contact wants it.
    ///
    /// What was offered before and has not changed since goes on where it stopped. A file that changes while it is being
    /// sent, or cannot be read, fails; of a folder it is left out, and the transfer then ends as ``Transfer/State/failed``,
    /// with all the rest at the contact.
    ///
    /// Who cannot know whether an earlier call was carried out asks again with the same `token`, which should be random: it
    /// is the same transfer then, also if it has ended, as long as ``Profile/transfer(_:)`` knows it.
    public func sendFile(
        _ path: String, to key: PublicKey, token: String? = nil
    ) async throws(PinholeError) -> TransferReference {
        try requireOther(key)
        let (transfer, source) = try await Self.offLoop {
            [profile] () throws(PinholeError) -> (StoredTransfer, FileSource?) in
            if let token, let known = try profile.store.transfer(withToken: token, to: key) { return (known, nil) }
            let source = try FileSource(path)
            let transfer = try profile.record(source, to: key, token: token)
            // Another call may have been faster with the token, and meant another file.
            let isOfSource = transfer.path == source.path && transfer.fingerprint == source.fingerprint
            return (transfer, isOfSource ? source : nil)
        }
        guard let source else { return transfer.reference }
        for omitted in source.omitted + source.lost { hub.publish(.notice("left out: \(omitted)")) }
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
    ///
    /// Throws ``PinholeError/Code/usage`` where nothing is known of the transfer.
    public func finished(_ transfer: TransferReference, timeout: Duration?) async throws(PinholeError) {
        let events = events()
        let known = try await fromDisk { node throws(PinholeError) -> (state: Transfer.State?, failure: Phrase?) in
            let store = node.profile.store
            let state = try store.transfer(transfer)?.state
            return switch state {
            case .refused, .failed: (state, try store.failure(of: transfer))
            case .done, .offered, .accepted, nil: (state, nil)
            }
        }
        switch known.state {
        case .done: return
        case .refused, .failed: throw Self.undelivered(known.failure)
        case .offered, .accepted: break
        case nil: throw PinholeError(.usage, "nothing is known of this transfer")
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

    /// Takes an offered file. One whose sender is away comes when it is offered again.
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

extension Profile {
    /// Writes down that a contact is to have this: a new transfer, the unfinished one of the same content, or the one that was
    /// begun with `token`.
    func record(
        _ source: FileSource, to key: PublicKey, token: String? = nil
    ) throws(PinholeError) -> StoredTransfer {
        let known = try store.transfers(with: key, unfinished: true).first {
            $0.reference.direction == .outgoing && $0.path == source.path && $0.fingerprint == source.fingerprint
        }
        let transfer = known ?? newTransfer(of: source, to: key)
        if let token { return try store.begin(transfer, token: token) }
        if known == nil { try store.insert(transfer) }
        return transfer
    }

    private func newTransfer(of source: FileSource, to key: PublicKey) -> StoredTransfer {
        let reference = TransferReference(contact: key, direction: .outgoing, number: .random(in: 1 ... .max))
        let salt = (0..<32).map { _ in UInt8.random(in: 0...255) }
        return StoredTransfer(
            reference, source.offer(reference.number, salt: salt), path: source.path, fingerprint: source.fingerprint,
            device: source.device, createdAt: WallClock.unixMilliseconds)
    }
}
