import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// Somebody has kept HELLOs of a contact that never arrived, and sends them when the contact calls again.
@Suite("HELLOs that were held back")
struct HeldBackTests {
    /// One that the contact made so many milliseconds after the world began; the present one is of 5000.
    private func attempt(
        _ time: UInt64, of contact: HandmadeContact, id: UInt64 = 7, introID: IntroID = .random(),
        ephemeral: [UInt8]? = nil
    ) -> HandshakeAttempt {
        HandshakeAttempt(
            pair: contact.pair, connectionID: ConnectionID(rawValue: id), timestamp: World.unixMilliseconds + time,
            introID: introID, ephemeral: ephemeral)
    }

    @Test("do not push out the contact's newest, whenever they come", arguments: [false, true])  // [HS-57]
    func newest(comeBefore: Bool) throws {
        let contact = try HandmadeContact(seed: 31)
        let held = ([1000, 2000, 1500] as [UInt64]).map { attempt($0, of: contact) }
        // The keys are those of the first that is answered.
        contact.sendHello()
        if comeBefore {
            contact.connection?.pairings.removeAll()
            for attempt in held { contact.sendHello(of: attempt, from: strangerAddress(1)) }
            contact.sendHello()
        }
        for _ in 0..<3 {
            for attempt in held { contact.sendHello(of: attempt, from: strangerAddress(1)) }
        }
        #expect(contact.connection?.pairings.count == Limits.maxPeerHellos)
        contact.send([contact.auth])
        #expect(contact.connection?.session?.id == contact.keys?.sessionID)
    }

    @Test("do not push out one under which the contact was heard, though they are newer")  // [HS-57]
    func heard() throws {
        let contact = try HandmadeContact(seed: 32)
        contact.sendHello()
        contact.send([])
        for time in [6000, 7000, 8000] as [UInt64] {
            contact.sendHello(of: attempt(time, of: contact), from: strangerAddress(1))
        }
        contact.send([contact.auth])
        #expect(contact.connection?.session?.id == contact.keys?.sessionID)
    }

    @Test("do not keep an HS from waiting that comes before the HELLO to which it belongs")  // [HS-35]
    func early() throws {
        let contact = try HandmadeContact(seed: 33)
        contact.sendHello(of: attempt(1000, of: contact), from: strangerAddress(1))
        let answer = try #require(contact.keys?.peer)
        let keys = try #require(HandshakeKeys(pair: contact.pair, attempt: contact.attempt, peer: answer))
        var writer = ByteWriter()
        writer.frame(.auth(signature: keys.signature, parameters: []))
        contact.bob.receive(keys.seal(writer.bytes, size: Limits.handshakeSize), from: contact.address)
        #expect(contact.connection?.session == nil)
        contact.sendHello()
        #expect(contact.connection?.session?.id == keys.sessionID)
    }

    @Test("a plaintext that is paired already means that pairing, under whatever connection id")  // [HS-40]
    func otherConnectionID() throws {
        let contact = try HandmadeContact(seed: 34)
        let (ephemeral, introID) = ([UInt8](repeating: 9, count: 32), IntroID.random())
        for id in 1...3 as ClosedRange<UInt64> {
            contact.sendHello(of: attempt(6000, of: contact, id: id, introID: introID, ephemeral: ephemeral))
        }
        #expect(contact.connection?.pairings.count == 1)
    }

    @Test("an ACK with ECN counts has no place in HS")  // [HS-28] [HS-29]
    func ackECN() throws {
        let contact = try HandmadeContact(seed: 35)
        contact.sendHello()
        let counts = ECNCounts(ect0: 1, ect1: 0, ce: 0)
        contact.send([.ack(AckFrame(ranges: [0...0], delay: 0, ecn: counts)), contact.auth])
        #expect(contact.connection?.session == nil)
        contact.send([.ack(AckFrame(ranges: [0...0], delay: 0)), contact.auth])
        #expect(contact.connection?.session != nil)
    }
}
