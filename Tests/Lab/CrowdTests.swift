import Foundation
import Pinhole
import Testing

extension Laboratory {
    @Suite("many contacts")
    struct CrowdTests {
        @Test("a program with 1,000 contacts, most of whom are never there, meets the one who is")
        func crowd() async throws {
            try await Network.run([.home, .home]) { network in
                let service = try SignalingService(on: network)
                let (alice, bob) = try Peer.pair(at: network.sites, of: network, service: service.address)
                let profile = try Profile.open(at: alice.directory + "/profile") { nil }
                for number in 1..<1000 {
                    try profile.add(Contact(name: "contact-\(number)", key: Identity.generate().publicKey))
                }
                let listener = try alice.listen()
                try listener.expect("service-up", within: .seconds(30))
                #expect(try bob.run(["send", "alice", "hello"]).status == .exited(0))
                try listener.expect(message: "hello")
            }
        }
    }
}
