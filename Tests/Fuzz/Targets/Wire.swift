import PinholeWire

@testable import Signaling

extension FuzzTarget {
    /// What parses bytes into values, and writes them again.
    static let wire: [FuzzTarget] = [
        stun, requests, replies, registration, frames, acknowledgements, introduction, beacon, chat, files, manifest,
        invites,
    ]

    /// What decodes is written as something that decodes to the same, and is no longer than it may be.
    private static func cycle<Value: Equatable>(
        _ bytes: [UInt8], _ decode: ([UInt8]) throws -> Value, _ encode: (Value) -> [UInt8]
    ) -> Value? {
        guard let value = try? decode(bytes) else { return nil }
        let written = encode(value)
        guard let again = try? decode(written) else { fatalError("broken: \(value) is written as nothing") }
        must(again == value, "\(value) is written as \(again)")
        must(encode(again) == written, "\(value) is written in two ways")
        return value
    }

    private static let v4 = TransportAddress("192.0.2.1:443")!
    private static let v6 = TransportAddress("[2001:db8::1]:1")!
    private static let tag = RendezvousTag(0..<16 as Range<UInt8>)

    // MARK: STUN

    private static let stun = FuzzTarget(
        name: "stun", maxLength: 256,
        samples: {
            let transaction = STUNMessage.TransactionID(high: 1, low: 2)
            var request = STUNMessage(.request, transactionID: transaction)
            request.changeIP = true
            request.changePort = true
            request.responsePort = 50_000
            var success = STUNMessage(.success, transactionID: transaction)
            success.mappedAddress = v4
            success.responseOrigin = v6
            success.otherAddress = v4
            var refusal = STUNMessage(.error(code: 420), transactionID: transaction)
            refusal.unknownAttributes = [3, 6, 9]
            return [STUNMessage(.request, transactionID: transaction), request, success, refusal].map(\.encoded)
        }
    ) { bytes in
        _ = cycle(
            bytes,
            {
                var message = try STUNMessage($0.span)
                message.unknownAttributes = []
                return message
            }, \.encoded)
        for (source, endpoint) in [(v4, UInt8(0)), (v6, 4)] {
            let answer = STUNServer().answer(
                bytes.span, from: source, at: LocalEndpoint(socket: endpoint), in: topology)
            guard let answer else { continue }
            must(answer.destination.ip == source.ip && answer.destination.port != 0, "an answer for somebody else")
            must(answer.datagram.count <= bytes.count + 96, "an answer of \(answer.datagram.count) bytes")
            must((try? STUNMessage(answer.datagram.span)) != nil, "an answer that is no STUN")
        }
    }

    private static let topology = Topology(
        sockets: [("203.0.113.1", false), ("2001:db8::1", false), ("203.0.113.2", true)].flatMap { ip, isSecond in
            (0..<4).map {
                Topology.Socket(
                    address: TransportAddress(IPAddress(ip)!, port: 41414 + UInt16($0)), portIndex: $0,
                    isSecond: isSecond)
            }
        })

    // MARK: Signaling

    private static let requests = FuzzTarget(
        name: "requests", maxLength: 1200,
        samples: {
            let entries = [TagEntry(tag: tag, side: .lo, watch: true), TagEntry(tag: tag, side: .hi, watch: false)]
            let requests: [SignalingRequest] = [
                .refresh, .tags(entries, first: true), .connect(tag: tag, side: .hi, blob: [1, 2, 3]),
                .answer(tag: tag, side: .lo, blob: []), .unregister, .ping(7),
            ]
            return requests.map(encoded) + [requests.flatMap(encoded)]
        }
    ) { bytes in
        var reader = ByteReader(bytes.span)
        while let request = (try? SignalingRequest(&reader)) ?? nil {
            _ = cycle(
                encoded(request),
                {
                    var reader = ByteReader($0.span)
                    return try SignalingRequest(&reader)
                }, { $0.map(encoded) ?? [] })
        }
    }

    private static let replies = FuzzTarget(
        name: "replies", maxLength: 1200,
        samples: {
            var registered = SignalingReply.Registered(
                registration: 1 << 63, lifetime: 90, time: 1_700_000_000_000, observed: v4,
                alternatePorts: [1, 65_535])
            registered.secondAddress = v6
            let replies: [SignalingReply] = [
                .registered(registered), .peer(tag: tag, observed: [v4, v6], blob: [1]), .absent(tag: tag),
                .appeared(tag: tag), .vanished(tag: tag), .notice(Array("until noon".utf8)), .draining, .pong(.max),
            ]
            return replies.map(encoded) + [replies.flatMap(encoded)]
        }
    ) { bytes in
        var reader = ByteReader(bytes.span)
        while let reply = (try? SignalingReply(&reader)) ?? nil {
            _ = cycle(
                encoded(reply),
                {
                    var reader = ByteReader($0.span)
                    return try SignalingReply(&reader)
                }, { $0.map(encoded) ?? [] })
        }
    }

    static func encoded(_ request: SignalingRequest) -> [UInt8] {
        var writer = ByteWriter()
        writer.request(request)
        return writer.bytes
    }

    static func encoded(_ reply: SignalingReply) -> [UInt8] {
        var writer = ByteWriter()
        writer.reply(reply)
        return writer.bytes
    }

    private static let registration = FuzzTarget(
        name: "registration", maxLength: 1200,
        samples: {
            let entry = TagEntry(tag: tag, side: .hi, watch: true)
            let cookie = [UInt8](repeating: 3, count: SignalingLayout.cookieSize)
            return [
                RegisterBody(cookie: cookie, token: [1, 2], tags: [entry]).encoded,
                ChallengeBody(cookie: cookie, time: 17, observed: v6).encoded,
                TwinBlob(instance: 1, challenge: 2, echo: 3, side: .hi).encoded,
            ]
        }
    ) { bytes in
        if let body = cycle(bytes, { try RegisterBody($0.span) }, \.encoded) {
            must(body.tags.count <= Limits.maxTagsPerMessage, "\(body.tags.count) tags")
        }
        _ = cycle(bytes, { try ChallengeBody($0.span) }, \.encoded)
        _ = cycle(bytes, { try TwinBlob($0.span) }, \.encoded)
    }

    // MARK: Frames

    private static let frames = FuzzTarget(
        name: "frames", maxLength: 1400,
        samples: {
            let ranges: [ClosedRange<UInt64>] = [100...200, 98...98, 0...5]
            let frames: [Frame] = [
                .padding, .ping, .ack(AckFrame(ranges: ranges, delay: 25_000)),
                .ack(AckFrame(ranges: ranges, delay: 7, ecn: ECNCounts(ect0: 1 << 62 - 1, ect1: 0, ce: 300))),
                .resetStream(id: 16, errorCode: 3, finalSize: 1 << 40), .stopSending(id: 17, errorCode: 1 << 20),
                .stream(StreamFrame(id: 1, offset: 0, data: [1, 2, 3], fin: false)),
                .stream(StreamFrame(id: 70, offset: 1 << 33, data: .init(repeating: 9, count: 70), fin: true)),
                .maxData(1 << 62 - 1), .maxStreamData(id: 1, limit: 512 * 1024),
                .ackFrequency(AckFrequency(sequence: 1, threshold: 10, maxDelay: 25_000, reorderingThreshold: 3)),
                .pathChallenge(.max), .pathResponse(1), .close(errorCode: 0x1f, reason: Array("bye".utf8)),
                .auth(signature: .init(repeating: 5, count: 64), parameters: [1, 2]),
                .candidates([Candidate(.host, v4), Candidate(.portMapped, v6)]), .observedAddress(v4),
                .rekey(epoch: 1, key: .init(repeating: 6, count: 32)),
                .reauth(epoch: .max, signature: .init(repeating: 7, count: 64)),
            ]
            return frames.map(encoded) + [frames.flatMap(encoded)]
        }
    ) { bytes in
        var reader = ByteReader(bytes.span)
        while !reader.isAtEnd, let frame = try? reader.frame() {
            let decoded = cycle(
                encoded(frame),
                {
                    var reader = ByteReader($0.span)
                    return try reader.frame()
                }, encoded)
            must(decoded == frame, "\(frame) is written as \(String(describing: decoded))")
            switch frame {
            case .candidates(let candidates): must(candidates.count <= Limits.maxCandidates, "too many candidates")
            case .stream(let stream):
                must(stream.offset + UInt64(stream.data.count) < 1 << 62, "an offset that no acknowledgement can name")
            default: break
            }
        }
    }

    static func encoded(_ frame: Frame) -> [UInt8] {
        var writer = ByteWriter()
        writer.frame(frame)
        return writer.bytes
    }

    /// The two that are parsed in place: they say what the others say.
    private static let acknowledgements = FuzzTarget(
        name: "acknowledgements", maxLength: 1400,
        samples: {
            let most = (0..<UInt64(Limits.maxAckRanges)).reversed().map { 1000 * $0...1000 * $0 + 1 }
            return [[5...9, 0...0], most, [0...1 << 62 - 1]].map {
                encoded(.ack(AckFrame(ranges: $0, delay: 1, ecn: ECNCounts(ect0: 1, ect1: 2, ce: 3))))
            } + [encoded(.stream(StreamFrame(id: 17, offset: 1 << 30, data: [1, 2], fin: true)))]
        }
    ) { bytes in
        var reader = ByteReader(bytes.span)
        var frame = AckFrame(ranges: [], delay: 0)
        while !reader.isAtEnd {
            var other = reader
            switch reader.nextFrame {
            case .ack:
                let isFrame = (try? reader.ackFrame(into: &frame)) != nil
                let known = try? other.frame()
                must((known != nil) == isFrame, "an acknowledgement to one reader only")
                guard isFrame else { return }
                must(known == .ack(frame) && reader.position == other.position, "\(frame) is read in two ways")
                must((1...Limits.maxAckRanges).contains(frame.ranges.count), "\(frame.ranges.count) ranges")
                for (upper, lower) in zip(frame.ranges, frame.ranges.dropFirst()) {
                    must(lower.upperBound + 1 < upper.lowerBound, "ranges that touch: \(frame.ranges)")
                }
            case .stream:
                let known = try? other.frame()
                guard let stream = try? reader.streamFrame() else { return must(known == nil, "one reader only") }
                let copy = StreamFrame(
                    id: stream.id, offset: stream.offset, data: [UInt8](copying: stream.data), fin: stream.fin)
                must(known == .stream(copy) && reader.position == other.position, "\(copy) is read in two ways")
            case .other:
                guard (try? reader.frame()) != nil else { return }
            }
        }
    }

    // MARK: The rest

    private static let introduction = FuzzTarget(
        name: "introduction", maxLength: 1024,
        samples: {
            let candidates = [Candidate(.host, v4), Candidate(.serverReflexive, v6)]
            let behavior = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressDependent)
            let allocation = PortAllocation(kind: .sequential, delta: -256, low: 1, high: .max, last: 0x8001)
            return [
                Introduction(behavior: behavior, candidates: candidates, allocation: allocation, round: 7).encoded,
                Introduction(behavior: behavior, candidates: []).encoded,
            ]
        }
    ) { bytes in
        guard let value = cycle(bytes, { try Introduction($0.span) }, \.encoded) else { return }
        must(value.candidates.count <= Limits.maxCandidates, "\(value.candidates.count) candidates")
    }

    private static let beacon = FuzzTarget(
        name: "beacon", maxLength: 1200,
        samples: {
            [1, 8, Limits.beaconEntries].map { count in
                Beacon(nonce: .init(repeating: 9, count: 16), entries: (0..<count).map { UInt64($0) << 40 | 7 }).encoded
            }
        }
    ) { bytes in
        guard let beacon = cycle(bytes, { try Beacon($0.span) }, \.encoded) else { return }
        must(beacon.encoded == bytes, "a beacon that can be said in two ways")
    }

    private static let chat = FuzzTarget(
        name: "chat", maxLength: 4096,
        samples: {
            [
                ChatMessage(id: MessageID(epoch: .max, counter: 1), time: 2, body: Array("hello".utf8)).encoded,
                Receipt(kind: .read, id: MessageID(epoch: 5, counter: .max)).encoded, Sign.typing(true).encoded,
                StreamHead.open(name: Array("tar".utf8)).encoded, StreamHead.answer(to: 1 << 40).encoded,
            ]
        }
    ) { bytes in
        if let message = cycle(bytes, { try ChatMessage($0.span) }, \.encoded) {
            must(message.encoded == bytes, "a message that can be said in two ways")
        }
        _ = cycle(bytes, { try Receipt($0.span) }, \.encoded)
        _ = cycle(bytes, { try Sign($0.span) }, \.encoded)
        // Its length stands before it.
        _ = cycle(
            [0] + bytes,
            {
                let record = Array($0.dropFirst())
                return try StreamHead(record.span)
            }, \.encoded)
    }

    private static let offer = FileOffer(
        transfer: 3, salt: [UInt8](repeating: 0xab, count: 32), shape: .folder, entries: 3, manifestSize: 0,
        contentSize: 0, totalSize: 0, name: "naïve")

    private static let files = FuzzTarget(
        name: "files", maxLength: 512,
        samples: {
            let hash = [UInt8](repeating: 0xab, count: 32)
            let records: [FileRecord] = [
                .offer(offer), .accept(transfer: 1, FileHoldings(groups: .max, digest: hash)),
                .begin(transfer: 2, stream: 16, group: 1 << 40), .done(transfer: .max),
                .refuse(transfer: 9, reason: .corrupt), .wait(transfer: 9, reason: .asking),
                .inquire(transfer: 9),
            ]
            return records.map(\.encoded)
        }
    ) { bytes in
        guard let record = cycle(bytes, { try FileRecord($0.span) }, \.encoded) else { return }
        guard case .offer(let offer) = record else { return }
        must(offer.name.utf8.count <= Limits.maxFileName, "a name of \(offer.name.utf8.count) bytes")
        // A transfer with more is refused before anything is asked of it.
        guard offer.contentSize <= UInt64(Int64.max) else { return }
        must(offer.range(of: offer.groups).isEmpty, "content behind the last group")
        if offer.groups > 0 { must(!offer.range(of: offer.groups - 1).isEmpty, "a last group of nothing") }
    }

    private static let manifest = FuzzTarget(
        name: "manifest", maxLength: 4096,
        samples: {
            func entry(_ kind: FileManifest.Entry.Kind, _ path: String) -> FileManifest.Entry {
                FileManifest.Entry(kind: kind, mode: 0o644, seconds: 1, nanoseconds: 2, path: path)
            }
            return [
                FileManifest([entry(.file(size: 5, data: [0..<5]), "")]).encoded,
                FileManifest([
                    entry(.folder, ""), entry(.folder, "a"), entry(.file(size: 0, data: []), "a/b"),
                    entry(.file(size: 1 << 40, data: [0..<4096, 8192..<8193]), "c"),
                ]).encoded,
            ]
        }
    ) { bytes in
        // What an offer must say of these bytes, so that they can pass.
        var offer = offer
        offer.manifestSize = UInt32(bytes.count)
        var reader = ByteReader(bytes.span)
        offer.shape = (try? reader.u8()) == 3 ? .folder : .file
        for sizes in manifestSizes(bytes) {
            (offer.entries, offer.contentSize, offer.totalSize) = sizes
            guard let manifest = try? FileManifest(bytes.span, of: offer) else { continue }
            let written = manifest.encoded
            must(manifest.entries.count == Int(offer.entries), "another number of entries")
            var again = offer
            again.manifestSize = UInt32(written.count)
            again.contentSize = offer.contentSize - UInt64(bytes.count) + UInt64(written.count)
            must((try? FileManifest(written.span, of: again)) == manifest, "a manifest that is written as another")
            for entry in manifest.entries {
                let names = entry.path.split(separator: "/", omittingEmptySubsequences: false)
                must(entry.path.isEmpty || !names.contains { ["", ".", ".."].contains($0) }, "a path: \(entry.path)")
                must(entry.dataSize <= entry.size, "more data than the file has")
            }
        }
    }

    /// Adds up what a reader that knows only the layout finds.
    private static func manifestSizes(_ bytes: [UInt8]) -> [(UInt32, UInt64, UInt64)] {
        var reader = ByteReader(bytes.span)
        var (entries, content, total) = (UInt32(0), UInt64(bytes.count), UInt64(0))
        while !reader.isAtEnd {
            guard let kind = try? reader.u8(), (try? reader.skip(14)) != nil, let length = try? reader.length(),
                (try? reader.skip(length)) != nil
            else { return [] }
            entries += 1
            guard kind != 3 else { continue }
            guard let size = try? reader.varint() else { return [] }
            total &+= size
            guard kind == 2 else {
                content &+= size
                continue
            }
            guard let count = try? reader.length() else { return [] }
            for _ in 0..<count {
                guard (try? reader.varint()) != nil, let length = try? reader.varint() else { return [] }
                content &+= length
            }
        }
        return [(entries, content, total)]
    }

    private static let invites = FuzzTarget(
        name: "invites", maxLength: 1024,
        samples: {
            let places = [
                Place(serviceKey: [UInt8](repeating: 1, count: 32), host: "signal.example.org", port: 41414),
                Place(host: "192.0.2.1", port: 7000),
            ]
            let content = InviteContent(
                inviter: [UInt8](repeating: 2, count: 32), secret: [UInt8](repeating: 3, count: 16), expiry: .max,
                binding: [UInt8](repeating: 4, count: 16), name: "Alice", places: places)
            let introduction = InviteRecord.introduction(
                key: [UInt8](repeating: 2, count: 32), signature: [UInt8](repeating: 5, count: 64),
                InviteIntroduction(name: "Bob", places: places))
            return [content.encoded, introduction.encoded, InviteRecord.verdict(.accepted).encoded]
        }
    ) { bytes in
        if let content = cycle(bytes, { try InviteContent($0.span) }, \.encoded) {
            must(content.name.utf8.count <= Limits.maxInviteName, "a name that is too long")
            must(content.places.count <= Limits.maxInvitePlaces, "too many places")
        }
        _ = cycle(bytes, { try InviteRecord($0.span) }, \.encoded)
    }
}
