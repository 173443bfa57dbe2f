package import Pinhole

extension PathReport.Kind: Codable {}
extension PathReport.Family: Codable {}

/// A path as JSON has it.
package struct PathShape: Codable, Sendable {
    let remote: String
    let kind: PathReport.Kind
    let family: PathReport.Family
    let rttMs: Double?
    let datagramBytes: Int
    let ecn: Bool
    let connectMs: Double
    let serviceRttMs: Double?
    let roundTrips: Double?

    package init(_ path: PathReport) {
        (remote, kind, family) = (path.remote, path.kind, path.family)
        (datagramBytes, ecn) = (path.datagramSize, path.hasECN)
        rttMs = path.rtt?.milliseconds
        connectMs = path.connectTime.milliseconds
        serviceRttMs = path.serviceRTT?.milliseconds
        roundTrips = path.roundTrips.map { ($0 * 100).rounded() / 100 }
    }

    package var report: PathReport {
        PathReport(
            remote: remote, kind: kind, family: family, rtt: rttMs.map { Duration(milliseconds: $0) },
            datagramSize: datagramBytes, hasECN: ecn, connectTime: Duration(milliseconds: connectMs),
            serviceRTT: serviceRttMs.map { Duration(milliseconds: $0) }, roundTrips: roundTrips)
    }

    static let notes = [
        "remote": "The contact's address, host:port.",
        "kind": "How that address became known.",
        "family": "The address family.",
        "rttMs": "The round trip time in milliseconds.",
        "datagramBytes": "The largest datagram that is sent there.",
        "ecn": "Whether the path was shown to carry ECN marks.",
        "connectMs": "From the wish for a session to the session, in milliseconds.",
        "serviceRttMs": "The round trip to the service that introduced the two.",
        "roundTrips": "connectMs in the mean of both round trips.",
    ]
}
