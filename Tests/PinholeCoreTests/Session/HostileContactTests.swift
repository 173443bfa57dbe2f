import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// Whoever is in the contacts may say anything under the keys of a session. It costs bounded memory and few packets, ends
/// with a reason that a person can read where the protocol is broken, and another contact does not notice.
@Suite("contacts that mean harm")
struct HostileContactTests {
    /// Nothing that one contact is may take more: the credit of its streams, and some thousand small things.
    private static let maxBytes = Int(Limits.maxConnectionData) + 16 * Int(Limits.maxStreamData)
    private static let maxObjects = 3 * Limits.maxHeldStreams

    private func expectBounded(_ siege: Siege, sourceLocation: SourceLocation = #_sourceLocation) {
        let held = siege.held
        #expect(held.bytes <= Self.maxBytes && held.objects <= Self.maxObjects, sourceLocation: sourceLocation)
    }

    /// What breaks the protocol, and how it is told.
    struct Violation: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let verdict: String
        let frames: @Sendable (Siege) -> [Frame]
    }

    private static let violations = [
        Violation(testDescription: "ACK of a packet never sent", verdict: TransportError.neverSent.reason) { _ in
            [.ack(AckFrame(ranges: [1 << 40...1 << 40], delay: 0))]
        },
        Violation(testDescription: "bytes beyond a stream's credit", verdict: TransportError.beyondCredit.reason) {
            [$0.stream(16, Limits.maxStreamData, 1)]
        },
        Violation(testDescription: "an offset near 2^62", verdict: TransportError.beyondCredit.reason) {
            [$0.stream(16, 1 << 62 - 2, 1)]
        },
        Violation(testDescription: "bytes beyond the credit of all files", verdict: TransportError.beyondCredit.reason)
        {
            siege in (16..<25).map { siege.stream($0, Limits.maxStreamData - 1, 1) }
        },
        Violation(testDescription: "a reset beyond the credit", verdict: TransportError.beyondCredit.reason) { _ in
            [.resetStream(id: 16, errorCode: 0, finalSize: 1 << 62 - 1)]
        },
        Violation(testDescription: "a final size that grows", verdict: TransportError.finalSizeChanged.reason) {
            [$0.stream(16, 0, 5, fin: true), $0.stream(16, 5, 1)]
        },
        Violation(testDescription: "a final size that shrinks", verdict: TransportError.finalSizeChanged.reason) {
            [$0.stream(16, 0, 5), $0.stream(16, 2, 1, fin: true)]
        },
        Violation(testDescription: "a final size that a reset changes", verdict: TransportError.finalSizeChanged.reason)
        {
            [$0.stream(16, 1, 4, fin: true), .resetStream(id: 16, errorCode: 0, finalSize: 6)]
        },
        Violation(
            testDescription: "a stream of bytes without a head", verdict: SessionError.malformedRecord.sentence
        ) { _ in
            [.stream(StreamFrame(id: StreamID.firstByteStream, offset: 0, data: [1, 9], fin: false))]
        },
        Violation(testDescription: "AUTH in a session", verdict: SessionError.frameNotAllowed.sentence) { _ in
            [.auth(signature: .init(repeating: 1, count: 64), parameters: [])]
        },
        Violation(testDescription: "REKEY for an epoch far ahead", verdict: RekeyError.wrongEpoch.sentence) { _ in
            [.rekey(epoch: 2, key: RekeyOffer().key)]
        },
        Violation(testDescription: "REAUTH without REKEY", verdict: RekeyError.wrongEpoch.sentence) { _ in
            [.reauth(epoch: 1, signature: .init(repeating: 1, count: 64))]
        },
        Violation(testDescription: "two keys for one epoch", verdict: RekeyError.twoKeys.sentence) { _ in
            [.rekey(epoch: 1, key: RekeyOffer().key), .rekey(epoch: 1, key: RekeyOffer().key)]
        },
        Violation(testDescription: "a key of small order", verdict: RekeyError.badKey.sentence) { _ in
            [.rekey(epoch: 1, key: .init(repeating: 0, count: 32))]
        },
        Violation(testDescription: "a forged REAUTH", verdict: RekeyError.badSignature.sentence) { _ in
            [.rekey(epoch: 1, key: RekeyOffer().key), .reauth(epoch: 1, signature: .init(repeating: 1, count: 64))]
        },
        Violation(testDescription: "a record that is none", verdict: SessionError.malformedRecord.sentence) { _ in
            [.stream(StreamFrame(id: StreamID.chat, offset: 0, data: [1, 0], fin: false))]
        },
    ]

    // [CLS-1] [EPO-16]
    @Test("what breaks the protocol ends the session with a reason", arguments: violations)  // [FRM-10] [REC-1]
    func violation(_ violation: Violation) throws {
        let siege = try Siege(seed: 500)
        siege.send(violation.frames(siege))
        #expect(siege.verdicts == [violation.verdict])
        #expect(siege.connection?.session == nil)
        siege.run(for: .milliseconds(100))
        let closes = siege.packets.flatMap(\.frames).filter { if case .close(1, _) = $0 { true } else { false } }
        #expect(closes.count == 1)
        siege.expectUnharmed()
    }

    @Test(  // [FRM-2] [VER-2]
        "frames of unknown types, among them DATAGRAM, and frames cut short, end the session",
        arguments: [
            [0x30, 1, 2, 3], [0x31, 1, 0], [0x18, 0, 0], [0x07, 0], [0x40, 0x30], [0x7f, 0xff], [0x0e, 0x01],
            [0x23, 0, 0, 0, 1],
            [0x02, 0x05, 0, 0x20, 0],
        ] as [[UInt8]])
    func unparsable(plaintext: [UInt8]) throws {
        let siege = try Siege(seed: 501)
        siege.send(plaintext: plaintext)
        let sentences = [SessionError.malformedFrame.sentence, TransportError.malformedFrame.reason]
        #expect(siege.verdicts.count == 1 && sentences.contains(siege.verdicts[0]), "\(siege.verdicts)")
        siege.expectUnharmed()
    }

    // MARK: Acknowledgements

    /// Messages that keep Bob sending to Mallory, who gives him all the credit that he wants.
    private func makeBobSend(_ siege: Siege, messages: Int = 60) {
        let body = [UInt8](repeating: 7, count: 60_000)
        for counter in 1...UInt64(messages) {
            let message = ChatMessage(id: MessageID(epoch: 1, counter: counter), time: 0, body: body)
            siege.bob.endpoint.send(message, to: siege.key, at: siege.world.now)
        }
        siege.bob.drain()
        // Credit for a stream that has not begun counts for nothing.
        siege.send([.maxStreamData(id: StreamID.chat, limit: 1 << 40)])
    }

    @Test("acknowledging what has not arrived yet is found out", arguments: 0..<8 as Range<UInt64>)  // [PKT-6]
    func optimisticAcknowledgements(seed: UInt64) throws {
        let siege = try Siege(seed: 510 + seed)
        siege.isPolite = false
        makeBobSend(siege)
        // She sees each packet as it leaves, and claims everything up to it as a receiver would that misses nothing.
        for _ in 0..<400 where siege.verdicts.isEmpty {
            siege.collect()
            if let largest = siege.packets.map(\.number).max() {
                siege.send([.ack(AckFrame(ranges: [0...largest], delay: 0))])
            }
            siege.world.run(for: .milliseconds(1))
        }
        #expect(siege.verdicts == [TransportError.neverSent.reason], "seed \(seed)")
        siege.expectUnharmed()
    }

    @Test("honest acknowledgements are never taken for optimistic ones")
    func honestAcknowledgements() throws {
        let siege = try Siege(seed: 520)
        makeBobSend(siege)
        siege.run(for: .seconds(5), step: .milliseconds(5))
        #expect(siege.verdicts == [])
        #expect(siege.packets.count > 2000)
        let numbers = siege.packets.map(\.number)
        #expect(Set(0...(numbers.max() ?? 0)).subtracting(numbers).count > 1, "some numbers are left out")
    }

    @Test("acknowledgements without end are not answered, and cost no memory")
    func acknowledgementFlood() throws {
        let siege = try Siege(seed: 521)
        makeBobSend(siege, messages: 2)
        siege.run(for: .seconds(1))
        siege.isPolite = false
        let held = siege.held.objects
        let before = siege.sent[siege.mallory]?.datagrams ?? 0
        let ranges = siege.received
        let spread = ranges.flatMap { range in range.map { $0...$0 } }.reversed()
        var sparse: [ClosedRange<UInt64>] = []
        for range in spread where (sparse.last.map { $0.lowerBound >= range.upperBound + 2 } ?? true) {
            sparse.append(range)
        }
        for _ in 0..<5000 {
            siege.send([.ack(AckFrame(ranges: Array(sparse.prefix(Limits.maxAckRanges)), delay: .max >> 2))])
        }
        siege.world.run(for: .milliseconds(500))
        #expect((siege.sent[siege.mallory]?.datagrams ?? 0) - before <= 5)
        #expect(siege.held.objects <= held + 10)
        #expect(siege.verdicts == [])
        siege.expectUnharmed()
    }

    // MARK: Floods

    /// Sends each of these, 10,000 of them within a second, and returns how many packets and bytes come back for one.
    private func flood(
        _ siege: Siege, count: Int = 10_000, _ frames: (Int) -> [Frame]
    ) -> (packets: Double, bytes: Double) {
        siege.isPolite = false
        let before = siege.sent[siege.mallory] ?? (0, 0)
        let provoked = siege.provoked[siege.mallory] ?? (0, 0)
        for index in 0..<count where siege.verdicts.isEmpty {
            siege.send(frames(index))
            if index % 10 == 9 { siege.world.run(for: .milliseconds(1)) }
        }
        siege.world.run(for: .milliseconds(100))
        let after = siege.sent[siege.mallory] ?? (0, 0)
        let said = siege.provoked[siege.mallory] ?? (0, 0)
        return (
            Double(after.datagrams - before.datagrams) / Double(said.datagrams - provoked.datagrams),
            Double(after.bytes - before.bytes) / Double(said.bytes - provoked.bytes)
        )
    }

    @Test("PING, credit, resets and stops without end are acknowledged, and no more")
    func smallFloods() throws {
        let floods: [(Siege) -> (Int) -> [Frame]] = [
            { _ in { _ in [.ping] } },
            { _ in { _ in [Frame](repeating: .ping, count: 1000) } },
            { _ in { [.maxData(UInt64($0)), .maxStreamData(id: UInt64($0), limit: UInt64($0))] } },
            { _ in { [.maxStreamData(id: UInt64($0 % 20), limit: 1 << 62 - 1), .maxData(1 << 62 - 1)] } },
            { _ in { [.stopSending(id: UInt64($0), errorCode: 1)] } },
            { _ in { [.resetStream(id: 16 + UInt64($0), errorCode: 1, finalSize: 0)] } },
            { siege in { [siege.stream(16 + UInt64($0), 0, 0, fin: true)] } },
            { siege in { [siege.stream(3 + UInt64($0 % 13), 0, 1)] } },
            { _ in { _ in [.pathResponse(9)] } },
        ]
        for (index, make) in floods.enumerated() {
            let siege = try Siege(seed: 530)
            let before = siege.held.objects
            let answers = flood(siege, make(siege))
            #expect(answers.packets <= 0.6, "flood \(index): \(answers)")
            #expect(answers.bytes <= 3, "flood \(index): \(answers)")
            #expect(siege.held.objects <= before + 60, "flood \(index): \(siege.held)")
            #expect(siege.verdicts == [], "flood \(index)")
            siege.expectUnharmed("flood \(index)")
        }
    }

    @Test("packets with gaps between their numbers are acknowledged one by one, and no more")
    func numberGaps() throws {
        let siege = try Siege(seed: 531)
        let answers = flood(siege, count: 5000) { _ in
            siege.nextNumber += 1
            return [.ping]
        }
        #expect(answers.packets <= 1.01, "\(answers)")
        expectBounded(siege)
        siege.expectUnharmed()
    }

    @Test("jumps of 2^24 packet numbers and more are followed, cost nothing, and leave nothing to replay")
    func numberJumps() throws {
        let siege = try Siege(seed: 538)
        let before = siege.held
        for jump in [1 << 24 + 1, 1 << 28, 1 << 31 - 1] as [UInt64] {
            let old = siege.nextNumber
            siege.nextNumber += jump
            let newest = siege.nextNumber
            siege.send([.ping])
            siege.run(for: .milliseconds(100))
            let told = siege.packets.flatMap(\.frames).compactMap { frame in
                if case .ack(let ack) = frame { ack.largest } else { nil }
            }
            #expect((told.max() ?? 0) >= newest, "jump of \(jump)")
            // What is that far behind cannot be told from a replay any more.
            let next = siege.nextNumber
            siege.nextNumber = old
            siege.send([.close(errorCode: 0, reason: [])])
            siege.nextNumber = next
            #expect(siege.bob.closings.isEmpty && siege.connection?.session != nil, "jump of \(jump)")
        }
        #expect(siege.held.objects <= before.objects + 10 && siege.held.bytes <= before.bytes + 4096)
        siege.expectUnharmed()
    }

    // [STR-6]
    @Test("streams without end, gaps without end and ids that leave others out end the session", arguments: 0..<4)
    func streamFloods(kind: Int) throws {
        let siege = try Siege(seed: 532)
        var most = (objects: 0, bytes: 0)
        _ = flood(siege) { index in
            most = (max(most.objects, siege.held.objects), max(most.bytes, siege.held.bytes))
            let number = UInt64(index)
            return switch kind {
            case 0: [siege.stream(16 + number, 0, 1)]
            case 1: [siege.stream(16 + number, 0, 1, fin: true)]
            case 2: [siege.stream(16, 1 + number * 2, 1)]
            default: [.resetStream(id: 16 + 2 * number, errorCode: 0, finalSize: 0)]
            }
        }
        let verdict = kind == 2 ? TransportError.tooManyGaps : .tooManyStreams
        #expect(siege.verdicts == [verdict.reason])
        #expect(most.objects <= Self.maxObjects && most.bytes <= Self.maxBytes)
        siege.expectUnharmed()
    }

    @Test("credit in crumbs makes no more packets than it comes in")
    func crumbs() throws {
        let siege = try Siege(seed: 533)
        makeBobSend(siege, messages: 20)
        siege.run(for: .seconds(3))
        let start = siege.transport?.sendStreams[StreamID.chat]?.nextOffset ?? 0
        let answers = flood(siege, count: 3000) { [.maxStreamData(id: StreamID.chat, limit: start + UInt64($0))] }
        #expect(answers.packets <= 1.6, "\(answers)")
        expectBounded(siege)
        siege.expectUnharmed()
    }

    /// Records that each call for an answer: messages that Bob has already, or offers that are too many.
    enum Question: CaseIterable { case message, offer }

    private func records(_ question: Question, count: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        let hash = [UInt8](repeating: 1, count: 32)
        for index in 0..<count {
            let record: [UInt8]
            switch question {
            case .message:
                let id = MessageID(epoch: 7, counter: index < 5 ? index + 1 : 3)
                record = ChatMessage(id: id, time: 0, body: []).encoded
            case .offer:
                record = FileOffer(transfer: index, salt: hash, contentSize: 1, totalSize: 1, name: "x").encoded
            }
            writer.varint(UInt64(record.count))
            writer.append(record)
        }
        return writer.bytes
    }

    // [STR-11]
    @Test("answers that are not taken are not piled up: she is read no further", arguments: Question.allCases)
    func untakenAnswers(question: Question) throws {
        let siege = try Siege(seed: 534)
        let questions = records(question, count: 120_000)
        let id = question == .message ? StreamID.chat : StreamID.control
        var (offset, granted, seen, pauses, most) = (0, Int(Limits.maxStreamData), 0, 0, 0)
        // She sends all that Bob's credit allows, and gives him none beyond what each stream begins with.
        while offset < questions.count, pauses < 40, siege.verdicts.isEmpty {
            for frame in siege.packets[seen...].flatMap(\.frames) {
                if case .maxStreamData(id, let limit) = frame { granted = max(granted, Int(limit)) }
            }
            seen = siege.packets.count
            let count = min(1000, granted - offset, questions.count - offset)
            if count > 0 {
                let data = Array(questions[offset..<offset + count])
                siege.send([.stream(StreamFrame(id: id, offset: UInt64(offset), data: data, fin: false))])
                offset += count
            }
            pauses = count > 0 ? 0 : pauses + 1
            siege.run(for: .milliseconds(count > 0 ? 1 : 50), step: .milliseconds(count > 0 ? 1 : 10))
            most = max(most, siege.held.bytes)
        }
        #expect(siege.verdicts == [])
        #expect(offset > Int(Limits.maxStreamData) && offset < questions.count, "\(offset) of \(questions.count)")
        #expect(most <= 2 * Int(Limits.maxStreamData), "\(most)")
        siege.expectUnharmed()
    }

    // MARK: Third parties

    private static let victim = TransportAddress("198.51.100.200:9999")!

    // [PTH-5]
    @Test("challenges in the name of others bring them no more than three times what was sent", arguments: 0..<6)
    func spoofedChallenges(kind: Int) throws {
        let siege = try Siege(seed: 540)
        for index in 0..<300 as Range<UInt64> {
            let frames: [Frame] =
                switch kind {
                case 0: [.pathChallenge(index)]
                case 1: [.pathChallenge(index), .ping]
                case 2: (0..<100).map { .pathChallenge(index * 1000 + $0) }
                case 3: (0..<100).map { .pathChallenge(index * 1000 + $0) } + [.ping]
                case 4: [.ping]
                default: [.pathChallenge(index), .ping]
                }
            siege.send(frames, from: Self.victim, size: kind == 5 ? Limits.maxDatagramSize : 0)
            let (sent, provoked) = (siege.sent[Self.victim]?.bytes ?? 0, siege.provoked[Self.victim]?.bytes ?? 0)
            #expect(sent <= 3 * provoked, "\(sent) for \(provoked)")
            siege.run(for: .milliseconds(3))
        }
        siege.run(for: .seconds(5))
        let (sent, provoked) = (siege.sent[Self.victim] ?? (0, 0), siege.provoked[Self.victim] ?? (0, 0))
        #expect(sent.bytes <= 3 * provoked.bytes && sent.datagrams <= 3 * provoked.datagrams)
        expectBounded(siege)
        siege.expectUnharmed()
    }

    @Test("a thousand addresses in whose name she speaks get no more than three times as much each")  // [PTH-5]
    func spoofedAddresses() throws {
        let siege = try Siege(seed: 541)
        for index in 0..<1000 {
            siege.send([.pathChallenge(UInt64(index)), .ping], from: strangerAddress(index))
            if index % 10 == 9 { siege.run(for: .milliseconds(1)) }
        }
        siege.run(for: .seconds(5))
        for (address, said) in siege.provoked where address != siege.mallory {
            #expect(siege.sent[address]?.bytes ?? 0 <= 3 * said.bytes, "\(address)")
        }
        expectBounded(siege)
        siege.expectUnharmed()
    }

    @Test("candidates without end point Bob at no more than some, and seldom")  // [PTH-16]
    func candidateFlood() throws {
        let siege = try Siege(seed: 542)
        siege.isPolite = true
        for index in 0..<500 {
            let candidates = (0..<Limits.maxCandidates).map {
                Candidate(.host, strangerAddress((index * Limits.maxCandidates + $0) * 4096))
            }
            siege.send([.candidates(candidates)])
            siege.run(for: .milliseconds(20))
        }
        let others = siege.sent.filter { $0.key != siege.mallory && $0.key != siege.carol.address }
        // Ten seconds: one round, and the beginning of another.
        #expect(others.count <= 2 * 2 * Limits.maxCandidates, "\(others.count)")
        #expect(others.values.allSatisfy { $0.datagrams <= Limits.probesPerRound })
        expectBounded(siege)
        siege.expectUnharmed()
    }

    // MARK: Keys

    @Test("rekeys without end are one a second")  // [EPO-5]
    func rekeyFlood() throws {
        let siege = try Siege(seed: 550)
        let began = siege.world.now
        var epochs: UInt32 = 0
        for _ in 0..<200 where siege.verdicts.isEmpty {
            let epoch = siege.schedule.epoch + 1
            let offer = RekeyOffer()
            // Again and again, as fast as she can, until Bob answers.
            var answer: [Frame] = []
            for _ in 0..<200 where answer.isEmpty {
                siege.send([.rekey(epoch: epoch, key: offer.key)])
                siege.run(for: .milliseconds(10))
                answer = siege.packets.suffix(30).flatMap(\.frames).filter {
                    switch $0 {
                    case .rekey(epoch, _): true
                    default: false
                    }
                }
            }
            guard case .rekey(_, let key) = answer.first, let next = siege.schedule.next(offer, peer: key) else {
                break
            }
            siege.send([.reauth(epoch: epoch, signature: next.sign())])
            siege.acknowledge()
            siege.run(for: .milliseconds(50))
            siege.advance(to: next)
            siege.send([.ping])
            epochs = epoch
            if siege.world.now - began > .seconds(20) { break }
        }
        #expect(siege.verdicts == [])
        let seconds = (siege.world.now - began) / .seconds(1)
        #expect(epochs > 5 && Double(epochs) <= seconds + 1, "\(epochs) in \(seconds) s")
        expectBounded(siege)
        siege.expectUnharmed()
    }

    @Test("who does not do its part of a rekey is left after two minutes")  // [EPO-20]
    func unfinishedRekey() throws {
        let siege = try Siege(seed: 551)
        siege.send([.rekey(epoch: 1, key: RekeyOffer().key)])
        siege.run(for: Limits.rekeyPatience - .seconds(2), step: .milliseconds(100))
        #expect(siege.verdicts == [])
        siege.run(for: .seconds(4), step: .milliseconds(100))
        #expect(siege.verdicts == ["the contact did not take new keys in time"])
        siege.expectUnharmed()
    }
}
