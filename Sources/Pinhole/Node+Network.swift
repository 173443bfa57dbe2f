import PinholeCore
import PinholeWire

/// What is known of the network, and of the way to a contact.
extension Node {
    /// What this network does to UDP: waits until it was measured as far as `stage`, or for `timeout`.
    public func networkReport(
        _ stage: NetworkReport.Stage = .complete, timeout: Duration
    ) async throws(PinholeError) -> NetworkReport {
        let measured = Expectation<Void> { PinholeError(.other, "the network was not measured in time") }
        guard await ask({ $0.expect(stage, measured) }) != nil else {
            measured.abandon()
            throw Self.stopped
        }
        // After the time-out the report says what is known by then.
        try? await value(of: measured.task, within: timeout)
        guard let report = await ask({ $0.networkReport }) else { throw Self.stopped }
        return report
    }

    /// What was tried to reach a contact the last time; nil if nothing has been tried since the node started.
    public func report(of key: PublicKey) async -> ConnectionReport? {
        await ask { $0.report(of: key, at: MonotonicClock.now) } ?? nil
    }

    /// Looks at once who was added, accepted, blocked or removed; otherwise that is noticed within two seconds.
    public func contactsChanged() {
        perform { core, _ in core.reloadContacts() }
    }
}
