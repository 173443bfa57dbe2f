import PinholeCore
import PinholeWire

// A sender that gives a file up while its receiver is away has nobody to tell. So the receiver asks in the next session
// about what was offered in an earlier one and is not offered any more.

extension NodeLoop {
    /// A session began: what the contact does not offer in time is asked about.
    func inquireLater(of key: PublicKey) {
        inquirees.insert(key)
        // One timer for all: thousands of sessions may begin together.
        guard inquirees.count == 1 else { return }
        perform(after: Self.offerTime) { core, _ in core.inquire() }
    }

    private func inquire() {
        let keys = inquirees
        inquirees.removeAll()
        let store = profile.store
        offLoop {
            // What cannot be read is asked for in another session.
            keys.flatMap { key in (try? store.transfers(with: key, unfinished: true)) ?? [] }.map(\.reference)
        } then: { core, references, now in
            for reference in references
            where reference.direction == .incoming && core.incomingFiles[reference] == nil {
                core.endpoint.inquire(reference.number, from: reference.contact.key, at: now)
            }
        }
    }

    /// The contact asks about a transfer that is not offered to him.
    func fileInquired(_ reference: TransferReference) {
        let store = profile.store
        offLoop {
            Result { () throws(PinholeError) in try store.transfer(reference)?.state }
        } then: { core, result, now in
            switch result {
            // It waits for its disk.
            case .success(.offered), .success(.accepted): break
            // After a restored backup nothing is known of it.
            case .success(.failed), .success(.refused), .success(.done), .success(nil):
                core.endpoint.disown(reference.number, .cancelled, with: reference.contact.key, at: now)
            // He asks again.
            case .failure: break
            }
        }
    }

    /// A transfer that no session has open is not taken up again, and nothing stays of it. What is just getting its name
    /// comes to its end.
    func forgetUnopened(_ reference: TransferReference, because reason: Phrase) {
        let (profile, folder) = (profile, configuration.downloadDirectory)
        // Behind what may still be done for it.
        offLoop(on: queue(of: reference)) {
            Result { () throws(PinholeError) in try profile.forget(reference, because: reason, partialIn: folder) }
        } then: { core, result, now in
            core.retireQueue(of: reference)
            switch result {
            case .success(true):
                core.hub.publish(.fileFailed(reference, reason: reason))
                // The receiver may have asked before.
                guard reference.direction == .outgoing else { return }
                core.endpoint.disown(reference.number, .cancelled, with: reference.contact.key, at: now)
            case .success(false): break
            case .failure(let error): core.hub.publish(.notice("a transfer cannot be recorded: \(error)"))
            }
        }
    }

    /// After this, most of what a contact wants to go on with is offered.
    private static let offerTime = Duration.seconds(2)
}
