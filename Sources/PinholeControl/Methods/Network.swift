package import Pinhole

extension Methods {
    static let network: [any Method.Type] = [NetConnect.self, NetPing.self, NetCheck.self, NetReport.self]
}

/// Words for members that several methods have.
enum Notes {
    static let contact = ["contact": "The contact's name or public key."]
    static let timeout = ["timeout": "How many seconds to wait."]
    static let after = [
        "after": "A place: only what stands behind it. In the answer: where to go on; absent at the end."
    ]
}

/// Parameters of methods that reach out for a contact.
package struct ReachParams: Codable, Sendable {
    let contact: String
    let timeout: Double?

    package init(contact: String, timeout: Duration) {
        self.contact = contact
        self.timeout = timeout.milliseconds / 1000
    }

    /// Within what a day has.
    var limit: Duration { Seconds.duration(timeout, or: 15) }
}

/// Time limits as parameters have them.
enum Seconds {
    static func duration(_ seconds: Double?, or usual: Double) -> Duration {
        let seconds = seconds ?? usual
        return Duration(milliseconds: min(max(seconds.isFinite ? seconds : usual, 0), 86_400) * 1000)
    }
}

package enum NetConnect: Method {
    package struct Result: Codable, Sendable {
        package let path: PathShape
    }

    package static let name = "net.connect"
    package static let summary = "Sets up a session with a contact, or says which there is."
    package static let notes = Notes.contact.merging(Notes.timeout) { $1 }.merging(["path": "The path in use."]) { $1 }

    package static func run(_ params: ReachParams, in call: Call) async throws(PinholeError) -> Result {
        let contact = try call.contact(params.contact)
        call.letOthersProceed()
        return Result(path: PathShape(try await call.node().connect(to: contact.key, timeout: params.limit)))
    }
}

package enum NetPing: Method {
    package struct Result: Codable, Sendable {
        package let contact: String
        package let rttMs: Double
        package let path: PathShape

        package var report: PingReport { PingReport(rtt: Duration(milliseconds: rttMs), path: path.report) }
    }

    package static let name = "net.ping"
    package static let summary = "Measures the round trip to a contact, connecting first if need be."
    package static let notes = Notes.contact.merging(Notes.timeout) { $1 }
        .merging(["rttMs": "From the ping to its answer, in milliseconds.", "path": "The path that both took."]) { $1 }

    package static func run(_ params: ReachParams, in call: Call) async throws(PinholeError) -> Result {
        let contact = try call.contact(params.contact)
        call.letOthersProceed()
        let report = try await call.node().ping(contact.key, timeout: params.limit)
        return Result(contact: contact.name, rttMs: report.rtt.milliseconds, path: PathShape(report.path))
    }
}

package enum NetCheck: Method {
    package enum Stage: String, Codable, CaseIterable, Sendable { case verdict, complete }

    package struct Params: Codable, Sendable {
        let stage: Stage?
        let timeout: Double?

        package init(stage: NetworkReport.Stage, timeout: Duration) {
            self.stage =
                switch stage {
                case .verdict: .verdict
                case .complete: .complete
                }
            self.timeout = timeout.milliseconds / 1000
        }
    }

    package static let name = "net.check"
    package static let summary = "Says what this network lets through, as 'netcheck --json' does."
    package static let notes = Notes.timeout.merging([
        "stage": "How much to wait for: the verdict, or all that a short look can measure."
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> NetworkShape {
        call.letOthersProceed()
        let stage: NetworkReport.Stage =
            switch params.stage ?? .complete {
            case .verdict: .verdict
            case .complete: .complete
            }
        return NetworkShape(
            try await call.node().networkReport(stage, timeout: Seconds.duration(params.timeout, or: 5)))
    }
}

package enum NetReport: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        package init(contact: String) { self.contact = contact }
    }

    package struct Result: Codable, Sendable {
        package let attempt: AttemptShape?
    }

    package static let name = "net.report"
    package static let summary = "Says what was tried to reach a contact the last time, and what came of it."
    package static let notes = Notes.contact.merging([
        "attempt": "The last attempt, with the members of 'doctor --json'; left out where nothing was tried."
    ]) { $1 }

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let contact = try call.contact(params.contact)
        return Result(attempt: try await call.node().report(of: contact.key).map { AttemptShape($0) })
    }
}
