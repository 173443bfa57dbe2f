import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// What §3 of the protocol promises of single frames, packets and records.
@Suite("the rules of a session")
struct SessionRulesTests {
    /// Records on a stream, one after another from its beginning.
    private func stream(_ id: UInt64, _ records: [[UInt8]]) -> Frame {
        .stream(StreamFrame(id: id, offset: 0, data: records.flatMap { RecordReader.framed($0) }, fin: false))
    }

    @Test("what stands behind a CLOSE is not read")  // [FRM-8]
    func behindClose() throws {
        let siege = try Siege(seed: 600)
        var frames = ByteWriter()
        frames.frame(.close(errorCode: 2, reason: []))
        siege.send(plaintext: frames.bytes + [0x30, 0x30])
        #expect(siege.bob.closings == [.remoteRequest(code: 2)])
    }

    @Test("an observed address changes nothing, whatever it is")  // [FRM-12]
    func observedAddress() throws {
        let siege = try Siege(seed: 601)
        for address in ["192.0.2.3:4000", "198.51.100.9:1", "[2001:db8::1]:80"] {
            siege.send([.observedAddress(TransportAddress(address)!)])
        }
        siege.run(for: .seconds(1))
        #expect(Set(siege.sent.keys).isSubset(of: [siege.mallory, siege.carol.address]))
        #expect(siege.verdicts == [])
    }

    @Test("a CLOSE for an unknown reason is one for none", arguments: [0, 77, 1 << 40] as [UInt64])  // [CLS-4] [CLS-5]
    func unknownClose(code: UInt64) throws {
        let siege = try Siege(seed: 611)
        siege.send([.close(errorCode: code, reason: Array("why not".utf8))])
        #expect(siege.bob.closings == [.remoteRequest(code: code)])
        #expect(siege.connection?.session == nil && siege.connection?.retry == nil, "she is waited for")
    }

    @Test("a challenge is answered where it came from, at its size, and the first two of a packet")  // [PTH-3] [PTH-4]
    func challenges() throws {
        let siege = try Siege(seed: 612)
        siege.isPolite = false
        siege.send((1...5).map { .pathChallenge($0) })
        siege.send([.pathChallenge(6)], size: Limits.maxDatagramSize)
        siege.collect()
        let answers = siege.packets.suffix(3).map { packet in
            (packet.size, packet.frames.compactMap { if case .pathResponse(let data) = $0 { data } else { nil } })
        }
        #expect(answers.flatMap(\.1) == [1, 2, 6])
        #expect(answers.last?.0 == Limits.maxDatagramSize && answers.first?.0 ?? 9999 < 200)
        let elsewhere = TransportAddress("198.51.100.7:7")!
        siege.send([.pathChallenge(7)], from: elsewhere, size: 600)
        #expect(siege.sent[elsewhere]?.datagrams ?? 0 >= 1)
    }

    // [PTH-11]
    @Test("a packet that somebody repeats from elsewhere moves the session for three probe timeouts at most")
    func hijackedPacket() throws {
        let world = World(seed: 613)
        let (alice, bob) = world.makeDirectPair()
        alice.connect(to: bob)
        world.run(for: .seconds(10))
        let thief = TransportAddress("192.0.2.99:9")!
        // One packet of Alice's comes from the thief's address alone, and she says nothing more.
        var isTaken = false
        world.tap = { flight in
            guard flight.kind == .data, flight.source == alice.address else { return flight }
            defer { isTaken = true }
            var copy = flight
            copy.source = thief
            return isTaken ? nil : copy
        }
        alice.send("hello", to: bob)
        #expect(world.run(for: .seconds(1)) { bob.connection(to: alice)?.paths.active?.remote == thief })
        // They double, from about 90 ms, and none is longer than a second.
        #expect(world.run(for: .seconds(3)) { bob.connection(to: alice)?.paths.active?.remote == alice.address })
        world.tap = nil
        #expect(world.canTalk(alice, bob))
    }

    @Test("packets of every length are read")  // [FRM-18]
    func lengths() throws {
        let siege = try Siege(seed: 602)
        for size in 30...400 { siege.send([.ping], size: size) }
        siege.send([.ping], size: 1471)
        siege.run(for: .milliseconds(100))
        #expect(siege.verdicts == [])
        #expect(siege.transport?.space.received.ranges.last.map { $0.upperBound } == siege.nextNumber)
    }

    @Test("every packet has one of eight sizes or fills its path, but a PING and its answer")  // [FRM-16] [FRM-17]
    func padding() {
        let world = World(seed: 603)
        let (alice, bob) = world.makeDirectPair()
        var sizes: [Int: Int] = [:]
        world.tap = { flight in
            if flight.kind == .data { sizes[flight.bytes.count - Limits.dataOverhead, default: 0] += 1 }
            return flight
        }
        alice.connect(to: bob)
        for length in [1, 20, 60, 90, 200, 300, 600, 1000, 3000] {
            alice.send(String(repeating: "x", count: length), to: bob)
            bob.setTyping(true, to: alice)
            world.run(for: .seconds(4))
        }
        alice.sendFile(1, name: "a", [UInt8](repeating: 7, count: 300_000), to: bob)
        world.run(for: .seconds(300))
        let steps: Set = [64, 128, 256, 512, 1171, 2048, 4096, 8192]
        // What fills a path has its size (§3.11); a PING by itself is one byte, and its answer is an ACK by itself.
        let others = sizes.filter { !steps.contains($0.key) && $0.key < 1171 }
        #expect(sizes[1] ?? 0 > 2 && others.keys.allSatisfy { $0 < Limits.minPlaintext }, "\(sizes)")
        #expect(others.filter { $0.key > 1 }.values.reduce(0, +) <= (sizes[1] ?? 0) + 2, "\(sizes)")
        #expect(steps.intersection(sizes.keys).count >= 5, "\(sizes)")
    }

    @Test("reserved streams are read and dropped")  // [STR-2]
    func reservedStreams() throws {
        let siege = try Siege(seed: 604)
        let held = siege.held
        for id in 4...15 as ClosedRange<UInt64> {
            for part in 0..<20 as Range<UInt64> { siege.send([siege.stream(id, part * 1000, 1000)]) }
        }
        siege.run(for: .seconds(1))
        #expect(siege.verdicts == [] && siege.held.bytes == held.bytes)
        siege.expectUnharmed()
    }

    @Test("the end of a stream that has none silences that stream alone", arguments: [false, true])  // [STR-3]
    func endedStreams(isReset: Bool) throws {
        let siege = try Siege(seed: 605)
        for id in 0...3 as ClosedRange<UInt64> where id != StreamID.chat {
            siege.send([
                isReset ? .resetStream(id: id, errorCode: 0, finalSize: 0) : siege.stream(id, 0, 0, fin: true)
            ])
        }
        siege.run(for: .milliseconds(100))
        let message = ChatMessage(id: MessageID(epoch: 5, counter: 1), time: 0, body: Array("still here".utf8))
        siege.send([stream(StreamID.chat, [message.encoded])])
        siege.run(for: .milliseconds(100))
        #expect(siege.verdicts == [] && siege.bob.texts.last == "still here")
    }

    @Test("a limit that is not greater than the present one is ignored")  // [STR-9]
    func smallerLimits() throws {
        let siege = try Siege(seed: 606)
        let before = try #require(siege.transport?.sendCredit.limit)
        siege.send([.maxData(before + 1000)])
        siege.send([.maxData(before), .maxData(0)])
        #expect(siege.transport?.sendCredit.limit == before + 1000)
        #expect(siege.verdicts == [])
    }

    @Test("bytes behind a record of fixed length are ignored")  // [REC-2]
    func longRecords() throws {
        let siege = try Siege(seed: 607)
        let id = MessageID(epoch: 1, counter: 1)
        let line = ChatMessage(id: id, time: 0, body: [0x61])
        siege.bob.endpoint.send(line, to: siege.key, at: siege.world.now)
        siege.bob.drain()
        siege.send([stream(StreamID.receipts, [Receipt(kind: .delivered, id: id).encoded + [1, 2, 3]])])
        siege.send([stream(StreamID.signs, [Sign.typing(true).encoded + [9]])])
        #expect(siege.bob.delivered.contains(id))
        #expect(siege.bob.events.contains { if case .typing(siege.key, true) = $0 { true } else { false } })
        let refusal = FileRecord.refuse(transfer: 9, reason: .declined).encoded + [0]
        siege.send([stream(StreamID.control, [refusal])])
        #expect(siege.verdicts == [])
    }

    @Test("offers without end are refused, and those that came before them wait")  // [FIL-8]
    func offers() throws {
        let siege = try Siege(seed: 608)
        var offset: UInt64 = 0
        var refused: Set<UInt64> = []
        // Bob accepts what he may: 1,024 wait for their content.
        for transfer in 0..<1100 as Range<UInt64> {
            let offer = FileOffer(
                transfer: transfer, salt: [UInt8](repeating: 1, count: 32), contentSize: 1, totalSize: 1, name: "x")
            let record = RecordReader.framed(FileRecord.offer(offer).encoded)
            siege.send([.stream(StreamFrame(id: StreamID.control, offset: offset, data: record, fin: false))])
            offset += UInt64(record.count)
            siege.run(for: .milliseconds(2), step: .milliseconds(2))
        }
        siege.run(for: .milliseconds(200))
        var answers = RecordReader(limit: 1024)
        var pieces: [UInt64: [UInt8]] = [:]
        for case .stream(let frame) in siege.packets.flatMap(\.frames) where frame.id == StreamID.control {
            pieces[frame.offset] = frame.data
        }
        for (_, bytes) in pieces.sorted(by: { $0.key < $1.key }) { answers.append(bytes) }
        while let record = try answers.next() {
            if case .refuse(let transfer, .tooMany) = try FileRecord(record.span) { refused.insert(transfer) }
        }
        #expect(refused == Set(1024..<1100))
        #expect(siege.connection?.incomingFiles.transfers.count == 1024)
    }

    // [BYT-4]
    @Test("a head of a stream that does not parse ends the session", arguments: [[1, 9], [0], [1, 1], [2, 3, 0]])
    func heads(head: [UInt8]) throws {
        let siege = try Siege(seed: 609)
        let bytes = head + [UInt8](repeating: 0, count: 8)
        siege.send([.stream(StreamFrame(id: StreamID.firstByteStream, offset: 0, data: bytes, fin: false))])
        #expect(siege.verdicts == [SessionError.malformedRecord.sentence], "\(head)")
    }

    @Test("an answer to a stream that is over is stopped")
    func lateAnswer() throws {
        let siege = try Siege(seed: 610)
        let head = StreamHead.answer(to: StreamID.firstByteStream + 7).encoded
        siege.send([.stream(StreamFrame(id: StreamID.firstByteStream, offset: 0, data: head, fin: false))])
        siege.run(for: .milliseconds(100))
        let stops = siege.packets.flatMap(\.frames).filter {
            if case .stopSending(StreamID.firstByteStream, 0) = $0 { true } else { false }
        }
        #expect(stops.count == 1 && siege.verdicts == [])
    }
}
