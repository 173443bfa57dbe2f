import PinholeWire

/// A codec for what ``ByteReader`` and ``ByteWriter`` read and write in the middle of other things.
private func inline<Value: Equatable>(
    _ name: String, _ samples: [Value], _ write: @escaping (inout ByteWriter, Value) -> Void,
    _ read: @escaping (inout ByteReader) throws -> Value
) -> Codec<Value> {
    Codec(
        name: name, samples: samples,
        encode: { value in
            var writer = ByteWriter()
            write(&writer, value)
            return writer.bytes
        },
        decode: { bytes in
            var reader = ByteReader(bytes.span)
            return try read(&reader)
        })
}

private let tag = RendezvousTag(0..<16 as Range<UInt8>)
private let addresses = [address("192.0.2.1:443"), address("[2001:db8::1]:1")]

extension Codec where Value == UInt64 {
    static var varint: Self {
        inline("varint", [0, 64, 1 << 14, 1 << 62 - 1], { $0.varint($1) }, { try $0.varint() })
    }
}

extension Codec where Value == TransportAddress {
    static var address: Self { inline("address", addresses, { $0.address($1) }, { try $0.address() }) }
}

extension Codec where Value == [Candidate] {
    static var candidates: Self {
        let some = [Candidate(.host, addresses[0]), Candidate(.serverReflexive, addresses[1])]
        let more = [Candidate(.peerReflexive, addresses[1]), Candidate(.portMapped, addresses[0])]
        let most = [Candidate](repeating: some[1], count: Limits.maxCandidates)
        return inline("candidates", [some, [], more, most], { $0.candidates($1) }, { try $0.candidates() })
    }
}

extension Codec where Value == Frame {
    static var frame: Self {
        let ranges: [ClosedRange<UInt64>] = [100...200, 98...98, 0...5]
        let most = (0..<UInt64(Limits.maxAckRanges)).reversed().map { 1000 * $0...1000 * $0 + 1 }
        let samples: [Frame] = [
            .padding, .ping, .ack(AckFrame(ranges: ranges, delay: 25_000)), .ack(AckFrame(ranges: most, delay: 0)),
            .ack(AckFrame(ranges: [0...(1 << 62 - 1)], delay: 1)),
            .ack(AckFrame(ranges: ranges, delay: 7, ecn: ECNCounts(ect0: 1 << 62 - 1, ect1: 0, ce: 300))),
            .resetStream(id: 16, errorCode: 3, finalSize: 1 << 40), .stopSending(id: 17, errorCode: 1 << 20),
            .stream(StreamFrame(id: 1, offset: 0, data: [1, 2, 3], fin: false)),
            .stream(StreamFrame(id: 70, offset: 1 << 33, data: .init(repeating: 9, count: 70), fin: true)),
            .stream(StreamFrame(id: 1 << 61, offset: 1 << 61, data: [], fin: true)),
            .maxData(1 << 62 - 1), .maxStreamData(id: 1, limit: 512 * 1024),
            .ackFrequency(AckFrequency(sequence: 1, threshold: 10, maxDelay: 25_000, reorderingThreshold: 3)),
            .pathChallenge(.max), .pathResponse(1),
            .close(errorCode: 0x1f, reason: Array("bye".utf8)), .close(errorCode: 0, reason: []),
            .auth(signature: .init(repeating: 5, count: 64), parameters: [1, 2]),
            .candidates([Candidate(.host, addresses[0]), Candidate(.portMapped, addresses[1])]),
            .observedAddress(addresses[0]), .observedAddress(addresses[1]),
            .rekey(epoch: 1, key: .init(repeating: 6, count: 32)),
            .reauth(epoch: .max, signature: .init(repeating: 7, count: 64)),
        ]
        return inline("frame", samples, { $0.frame($1) }, { try $0.frame() })
    }
}

extension Codec where Value == SignalingRequest? {
    static var request: Self {
        let entries = [TagEntry(tag: tag, side: .lo, watch: true), TagEntry(tag: tag, side: .hi, watch: false)]
        let most = [TagEntry](repeating: entries[0], count: Limits.maxTagsPerMessage)
        let samples: [SignalingRequest?] = [
            .refresh, .tags(entries, first: true), .tags([], first: false), .tags(most, first: false),
            .connect(tag: tag, side: .hi, blob: [1, 2, 3]), .answer(tag: tag, side: .lo, blob: []),
            .connect(tag: tag, side: .lo, blob: .init(repeating: 8, count: Limits.maxBlob)), .unregister, .ping(7),
        ]
        return inline(
            "request", samples, { writer, value in value.map { writer.request($0) } }, { try SignalingRequest(&$0) })
    }
}

extension Codec where Value == SignalingReply? {
    static var reply: Self {
        let registered = SignalingReply.Registered(
            registration: 1 << 63, lifetime: 90, time: 1_700_000_000_000, observed: addresses[0],
            alternatePorts: [1, 65_535])
        var second = registered
        second.secondAddress = addresses[1]
        let samples: [SignalingReply?] = [
            .registered(registered), .registered(second), .peer(tag: tag, observed: addresses, blob: [1]),
            .peer(tag: tag, observed: [], blob: []), .absent(tag: tag), .appeared(tag: tag), .vanished(tag: tag),
            .notice(Array("until noon".utf8)), .draining, .pong(.max),
        ]
        return inline(
            "reply", samples, { writer, value in value.map { writer.reply($0) } }, { try SignalingReply(&$0) })
    }
}

extension Codec where Value == RegisterBody {
    static var register: Self {
        let entry = TagEntry(tag: tag, side: .hi, watch: true)
        let cookie = [UInt8](repeating: 3, count: SignalingLayout.cookieSize)
        let full = [TagEntry](repeating: entry, count: Limits.maxTagsPerMessage)
        let samples = [
            RegisterBody(cookie: cookie, token: [1, 2], tags: [entry]),
            RegisterBody(cookie: cookie, token: [], tags: []),
            RegisterBody(cookie: cookie, token: .init(repeating: 4, count: 255), tags: full),
        ]
        return Codec(name: "register", samples: samples, encode: \.encoded, decode: { try RegisterBody($0.span) })
    }
}

extension Codec where Value == ChallengeBody {
    static var challenge: Self {
        let samples = addresses.map { ChallengeBody(cookie: .init(repeating: 3, count: 16), time: 17, observed: $0) }
        return Codec(name: "challenge", samples: samples, encode: \.encoded, decode: { try ChallengeBody($0.span) })
    }
}

extension Codec where Value == Introduction {
    static var introduction: Self {
        let behavior = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressDependent)
        let samples = Codec<[Candidate]>.candidates.samples.flatMap { candidates in
            [PortAllocation(), PortAllocation(kind: .sequential, delta: -256, low: 1, high: .max, last: 0x8001)].map {
                Introduction(behavior: behavior, candidates: candidates, allocation: $0, round: 7)
            }
        }
        return Codec(name: "introduction", samples: samples, encode: \.encoded, decode: { try Introduction($0.span) })
    }
}

extension Codec where Value == Beacon {
    static var beacon: Self {
        let samples = [1, 8, Limits.beaconEntries].map { count in
            Beacon(nonce: .init(repeating: 9, count: 16), entries: (0..<count).map { UInt64($0) << 40 | 7 })
        }
        return Codec(name: "beacon", samples: samples, encode: \.encoded, decode: { try Beacon($0.span) })
    }
}

extension Codec where Value == ChatMessage {
    static var message: Self {
        let samples = [0, 1, Limits.maxMessageBody].map {
            ChatMessage(id: MessageID(epoch: .max, counter: 1), time: 2, body: .init(repeating: 0x61, count: $0))
        }
        return Codec(name: "message", samples: samples, encode: \.encoded, decode: { try ChatMessage($0.span) })
    }
}

extension Codec where Value == Receipt {
    static var receipt: Self {
        let samples = [Receipt.Kind.delivered, .read].map { Receipt(kind: $0, id: MessageID(epoch: 5, counter: .max)) }
        return Codec(name: "receipt", samples: samples, encode: \.encoded, decode: { try Receipt($0.span) })
    }
}

extension Codec where Value == Sign {
    static var sign: Self {
        Codec(
            name: "sign", samples: [.typing(true), .typing(false), .unknown(kind: 200)], encode: \.encoded,
            decode: { try Sign($0.span) })
    }
}

extension Codec where Value == TwinBlob {
    static var twin: Self {
        let samples = [Role.lo, .hi].map { TwinBlob(instance: .max, challenge: 1 << 63, echo: 0, side: $0) }
        return Codec(name: "twin", samples: samples, encode: \.encoded, decode: { try TwinBlob($0.span) })
    }
}

extension Codec where Value == FileRecord {
    static var file: Self {
        let hash = [UInt8](repeating: 0xab, count: 32)
        func offer(_ shape: FileOffer.Shape, _ size: UInt64, _ name: String) -> FileRecord {
            .offer(
                FileOffer(
                    transfer: 3, salt: hash, shape: shape, entries: .max, manifestSize: 70, contentSize: size,
                    totalSize: size, name: name))
        }
        let samples: [FileRecord] =
            [
                .accept(transfer: 1, FileHoldings(groups: .max, digest: hash)),
                .begin(transfer: 2, stream: 16, group: 1 << 40), .done(transfer: .max),
                .inquire(transfer: 7), offer(.file, .max, "naïve.txt"),
                offer(.folder, 0, String(repeating: "n", count: Limits.maxFileName)),
            ] + FileRecord.Refusal.allCases.map { .refuse(transfer: 9, reason: $0) }
            + FileRecord.Postponement.allCases.map { .wait(transfer: 9, reason: $0) }
        return Codec(name: "file", samples: samples, encode: \.encoded, decode: { try FileRecord($0.span) })
    }
}

extension Codec where Value == STUNMessage {
    /// The types of attributes that were not understood are no part of what is compared: they are written as the
    /// answer to a request, and not read from one.
    static var stun: Self {
        let transaction = STUNMessage.TransactionID(high: 1, low: 2)
        var request = STUNMessage(.request, transactionID: transaction)
        request.changeIP = true
        var elsewhere = STUNMessage(.request, transactionID: transaction)
        elsewhere.changePort = true
        elsewhere.responsePort = 50_000
        var success = STUNMessage(.success, transactionID: transaction)
        success.mappedAddress = addresses[0]
        success.responseOrigin = addresses[1]
        success.otherAddress = addresses[0]
        var other = STUNMessage(.success, transactionID: transaction)
        other.mappedAddress = addresses[1]
        let samples = [
            STUNMessage(.request, transactionID: transaction), request, elsewhere, success, other,
            STUNMessage(.error(code: 420), transactionID: transaction),
            STUNMessage(.error(code: 0), transactionID: transaction),
        ]
        return Codec(
            name: "STUN", samples: samples, encode: \.encoded,
            decode: { bytes in
                var message = try STUNMessage(bytes.span)
                message.unknownAttributes = []
                return message
            })
    }
}
