import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole
@testable import PinholeCore

@Suite("the guests of one's own invites")
struct GuestTests {
    @Test("of a guest whose invite is no more nothing is kept, though he is connected")
    func gone() throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        let loop = try DatagramLoop(isLoopback: true)
        defer { loop.stop() }
        let core = NodeLoop(
            profile: profile, configuration: NodeConfiguration(downloadDirectory: folder.path("downloads")),
            loop: loop, hub: EventHub())
        let now = MonotonicClock.now
        let invite = try profile.invite(
            as: "alice", services: [], expiresAt: WallClock.unixMilliseconds + 86_400_000)
        let guest = invite.link.invite.guest.publicKey
        core.follow([invite.link], at: now)
        core.introduced(
            Identity.generate().publicKey.key, InviteIntroduction(name: "Bob", places: []), by: guest)
        core.told[guest] = .waiting
        core.follow([invite.link], at: now)
        #expect(core.introductions.count == 1 && core.told.count == 1)
        core.follow([], at: now)
        #expect(core.guests.isEmpty && core.introductions.isEmpty && core.told.isEmpty)
    }
}
