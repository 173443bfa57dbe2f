import Synchronization

/// One line of the laboratory's table: what happened to a pair, as far as it came.
final class PairReport {
    let pair: String
    var path: Conversation.Event.Path?
    /// From the end of the registration to the session, in round trips; the path's own numbers begin at a cold start.
    var sinceRegistration: Double?
    var text: String?
    /// MB/s.
    var aToB: Double?
    var bToA: Double?
    var serviceBytes: Int?
    var afterDeath: Duration?
    var afterFlush: Duration?

    init(pair: String) { self.pair = pair }

    private static let lines = Mutex<[String]>([])

    /// Adds the line to the table, and prints the table when it is whole.
    func file(last: Bool) {
        let table = Self.lines.withLock { lines in
            lines.append(line)
            return lines
        }
        guard last else { return }
        print("\nround trip \(Network.roundTrip); the file is 10 MB; MB/s until it is verified on the receiver's disk")
        print(Self.heading + table.joined(separator: "\n"), "\n")
    }

    private static let heading = """
        pair  up   cold start  registered  path                     text  A→B     B→A     service    service    routers
                   ms    RTT   RTT                                        MB/s    MB/s    bytes      dead, ms   flushed, ms

        """

    private var line: String {
        let cells: [(String?, Int)] = [
            (pair, 5), (path == nil ? "no" : "yes", 4), (path.map { number($0.connectMs, 0) }, 5),
            (path?.roundTrips.map { number($0, 2) }, 5),
            (sinceRegistration.map { number($0, 2) }, 11), (path.map { "\($0.kind) \($0.family)" }, 24), (text, 5),
            (aToB.map { number($0, 2) }, 7), (bToA.map { number($0, 2) }, 7), (serviceBytes.map { "\($0)" }, 10),
            (afterDeath.map { number($0 / .milliseconds(1), 0) }, 10),
            (afterFlush.map { number($0 / .milliseconds(1), 0) }, 11),
        ]
        return cells.map { text, width in
            let text = text ?? "–"
            return text + String(repeating: " ", count: max(1, width + 1 - text.count))
        }.joined()
    }

    private func number(_ value: Double, _ digits: Int) -> String {
        guard digits > 0 else { return "\(Int(value.rounded()))" }
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
