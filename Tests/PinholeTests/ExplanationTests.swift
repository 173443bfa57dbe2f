import PinholeCore
import PinholeWire
import Testing

@testable import Pinhole

@Suite("why a contact could not be reached")
struct ExplanationTests {
    private let hard = NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
    private let easy = NATBehavior(mapping: .endpointIndependent, filtering: .addressDependent)

    @Test("where there is no path, the error names both NATs, in words and as values")
    func networks() throws {
        let error = PinholeError(.noDirectPath(own: hard, peer: easy), name: "bob")
        #expect(error.code == .noDirectPath)
        #expect(
            error.message.english
                == "no direct path to bob: your network has a hard NAT (another port for every destination), "
                + "and bob's network has an easy NAT (one port for all destinations)")
        let networks = try #require(error.networks)
        #expect(networks.own.mapping == .addressAndPortDependent && networks.own.filtering == .addressAndPortDependent)
        #expect(networks.peer.mapping == .endpointIndependent && networks.peer.filtering == .addressDependent)
    }

    @Test("what to do depends on whose NAT is hard")
    func remedies() {
        func hint(_ own: NATBehavior, _ peer: NATBehavior) -> String? {
            PinholeError(.noDirectPath(own: own, peer: peer), name: "bob").hint?.english
        }
        #expect(hint(hard, hard)?.contains("a port mapping on one of the routers") == true)
        #expect(hint(hard, easy)?.contains("a port mapping on your router") == true)
        #expect(hint(easy, hard)?.contains("a port mapping on bob's router") == true)
        #expect(hint(easy, easy)?.contains("a firewall may block UDP between you") == true)
    }

    @Test("no other reason speaks of networks, and each says what to do")
    func others() {
        let reasons: [(UnreachableReason, PinholeError.Code)] = [
            (.noService, .unreachableService), (.offline, .peerOffline), (.noAnswer, .peerOffline),
            (.directTimeout, .peerOffline), (.noCommonVersion(own: 1...1, peer: 2...3), .other),
        ]
        for (reason, code) in reasons {
            let error = PinholeError(reason, name: "bob")
            #expect(error.code == code && error.networks == nil && error.hint != nil)
        }
    }
}
