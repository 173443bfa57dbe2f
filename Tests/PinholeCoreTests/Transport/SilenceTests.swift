import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// A peer that says nothing any more: whatever is sent to one that was killed is sent again to the next.
struct SilenceTests {
    @Test("the model sends a peer that falls silent little more than what was on its way anyway", arguments: [0, 0.01])
    func silence(loss: Double) {
        // 50 Mbit/s and 50 ms, with a queue of as much.
        let (rate, product) = (6_250_000.0, 312_500.0)
        var most = 0.0
        for seed in 1...4 as ClosedRange<UInt64> {
            let link = TransportLink(
                seed: seed, LinkConditions(delay: .milliseconds(25), loss: loss, rate: rate, queue: Int(product)))
            var writer = Writer([UInt8](repeating: 1, count: 100_000_000), to: 16)
            link.run(for: .milliseconds(3000 + 370 * Int64(seed))) {
                writer.fill(&link.a)
                _ = link.b.read(16)
            }
            #expect(link.a.congestion.usesModel && !link.a.congestion.isInStartup)
            link.conditions.loss = 1
            link.run(for: .milliseconds(200)) { writer.fill(&link.a) }
            most = max(most, Double(link.a.bytesInFlight))
        }
        Figure.note("silence, \(loss)", "\(most / product)")
        #expect(most < 1.6 * product)
    }
}
