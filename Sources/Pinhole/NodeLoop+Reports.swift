import PinholeCore
import PinholeWire

/// What callers ask and wait for.
extension NodeLoop {
    /// The path of a session that was told of.
    func path(to key: PublicKey) -> PathReport? {
        guard isUp(key), !(news[key]?.hidesSession ?? false) else { return nil }
        return endpoint.path(to: key.key).map { PathReport($0) }
    }

    /// Whether there is a session; of one that has just ended it may not have been told yet.
    func isUp(_ key: PublicKey) -> Bool {
        connected.contains(key) && endpoint.path(to: key.key) != nil
    }

    /// What the last attempt to reach a contact did.
    func report(of key: PublicKey, at now: Instant) -> ConnectionReport? {
        endpoint.report(of: key.key).map { report in
            let outcome: ConnectionReport.Outcome =
                switch report.outcome {
                case .searching: .searching
                case .connected(let path): .connected(PathReport(path))
                case .failed(let reason): .failed(explain(reason, of: key))
                }
            return ConnectionReport(
                report, outcome: outcome, services: services.all.map(\.address), duration: now - report.began)
        }
    }

    /// The sentence for a failure. That no service can be asked may have a reason nearer by.
    func explain(_ reason: UnreachableReason, of key: PublicKey) -> PinholeError {
        let error = PinholeError(reason, name: name(of: key))
        guard reason == .noService else { return error }
        if localAddresses.isEmpty {
            return PinholeError(
                .unreachableService, "this machine is not connected to any network",
                hint: "check the cable or the Wi-Fi")
        }
        let usable = services.used(for: key)
        if usable.isEmpty, let failure = contacts[key].flatMap({ contactNames.failure(of: $0) }) {
            return PinholeError(
                .peerOffline, "\(name(of: key)) cannot be found: \(failure.host): \(failure.reason)",
                hint: Self.spelling)
        }
        if usable.isEmpty {
            return PinholeError(
                .unreachableService, "no service is configured by which \(name(of: key)) could be found",
                hint: "give --service pinhole-signal://…, the address of one that \(name(of: key)) uses too")
        }
        guard let told = services.told(for: key) else { return error }
        let hasAddress = usable.contains { !(names.addresses[$0.address] ?? []).isEmpty }
        return PinholeError(
            .unreachableService, "\(name(of: key)) cannot be found: \(told.address.place): \(told.failure)",
            hint: hasAddress ? error.hint : Self.spelling)
    }

    private static let spelling: Phrase = "check how the name is spelled, and that this machine has a name server"

    func ping(_ key: PublicKey, _ pong: Expectation<Duration>, at now: Instant) {
        pongs[key, default: []].removeAll(where: \.isGivenUp)
        pongs[key, default: []].append(pong)
        endpoint.ping(key.key, at: now)
    }
}
