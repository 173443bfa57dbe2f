import PinholeWire

@testable import PinholeCore
@testable import PinholeCrypto

extension FuzzTarget {
    /// A contact says anything under the keys of a session.
    static let session = FuzzTarget(
        name: "session", maxLength: 4096,
        samples: {
            func stream(_ id: UInt64, _ offset: UInt64, _ record: [UInt8]) -> Frame {
                .stream(StreamFrame(id: id, offset: offset, data: RecordReader.framed(record), fin: false))
            }
            let message = ChatMessage(id: MessageID(epoch: 1, counter: 1), time: 2, body: Array("hello".utf8))
            let offer = FileOffer(
                transfer: 3, salt: [UInt8](repeating: 1, count: 32), entries: 1, manifestSize: 20, contentSize: 100,
                totalSize: 80, name: "a.txt")
            let frames: [[Frame]] = [
                [stream(StreamID.chat, 0, message.encoded), .ping],
                [stream(0, 0, FileRecord.offer(offer).encoded)],
                [
                    stream(0, 0, FileRecord.offer(offer).encoded),
                    stream(0, 85, FileRecord.begin(transfer: 3, stream: 16, group: 0).encoded),
                    .stream(StreamFrame(id: 16, offset: 0, data: [UInt8](repeating: 1, count: 140), fin: true)),
                ],
                [stream(2, 0, Receipt(kind: .delivered, id: MessageID(epoch: 7, counter: 1)).encoded)],
                [stream(3, 0, Sign.typing(true).encoded), .pathChallenge(7), .observedAddress(FuzzPeer.stranger)],
                [.candidates([Candidate(.host, FuzzPeer.stranger)]), .ack(AckFrame(ranges: [0...1], delay: 1))],
                [
                    .stream(
                        StreamFrame(id: StreamID.firstByteStream, offset: 0, data: [4, 1, 97, 98, 99, 7], fin: false))
                ],
                [.rekey(epoch: 1, key: X25519.publicKey(of: [UInt8](96..<128).span))],
                [.close(errorCode: 0, reason: [])],
            ]
            let spoken = frames.map { [0] + Choices.list($0.flatMap(encoded)) }
            return spoken + [
                spoken.dropLast().flatMap { $0 + [1, 40, 2, 3] }, [4, 0, 5, 0, 6, 0, 1, 200] + spoken[2],
            ]
        }
    ) { bytes in
        let bob = FuzzPeer()
        guard let alice = FuzzSession(with: bob) else { fatalError("broken: no session with whom is authentic") }
        must(bob.connection?.session?.isConfirmed == true, "a session that is not confirmed")
        let key = FuzzTarget.alice.publicKey
        var choices = Choices(bytes)
        var answers: [UInt64] = []
        var messages: UInt64 = 0
        while !choices.isAtEnd {
            let kind = choices.byte()
            switch kind & 7 {
            case 0: alice.say(choices.list(), to: bob)
            case 1: bob.pass(.milliseconds(Int(choices.byte())) * (kind & 8 == 0 ? 1 : 100))
            case 2: answers += alice.listen(to: bob)
            case 3:
                guard let last = answers.max() else { continue }
                let upper = last - min(last, UInt64(kind >> 3))
                alice.say(encoded(.ack(AckFrame(ranges: [0...upper], delay: 0))), to: bob)
            case 4:
                messages += 1
                let body = [UInt8](repeating: 97, count: Int(kind >> 3) * 100)
                bob.endpoint.send(
                    ChatMessage(id: MessageID(epoch: 7, counter: messages), time: 0, body: body), to: key, at: bob.now)
                bob.drain()
            case 5:
                let offer = FileOffer(
                    transfer: UInt64(kind >> 3), salt: [UInt8](repeating: 2, count: 32), entries: 1, manifestSize: 20,
                    contentSize: 5000, totalSize: 4980, name: "b")
                bob.endpoint.offer(offer, to: key, at: bob.now)
                bob.drain()
            case 6: alice.say(choices.list(), to: bob, from: FuzzPeer.stranger)
            default:
                bob.endpoint.ping(key, at: bob.now)
                bob.drain()
            }
            bob.mustBeBounded()
        }
        _ = alice.listen(to: bob)
    }
}
