import PinholeWire
import Testing

@testable import PinholeCrypto

/// The sealed parts of the signaling datagrams.
struct SignalingKeysTests {
    private struct File: Decodable {
        let serviceSecret: Hex
        let serviceSecretText: String
        let servicePublic: Hex
        let serviceText: String
        let ephemeralSecret: Hex
        let registers: [Register]
        let challenge: Challenge
        let registration: Hex
        let client: [Packet]
        let server: [Packet]

        struct Register: Decodable {
            let cookie: Hex
            let token: Hex
            let tag: Hex
            let nonce: Hex
            let datagram: Hex
        }

        struct Challenge: Decodable {
            let cookie: Hex
            let time: UInt64
            let observed: String
            let nonce: Hex
            let datagram: Hex
        }

        struct Packet: Decodable {
            let frames: Hex
            let datagram: Hex
        }
    }

    @Test("all four datagrams are those of the vectors, from both ends")  // [SIG-1]
    func vectors() throws {
        let file = try Vectors.load("signaling.json", as: File.self)
        let secret = try ServiceSecret(raw: file.serviceSecret.bytes)
        #expect(secret.text == file.serviceSecretText)
        #expect(secret.publicKey.text == file.serviceText)
        #expect(secret.publicKey.raw == file.servicePublic.bytes)
        let client = SignalingClientKeys(
            service: try ServiceKey(text: file.serviceText), ephemeral: file.ephemeralSecret.bytes)
        for vector in file.registers {
            let body = RegisterBody(
                cookie: vector.cookie.bytes, token: vector.token.bytes,
                tags: [TagEntry(tag: RendezvousTag(vector.tag.bytes), side: .hi, watch: true)])
            #expect(client.register(body, nonce: vector.nonce.bytes) == vector.datagram.bytes)
            let opened = try #require(SignalingServerKeys.open(register: vector.datagram.bytes, secret: secret))
            #expect(opened.body == body)
        }
        let registers = try #require(
            SignalingServerKeys.open(register: file.registers[0].datagram.bytes, secret: secret)
        ).keys
        let challenge = ChallengeBody(
            cookie: file.challenge.cookie.bytes, time: file.challenge.time,
            observed: try #require(TransportAddress(file.challenge.observed)))
        let datagram = registers.challenge(challenge, nonce: Nonce(copying: file.challenge.nonce.bytes.span))
        #expect(datagram == file.challenge.datagram.bytes)
        #expect(client.openChallenge(datagram) == challenge)

        let registration = file.registration.bytes.span.bigEndian64(at: 0)
        var server = registers.accept(registration: registration)
        for vector in file.client {
            #expect(client.seal(vector.frames.bytes, registration: registration) == vector.datagram.bytes)
            #expect(server.open(client: vector.datagram.bytes) == vector.frames.bytes)
            #expect(server.open(client: vector.datagram.bytes) == nil)
        }
        for vector in file.server {
            #expect(server.seal(vector.frames.bytes) == vector.datagram.bytes)
            #expect(client.open(vector.datagram.bytes) == vector.frames.bytes)
            #expect(client.open(vector.datagram.bytes) == nil)
        }
    }

    private let secret = ServiceSecret.generate()
    private let body = RegisterBody(cookie: [UInt8](repeating: 0, count: 16), token: [], tags: [])

    @Test("a service keeps a registration in 128 bytes and no heap memory")
    func size() {
        #expect(MemoryLayout<SignalingServerKeys>.size <= 128)
    }

    @Test("a REGISTER never repeats a nonce, and is never smaller than its CHALLENGE")  // [SIG-3]
    func registers() throws {
        let client = SignalingClientKeys(service: secret.publicKey)
        let one = client.register(body)
        let other = client.register(body)
        #expect(one.prefix(34) == other.prefix(34))
        #expect(one[34..<46] != other[34..<46])
        let keys = try #require(SignalingServerKeys.open(register: one, secret: secret)).keys
        let v6 = TransportAddress(IPAddress(v6High: 1 << 60, low: 1), port: 1)
        let challenge = keys.challenge(ChallengeBody(cookie: body.cookie, time: 1, observed: v6))
        #expect(challenge.count < one.count)
        #expect(client.openChallenge(challenge)?.observed == v6)
    }

    @Test("a REGISTER that is accepted twice leads to two registrations with different keys")  // [SIG-4]
    func repeatedRegister() throws {
        let client = SignalingClientKeys(service: secret.publicKey)
        let keys = try #require(SignalingServerKeys.open(register: client.register(body), secret: secret)).keys
        var one = keys.accept(registration: 1)
        var other = keys.accept(registration: 2)
        let first = one.seal([1, 2, 3])
        let second = other.seal([1, 2, 3])
        #expect(first[13...] != second[13...])
        #expect(client.open(first) == [1, 2, 3])
        #expect(client.open(second) == [1, 2, 3])
        #expect(client.open(first) == nil)
        let request = client.seal([9], registration: 1)
        #expect(other.open(client: request) == nil)
        #expect(one.open(client: request) == [9])
        #expect(client.seal([9], registration: 2)[9..<13] != request[9..<13])
    }

    @Test("another service, another client and the other direction open nothing")
    func strangers() throws {
        let client = SignalingClientKeys(service: secret.publicKey)
        let register = client.register(body)
        #expect(SignalingServerKeys.open(register: register, secret: .generate()) == nil)
        let keys = try #require(SignalingServerKeys.open(register: register, secret: secret)).keys
        var server = keys.accept(registration: 5)
        let stranger = SignalingClientKeys(service: secret.publicKey)
        #expect(stranger.open(server.seal([1])) == nil)
        #expect(server.open(client: stranger.seal([1], registration: 5)) == nil)
        var reflected = server.seal([1])
        reflected[0] = DatagramKind.clientByte
        #expect(server.open(client: reflected) == nil)
        var echoed = client.seal([1], registration: 5)
        echoed[0] = DatagramKind.serverByte
        #expect(client.open(echoed) == nil)
    }

    @Test("an e of small order is not answered", arguments: lowOrderPoints)
    func lowOrder(point: [UInt8]) {
        let datagram = [DatagramKind.registerByte, Limits.version] + point + randomBytes(222)
        #expect(SignalingServerKeys.open(register: datagram, secret: secret) == nil)
    }

    @Test("the same work in the caller's memory")
    func inPlace() throws {
        let client = SignalingClientKeys(service: secret.publicKey)
        let keys = try #require(SignalingServerKeys.open(register: client.register(body), secret: secret)).keys
        var server = keys.accept(registration: 5)
        let request = client.seal([1, 2, 3, 4], registration: 5)
        let (opened, reply) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { memory in
            let size = server.open(client: request.span, into: memory)
            let opened = size.map { [UInt8](memory[..<$0]) }
            let count = server.seal([5, 6].span, into: memory)
            return (opened, [UInt8](memory[..<count]))
        }
        #expect(opened == [1, 2, 3, 4])
        #expect(client.open(reply) == [5, 6])
        let large = client.seal([UInt8](repeating: 1, count: 65), registration: 5)
        let refused = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { memory in
            server.open(client: large.span, into: memory) == nil
        }
        #expect(refused)
    }
}
