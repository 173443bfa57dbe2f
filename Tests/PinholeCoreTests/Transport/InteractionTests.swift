import PinholeWire
import TestSupport
import Testing

@testable import PinholeCore

/// Both sides do everything at random over a link that does everything at random; the seed is in each message.
struct InteractionTests {
    @Test("whatever happens, what was written is what is read", arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let link = TransportLink(
            seed: seed,
            LinkConditions(
                delay: .milliseconds(Int64.random(in: 1..<120, using: &random)),
                jitter: .milliseconds(Int64.random(in: 0..<30, using: &random)),
                loss: Double.random(in: 0..<0.15, using: &random),
                duplication: Double.random(in: 0..<0.1, using: &random),
                reordering: Double.random(in: 0..<0.3, using: &random),
                rate: Double.random(in: 50_000..<5_000_000, using: &random),
                queue: Int.random(in: 10_000..<300_000, using: &random)))
        var written: [[UInt64: [UInt8]]] = [[:], [:]]
        var ended: [Set<UInt64>] = [[], []]
        var given: [Set<UInt64>] = [[], []]
        var read: [[UInt64: [UInt8]]] = [[:], [:]]
        var finished: [Set<UInt64>] = [[], []]

        func drain(_ side: Int, everything: Bool) {
            func drain(_ transport: inout Transport) {
                while let event = transport.nextEvent() {
                    switch event {
                    case .finished(let stream): finished[side].insert(stream)
                    case .reset(let stream, _), .stopped(let stream, _): given[0].formUnion([stream])
                    case .readable, .writable, .acknowledged, .reauthArrived: break
                    }
                }
                for stream in Array(transport.receiveStreams.keys).sorted() where everything || random.chance(0.2) {
                    let limit = everything ? Int.max : Int.random(in: 0..<20_000, using: &random)
                    read[side][stream, default: []] += transport.read(stream, upTo: limit)
                }
            }
            if side == 0 { drain(&link.a) } else { drain(&link.b) }
        }
        func act(_ side: Int) {
            let stream = ([0, 1, 2, 16, 17, 18, 19, 20] as [UInt64]).randomElement(using: &random) ?? 0
            let bytes = random.bytes(Int.random(in: 0..<30_000, using: &random))
            let fin = random.chance(0.05) && stream >= 16
            let gives = random.chance(0.01) && stream >= 16
            let stops = random.chance(0.01) && stream >= 16
            func act(_ transport: inout Transport) {
                if gives {
                    given[0].insert(stream)
                    transport.reset(stream, errorCode: 1)
                } else if !ended[side].contains(stream), !given[0].contains(stream) {
                    transport.write(bytes, to: stream, fin: fin)
                    written[side][stream, default: []] += bytes
                    if fin { ended[side].insert(stream) }
                }
                if stops {
                    given[0].insert(stream)
                    transport.stopSending(stream, errorCode: 2)
                }
            }
            if side == 0 { act(&link.a) } else { act(&link.b) }
        }
        func expectCounted(_ transport: Transport) {
            let incomplete = transport.receiveStreams.values.count { $0.isHeard && !$0.isComplete }
            #expect(transport.incompleteStreams == incomplete, "seed \(seed)")
        }
        for _ in 0..<60 {
            act(Int.random(in: 0..<2, using: &random))
            link.run(for: .milliseconds(Int64.random(in: 1..<200, using: &random))) {
                drain(0, everything: false)
                drain(1, everything: false)
            }
            expectCounted(link.a)
            expectCounted(link.b)
        }
        link.run(for: .seconds(300)) {
            drain(0, everything: true)
            drain(1, everything: true)
        } until: {
            !link.a.hasUnacknowledged && !link.b.hasUnacknowledged
        }
        drain(0, everything: true)
        drain(1, everything: true)
        #expect(link.error == nil, "seed \(seed)")
        #expect(!link.a.hasUnacknowledged && !link.b.hasUnacknowledged, "seed \(seed): still busy after five minutes")
        for side in 0..<2 {
            for (stream, bytes) in written[side] where !given[0].contains(stream) {
                #expect(read[1 - side][stream, default: []] == bytes, "seed \(seed), stream \(stream) of \(side)")
                #expect(finished[1 - side].contains(stream) == ended[side].contains(stream), "seed \(seed)")
            }
        }
        link.run(for: .seconds(10))
        #expect(link.a.bytesInFlight == 0 && link.b.bytesInFlight == 0, "seed \(seed)")
    }
}
