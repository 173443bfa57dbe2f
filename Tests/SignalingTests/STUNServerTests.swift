import PinholeWire
import Testing

@testable import Signaling

@Suite("STUN server")
struct STUNServerTests {
    private let transaction = STUNMessage.TransactionID(high: 0xb7e7_a701, low: 0xbc34_d686_fa87_dfae)
    private let server = STUNServer()

    private func request(changeIP: Bool = false, changePort: Bool = false, responsePort: UInt16? = nil) -> [UInt8] {
        var request = STUNMessage(.request, transactionID: transaction)
        request.changeIP = changeIP
        request.changePort = changePort
        request.responsePort = responsePort
        return request.encoded
    }

    private func answer(
        _ datagram: [UInt8], from source: TransportAddress = "192.0.2.1:32853", at socket: UInt8 = 0,
        second: Bool = false
    ) -> (message: STUNMessage, answer: STUNServer.Answer)? {
        let answer = server.answer(
            datagram.span, from: source, at: LocalEndpoint(socket: socket), in: World.topology(second: second))
        guard let answer, let message = try? STUNMessage(answer.datagram.span) else { return nil }
        return (message, answer)
    }

    @Test("the XOR-MAPPED-ADDRESS of an answer is RFC 5769 §2.2's and §2.3's, byte for byte")  // [STN-1]
    func testVectors() throws {
        let four = try #require(answer(request())).answer.datagram
        #expect(Array(four[4...].prefix(16)) == hex("2112a442 b7e7a701bc34d686fa87dfae"))
        #expect(Array(four[20...]) == hex("0020 0008 0001 a147 e112a643"))
        let source: TransportAddress = "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
        let six = try #require(answer(request(), from: source, at: 4)).answer.datagram
        #expect(Array(six[20...]) == hex("0020 0014 0002 a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"))
    }

    @Test("RFC 5769 §2.1's request asks for what only ICE agents know: 420 names PRIORITY")  // [STN-7]
    func sampleRequest() throws {
        let sample = hex(
            """
            00010058 2112a442 b7e7a701bc34d686fa87dfae
            80220010 5354554e207465737420636c69656e74
            00240004 6e0001ff
            80290008 932ff9b151263b36
            00060009 6576746a3a68367659202020
            00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
            80280004 e57a3bcf
            """)
        let (message, _) = try #require(answer(sample))
        #expect(message.messageClass == .error(code: 420))
        let datagram = try #require(answer(sample)).answer.datagram
        #expect(Array(datagram.suffix(8)) == hex("000a 0002 0024 0000"))
    }

    @Test("with one address an answer holds the mapped address alone")  // [STN-2]
    func minimal() throws {
        let (message, answer) = try #require(self.answer(request()))
        #expect(message.mappedAddress == "192.0.2.1:32853")
        #expect(message.otherAddress == nil)
        #expect(message.responseOrigin == nil)
        #expect(answer.datagram.count == 32)
        #expect(answer.endpoint == LocalEndpoint(socket: 0))
    }

    @Test("change-port is answered from the next port, on each port", arguments: 0..<4 as Range<UInt8>)  // [STN-3]
    func changePort(socket: UInt8) throws {
        let (message, answer) = try #require(self.answer(request(changePort: true), at: socket))
        #expect(answer.endpoint.socket == (socket + 1) % 4)
        #expect(message.responseOrigin == TransportAddress(World.serviceV4, port: 41414 + UInt16((socket + 1) % 4)))
        #expect(message.mappedAddress == "192.0.2.1:32853")
    }

    // [STN-5]
    @Test("RESPONSE-PORT turns an answer to another port of the same address, from the port that was asked or its next")
    func responsePort() throws {
        let source: TransportAddress = "192.0.2.1:32853"
        for changePort in [false, true] {
            let asked = request(changePort: changePort, responsePort: 50_000)
            let (message, answer) = try #require(self.answer(asked, from: source))
            #expect(answer.destination == "192.0.2.1:50000")
            #expect(answer.endpoint == LocalEndpoint(socket: changePort ? 1 : 0))
            // What it says is still where the request came from.
            #expect(message.mappedAddress == source)
            #expect(answer.datagram.count <= asked.count + 16)
        }
        #expect(try #require(self.answer(request(), from: source)).answer.destination == source)
        #expect(self.answer(request(responsePort: 0), from: source) == nil)
        // A refusal goes to whoever asked.
        let refused = try #require(self.answer(request(changeIP: true, responsePort: 50_000), from: source))
        #expect(refused.answer.destination == source && refused.message.messageClass == .error(code: 420))
    }

    // [STN-4] [STN-6]
    @Test("change-IP is refused with 420 where there is one address, and answered from the second where there is one")
    func changeIP() throws {
        #expect(try #require(answer(request(changeIP: true))).message.messageClass == .error(code: 420))
        let (message, changed) = try #require(answer(request(changeIP: true, changePort: true), second: true))
        #expect(message.responseOrigin == "203.0.113.2:41415")
        #expect(changed.endpoint == LocalEndpoint(socket: 9))
        let (plain, _) = try #require(answer(request(), second: true))
        #expect(plain.otherAddress == "203.0.113.2:41415")
        #expect(plain.responseOrigin == "203.0.113.1:41414")
        // There is no second IPv6 address.
        #expect(
            try #require(answer(request(), from: "[2001:db8::7]:1", at: 4, second: true)).message.otherAddress == nil)
    }

    @Test("responses, other methods, damaged lengths and truncations get no answer")  // [STN-8]
    func silence() throws {
        let response = try #require(answer(request())).answer.datagram
        #expect(answer(response) == nil)
        var allocate = request()
        allocate[1] = 3
        #expect(answer(allocate) == nil)
        let whole = request(changePort: true)
        for count in 0..<whole.count { #expect(answer(Array(whole.prefix(count))) == nil) }
        for length in 0..<64 where length != 8 {
            var damaged = whole
            damaged[3] = UInt8(length)
            #expect(answer(damaged) == nil)
        }
        var oldStyle = request()
        oldStyle[4] ^= 1
        #expect(answer(oldStyle) == nil)
    }

    @Test("a request that is made of unknown attributes is refused in no more than its size and a little")  // [STN-7]
    func manyUnknownAttributes() throws {
        for count in 1...40 {
            var writer = ByteWriter()
            writer.u16(1)
            writer.u16(UInt16(4 * count))
            writer.u32(STUNMessage.magicCookie)
            writer.zeros(12)
            for number in 0..<count {
                writer.u16(0x0100 + UInt16(number))
                writer.u16(0)
            }
            let (message, answer) = try #require(self.answer(writer.bytes))
            #expect(message.messageClass == .error(code: 420))
            #expect(answer.datagram.count <= writer.count + 12)
        }
    }
}

/// The bytes that hexadecimal text with white space stands for.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
    }
}
