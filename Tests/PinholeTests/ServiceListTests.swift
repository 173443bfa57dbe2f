import PinholeCrypto
import PinholeWire
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

    @Test("a service that only contacts carry is not looked for where none can be")  // [SRV-9]
    func unusable() throws {
        let (own, carried) = (try service("own.example"), try service("b.example"))
        var list = ServiceList([own])
        _ = list.follow([contact("bob", [carried])])
        let (inside, outside) = (TransportAddress("127.0.0.1:1")!, TransportAddress("192.0.2.1:1")!)
        func usable(_ address: ServiceAddress, _ found: [TransportAddress], loopback: Bool = false)
            -> [TransportAddress]?
        {
            try? list.usable(.success(found), for: address, allowsLoopback: loopback).get()
        }
        #expect(usable(own, [inside, outside]) == [inside, outside])
        #expect(usable(carried, [inside, TransportAddress("224.0.0.1:1")!, outside]) == [outside])
        #expect(usable(carried, [inside]) == nil)
        #expect(usable(carried, [inside, outside], loopback: true) == [inside, outside])
    }
}
