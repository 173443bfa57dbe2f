/// Datagrams that were dropped, by reason. Nothing is ever answered to them.
package struct DropCounters: Equatable, Sendable {
    package enum Reason: Int, Sendable, CaseIterable {
        /// Empty, too long, or of no known kind.
        case malformed
        /// For a connection id that nobody has.
        case unknownConnection
        /// A HELLO without a valid first MAC, that no contact's key opens, or that came before.
        case notForUs
        /// HELLOs under load without a cookie, and those for which there is no time.
        case rateLimited
        /// An HS or session packet that is forged, replayed, or of a past session.
        case undecryptable
        /// From an address that no service has.
        case unknownService
        /// A STUN response that was not asked for, or a request.
        case unexpectedSTUN
    }

    private var counts = [Int](repeating: 0, count: Reason.allCases.count)

    package subscript(reason: Reason) -> Int { counts[reason.rawValue] }
    package var total: Int { counts.reduce(0, +) }

    mutating func count(_ reason: Reason) {
        counts[reason.rawValue] += 1
    }
}
