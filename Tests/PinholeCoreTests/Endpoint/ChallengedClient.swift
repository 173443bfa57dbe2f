import PinholeCrypto
import PinholeWire
import Signaling
import Simulator
import TestSupport
import Testing

@testable import PinholeCore

/// A client that was challenged by its service, and the keys by which that speaks to it as registration 9.
func challengedClient(
    at now: Instant, _ entropy: inout Entropy
) throws -> (client: SignalingClient, registration: SignalingServerKeys) {
    let secret = ServiceSecret.generate()
    var client = SignalingClient(
        1, RendezvousService(id: 0, key: secret.publicKey, addresses: []), at: strangerAddress(1), now: now)
    _ = client.handleTimeout(at: now, &entropy)
    let register = try #require(client.takeOutgoing().first)
    let keys = try #require(SignalingServerKeys.open(register: register.span, secret: secret)?.keys)
    let challenge = keys.challenge(
        ChallengeBody(
            cookie: [UInt8](repeating: 1, count: 16), time: World.unixMilliseconds, observed: strangerAddress(2)))
    _ = client.receive(challenge.span, kind: .challenge, at: now, &entropy)
    return (client, keys.accept(registration: 9))
}
