import PinholeCore
import PinholeWire

// A sender that gives a file up while its receiver is away has nobody to tell. So the receiver asks in the next session
// about what was offered in an earlier one and is not offered any more.

extension NodeLoop {
    /// A session began: what the contact does not offer in time is asked about.
    func inquireLater(of key: PublicKey) {
        // One timer for all: thousands of sessions may begin together.
        let isTimed = !inquirees.isEmpty
        inquirees[key] = loop.now + Self.offerTime
        if !isTimed { perform(after: Self.offerTime) { core, now in core.inquire(at: now) } }
    }

    private func inquire(at now: Instant) {
        let keys = inquirees.filter { $0.value <= now }.map(\.key)
        for key in keys { inquirees[key] = nil }
        if let next = inquirees.values.min() {
            perform(after: max(next - now, .milliseconds(100))) { core, now in core.inquire(at: now) }
        }
        let store = profile.store
        offLoop {
            // What cannot be read is asked about in another session.
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
            (try? store.transfer(reference))?.state
        } then: { core, state, now in
            switch state {
            // It waits for its disk; what is not known here, or cannot be read now, another copy of this profile may offer.
            case .offered, .accepted, nil: break
            case .failed: core.endpoint.disown(reference.number, .changed, with: reference.contact.key, at: now)
            case .refused, .done:
                core.endpoint.disown(reference.number, .cancelled, with: reference.contact.key, at: now)
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
                core.gaveUp(reference, .cancelled, at: now)
            case .success(false): break
            case .failure(let error): core.hub.publish(.notice("a transfer cannot be recorded: \(error)"))
            }
        }
    }

    /// A person wants what no session offers at the moment: it comes when it is offered again.
    func acceptUnopened(_ reference: TransferReference) {
        guard reference.direction == .incoming else { return }
        let store = profile.store
        // Behind what may still be done for it.
        offLoop(on: queue(of: reference)) {
            Result { () throws(PinholeError) in _ = try store.setState(.accepted, of: reference) }
        } then: { core, result, now in
            core.retireQueue(of: reference)
            if case .failure(let error) = result {
                core.hub.publish(.notice("a transfer cannot be recorded: \(error)"))
            }
            // It was offered meanwhile, and may have been found without an answer.
            guard let incoming = core.incomingFiles[reference], case .offered = incoming.stage else { return }
            core.writeDown(reference, incoming.offer, after: nil)
        }
    }

    /// A transfer was given up on the disk, and may have been opened by then: what was offered is taken back, what came is
    /// refused, and who asked is told.
    func gaveUp(_ reference: TransferReference, _ reason: FileRecord.Refusal, at now: Instant) {
        switch reference.direction {
        case .outgoing: forgetSource(of: reference, reason, at: now)
        case .incoming: forgetOffer(of: reference, at: now)
        }
    }

    /// After this, most of what a contact wants to go on with is offered.
    private static let offerTime = Duration.seconds(2)
}
