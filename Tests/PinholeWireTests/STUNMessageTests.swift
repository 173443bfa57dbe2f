import PinholeWire
import Testing

@Suite("STUN messages")
struct STUNMessageTests {
    private let transaction = "2112a442 b7e7a701 bc34d686 fa87dfae"

    @Test("the IPv4 response of RFC 5769 §2.2")
    func response4() throws {
        let bytes = hex(
            "0101003c \(transaction) 8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643"
                + "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96")
        let message = try STUNMessage(bytes.span)
        #expect(message.messageClass == .success && message.unknownAttributes.isEmpty)
        #expect(message.transactionID == .init(high: 0xb7e7_a701, low: 0xbc34_d686_fa87_dfae))
        #expect(message.mappedAddress == address("192.0.2.1:32853"))
    }

    @Test("the IPv6 response of RFC 5769 §2.3")
    func response6() throws {
        let bytes = hex(
            "01010048 \(transaction) 8022000b 74657374 20766563 746f7220"
                + "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
                + "00080014 a382954e 4be67ff1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c")
        let message = try STUNMessage(bytes.span)
        #expect(message.mappedAddress == address("[2001:db8:1234:5678:11:2233:4455:6677]:32853"))
        var own = STUNMessage(.success, transactionID: message.transactionID)
        own.mappedAddress = message.mappedAddress
        #expect(own.encoded == hex("01010018 \(transaction) 00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"))
    }

    @Test("every message is read as it was written, and refused when cut or continued")
    func roundTrip() {
        Codec.stun.roundTrips()
        for sample in Codec.stun.samples {
            let bytes = sample.encoded
            for count in 0..<bytes.count {
                #expect(throws: WireError.self) { try STUNMessage(Array(bytes[..<count]).span) }
            }
            #expect(throws: WireError.malformed) { try STUNMessage((bytes + [0]).span) }
            #expect(throws: WireError.malformed) { try STUNMessage((bytes + [0, 0, 0, 0]).span) }
        }
    }

    @Test(
        "a damaged header or attribute is refused",
        arguments: [
            "00010000 2112a443 b7e7a701 bc34d686 fa87dfae", "00010001 2112a442 b7e7a701 bc34d686 fa87dfae 00",
            "00010004 2112a442 b7e7a701 bc34d686 fa87dfae 00200001", "00020000 2112a442 b7e7a701 bc34d686 fa87dfae",
            "01010008 2112a442 b7e7a701 bc34d686 fa87dfae 00200008 0001a147",
            "0101000c 2112a442 b7e7a701 bc34d686 fa87dfae 00200008 0003a147 e112a643",
            "0101000c 2112a442 b7e7a701 bc34d686 fa87dfae 00200008 0002a147 e112a643",
            "01110008 2112a442 b7e7a701 bc34d686 fa87dfae 00090004 00000764",
            "01110008 2112a442 b7e7a701 bc34d686 fa87dfae 00090004 00000214",
            "01110008 2112a442 b7e7a701 bc34d686 fa87dfae 00090004 00000464",
        ])
    func damaged(text: String) {
        let bytes = hex(text)
        #expect(throws: WireError.self) { try STUNMessage(bytes.span) }
    }

    @Test("attributes that must be understood are listed, the others are passed over")
    func unknown() throws {
        let bytes = hex(
            "00010018 \(transaction) 00240004 6e0001ff 80290008 932ff9b1 51263b36 7ffe0000")
        var request = try STUNMessage(bytes.span)
        #expect(request.unknownAttributes == [0x0024, 0x7ffe])
        request.messageClass = .error(code: 420)
        let answer = request.encoded
        #expect(answer == hex("01110010 \(transaction) 00090004 00000414 000a0004 00247ffe"))
        #expect(try STUNMessage(answer.span).messageClass == .error(code: 420))
    }

    @Test("RESPONSE-PORT is two bytes and padding, and read also from those who count the padding")
    func responsePort() throws {
        var request = STUNMessage(.request, transactionID: .init(high: 0xb7e7_a701, low: 0xbc34_d686_fa87_dfae))
        request.responsePort = 50_000
        #expect(request.encoded == hex("00010008 \(transaction) 00270002 c3500000"))
        let counted = hex("00010008 \(transaction) 00270004 c3500000")
        #expect(try STUNMessage(counted.span) == request)
        for length in [0, 1, 3] {
            let bytes = hex("00010008 \(transaction) 002700\(length < 10 ? "0" : "")\(length) c3500000")
            #expect(throws: WireError.malformed) { try STUNMessage(bytes.span) }
        }
    }

    @Test("a request that holds an ERROR-CODE stays a request")
    func errorInRequest() throws {
        let bytes = hex("00010008 \(transaction) 00090004 00000414")
        #expect(try STUNMessage(bytes.span).messageClass == .request)
    }

    @Test("XOR-MAPPED-ADDRESS is believed before MAPPED-ADDRESS, whichever comes first")
    func mapped() throws {
        let plain = "00010008 00010001 c6336401"
        let masked = "00200008 0001a147 e112a643"
        for (first, second) in [(plain, masked), (masked, plain)] {
            let bytes = hex("01010018 \(transaction) \(first) \(second)")
            #expect(try STUNMessage(bytes.span).mappedAddress == address("192.0.2.1:32853"))
        }
        let bytes = hex("0101000c \(transaction) \(plain)")
        #expect(try STUNMessage(bytes.span).mappedAddress == address("198.51.100.1:1"))
    }
}
