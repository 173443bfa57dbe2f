import PinholeCrypto
import Testing

@testable import Pinhole

@Suite("the services that a node uses")
struct ServiceListTests {
    private func service(_ host: String) throws -> ServiceAddress {
        try ServiceAddress("pinhole-signal://\(ServiceSecret.generate().publicKey.text)@\(host):1")
    }

    private func contact(_ name: String, _ services: [ServiceAddress]) -> Contact {
        Contact(name: name, key: Identity.generate().publicKey, services: services)
    }

    @Test("a service keeps its place, whoever carries it, and is used as long as somebody does")
    func places() throws {
        let (own, other, third) = (try service("own.example"), try service("b.example"), try service("c.example"))
        let bob = contact("bob", [other, own])
        let carol = contact("carol", [other])
        var list = ServiceList([own, own])
        #expect(list.all.count == 1)
        var isChanged = list.follow([bob, carol])
        #expect(isChanged && list.all.map(\.address) == [own, other])
        #expect(list.all[0].isOwn && list.all[0].carriers.isEmpty)
        #expect(list.all[1].carriers == [bob.key, carol.key])
        isChanged = list.follow([carol, bob])
        #expect(!isChanged)
        isChanged = list.follow([contact("dave", [third])])
        #expect(isChanged && list.all.map(\.address) == [own, other, third])
        #expect(list.addresses == [own, third])
        isChanged = list.follow([bob])
        #expect(isChanged && list.index(of: other) == 1)
        #expect(list.addresses == [own, other])
    }
}
