import PinholeWire
import Testing

@Suite("signaling messages")
struct SignalingMessageTests {
    @Test("everything is read as it was written")
    func roundTrips() {
        Codec.request.roundTrips()
        Codec.reply.roundTrips()
        Codec.register.roundTrips()
        Codec.challenge.roundTrips()
        Codec.introduction.roundTrips()
        Codec.candidates.roundTrips()
    }

    @Test("everything is refused when cut, at each byte")
    func truncation() throws {
        for (codec, sample) in Codec.request.samples.map({ (Codec.request, $0) }) { cut(codec, sample) }
        for (codec, sample) in Codec.reply.samples.map({ (Codec.reply, $0) }) { cut(codec, sample) }
        for sample in Codec.challenge.samples { Codec.challenge.refusesTruncation(of: sample) }
        for sample in Codec.introduction.samples {
            // It may end behind the candidates, and have more behind the round.
            let whole = sample.encoded
            for count in 0..<whole.count where count != whole.count - 10 {
                #expect(throws: WireError.truncated) { try Introduction(Array(whole[..<count]).span) }
            }
            let short = Introduction(behavior: sample.behavior, candidates: sample.candidates)
            #expect(try Introduction(Array(whole.dropLast(10)).span) == short)
            #expect(try Introduction((whole + [1, 2, 3]).span) == sample)
        }
        // The padding of a REGISTER may be missing, but nothing before it.
        for sample in Codec.register.samples {
            let size = SignalingLayout.cookieSize + 1 + sample.token.count + 1 + 17 * sample.tags.count
            for count in 0..<size {
                #expect(throws: WireError.truncated) { try RegisterBody(Array(sample.encoded[..<count]).span) }
            }
        }
    }

    /// Nothing at all is an end of the messages, and no error.
    private func cut<Value>(_ codec: Codec<Value?>, _ sample: Value?) {
        let bytes = codec.encode(sample)
        for count in 1..<max(bytes.count, 1) {
            #expect(throws: WireError.truncated, "\(codec.name)") { try codec.decode(Array(bytes[..<count])) }
        }
        #expect((try? codec.decode([])) == .some(.none))
        #expect((try? codec.decode([0, 0, 0])) == .some(.none))
        #expect((try? codec.decode([0, 0] + bytes)) == .some(sample))
    }

    @Test("a port 0 that a service names is none")  // [SIG-45]
    func portZero() throws {
        var registered = SignalingReply.Registered(
            registration: 1, lifetime: 90, time: 2, observed: TransportAddress("192.0.2.1:4000")!,
            alternatePorts: [0, 41_415, 0], secondAddress: TransportAddress("192.0.2.2:0")!)
        let bytes = Codec.reply.encode(.registered(registered))
        registered.alternatePorts = [41_415]
        registered.secondAddress = nil
        #expect(try Codec.reply.decode(bytes) == .registered(registered))
    }

    @Test("a REGISTER datagram is large enough that no answer exceeds it")  // [SIG-6]
    func padding() {
        for sample in Codec.register.samples {
            #expect(sample.encoded.count + SignalingLayout.registerHeader + 16 >= Limits.registerSize)
        }
        for sample in Codec.challenge.samples {
            #expect(sample.encoded.count + SignalingLayout.challengeHeader + 16 < Limits.registerSize)
        }
    }

    @Test("unknown types are refused")
    func unknown() {
        for type in 1...255 as ClosedRange<UInt8> {
            let bytes = [type] + [UInt8](repeating: 0, count: 99)
            if !(1...6).contains(type) {
                #expect(throws: WireError.unknownType) { try Codec.request.decode(bytes) }
            }
            if !(0x81...0x88).contains(type) {
                #expect(throws: WireError.unknownType) { try Codec.reply.decode(bytes) }
            }
        }
    }

    @Test("more than this version accepts is refused before it is read")  // [SIG-22] [SIG-36]
    func tooLong() {
        let tag = [UInt8](repeating: 1, count: 16)
        let tags = UInt8(Limits.maxTagsPerMessage + 1)
        #expect(throws: WireError.tooLong) { try Codec.request.decode([0x02, 1, tags]) }
        #expect(throws: WireError.tooLong) { try Codec.request.decode([0x03] + tag + [0, 0x04, 0x01]) }
        #expect(throws: WireError.tooLong) { try Codec.reply.decode([0x82] + tag + [5]) }
        #expect(throws: WireError.tooLong) { try Codec.register.decode(tag + [0, tags]) }
        #expect(throws: WireError.tooLong) { try Codec.candidates.decode([UInt8(Limits.maxCandidates + 1)]) }
    }

    @Test("a side that is neither, and a candidate of no kind, are refused")  // [SIG-7] [SIG-23]
    func malformed() {
        let tag = [UInt8](repeating: 1, count: 16)
        #expect(throws: WireError.malformed) { try Codec.request.decode([0x03] + tag + [2, 0, 0]) }
        #expect(throws: WireError.malformed) { try Codec.request.decode([0x02, 1, 1] + tag + [0x82]) }
        #expect(throws: WireError.malformed) { try Codec.candidates.decode([1, 4, 4, 192, 0, 2, 1, 1, 1]) }
        #expect(throws: WireError.malformed) { try Codec.candidates.decode([1, 0, 5, 192, 0, 2, 1, 1, 1]) }
    }

    @Test("zero bytes between requests are skipped")  // [SIG-20]
    func zeroBytes() throws {
        let bytes: [UInt8] = [0, 0, 0x01, 0, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x05, 0]
        var reader = ByteReader(bytes.span)
        var requests: [SignalingRequest] = []
        while true {
            guard let request = try SignalingRequest(&reader) else { break }
            requests.append(request)
        }
        #expect(requests == [.refresh, .ping(0x0102_0304_0506_0708), .unregister])
    }

    @Test("an introduction may end early, and go on beyond what is known")  // [CND-3]
    func introductionLength() throws {
        let allocation = PortAllocation(kind: .sequential, delta: 1, low: 40_001, high: 40_004, last: 40_004)
        let whole = Introduction(
            behavior: NATBehavior(byte: 0x43), candidates: [Candidate(.host, TransportAddress("192.0.2.1:5")!)],
            allocation: allocation, round: 3)
        let bytes = whole.encoded
        func read(_ bytes: [UInt8]) throws -> Introduction { try Introduction(bytes.span) }
        #expect(try read(bytes + [1, 2, 3]) == whole)
        var short = whole
        (short.allocation, short.round) = (PortAllocation(), 0)
        #expect(try read(bytes.dropLast(10)) == short)
        #expect(throws: WireError.self) { try read(bytes.dropLast(1)) }
    }

    @Test("each NAT behaviour is one byte, and a class of the future is unknown")  // [CND-2]
    func behavior() {
        for byte in 0...255 as ClosedRange<UInt8> {
            let behavior = NATBehavior(byte: byte)
            #expect(NATBehavior(byte: behavior.byte) == behavior)
            #expect((byte >> 4 <= 4 && byte & 15 <= 3) == (behavior.byte == byte))
        }
    }
}
