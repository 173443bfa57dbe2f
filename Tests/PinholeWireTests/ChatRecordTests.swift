import PinholeWire
import Testing

@Suite("records of chat and files")
struct ChatRecordTests {
    @Test("everything is read as it was written")
    func roundTrips() {
        Codec.message.roundTrips()
        Codec.receipt.roundTrips()
        Codec.sign.roundTrips()
        Codec.twin.roundTrips()
        Codec.file.roundTrips()
    }

    @Test("everything is refused when cut, at each byte")
    func truncation() throws {
        Codec.message.refusesTruncation(of: try #require(Codec.message.samples.first))
        for sample in Codec.receipt.samples { Codec.receipt.refusesTruncation(of: sample) }
        for sample in Codec.sign.samples { Codec.sign.refusesTruncation(of: sample) }
        for sample in Codec.twin.samples { Codec.twin.refusesTruncation(of: sample) }
        for sample in Codec.file.samples {
            // A name has no length of its own: it is what is left of the record.
            if case .offer(var offer) = sample {
                offer.name = ""
                Codec.file.refusesTruncation(of: .offer(offer))
            } else {
                Codec.file.refusesTruncation(of: sample)
            }
        }
    }

    @Test("a message or a name that is too long is refused")  // [MSG-4]
    func tooLong() {
        let body = [UInt8](repeating: 0x61, count: 24 + Limits.maxMessageBody + 1)
        #expect(throws: WireError.tooLong) { try Codec.message.decode(body) }
        let offer = [1] + [UInt8](repeating: 0, count: 65 + Limits.maxFileName + 1)
        #expect(throws: WireError.tooLong) { try Codec.file.decode(offer) }
    }

    @Test("a name that is not UTF-8 is refused", arguments: ["ff", "c080", "eda080", "f4908080", "61c3"])
    func name(text: String) {
        let offer = [1] + [UInt8](repeating: 0, count: 65) + hex(text)
        #expect(throws: WireError.malformed) { try Codec.file.decode(offer) }
    }

    @Test("kinds and reasons that do not exist are refused")
    func kinds() {
        for kind in [0, 3, 255] as [UInt8] {
            #expect(throws: WireError.malformed) { try Codec.receipt.decode([kind] + .init(repeating: 1, count: 16)) }
        }
        for kind in [0, 8, 255] as [UInt8] {
            #expect(throws: WireError.unknownType) { try Codec.file.decode([kind] + .init(repeating: 1, count: 60)) }
        }
        for reason in [0, 9, 255] as [UInt8] {
            #expect(throws: WireError.malformed) { try Codec.file.decode([3, 0, 0, 0, 0, 0, 0, 0, 1, reason]) }
            #expect(throws: WireError.malformed) { try Codec.file.decode([6, 0, 0, 0, 0, 0, 0, 0, 1, reason]) }
        }
    }
}
