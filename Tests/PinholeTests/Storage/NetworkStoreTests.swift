import GRDB
import PinholeCore
import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole

@Suite("what is remembered of networks")
struct NetworkStoreTests {
    let folder: TemporaryDirectory
    let store: Store
    let identity = Identity.generate()

    init() throws {
        folder = try TemporaryDirectory()
        store = try Store(path: folder.path("db"), identity: identity)
    }

    private func network(_ number: UInt8) -> NetworkID {
        NetworkID(of: IPAddress(bytes: [198, 51, 100, number])!)
    }

    @Test("a network comes back with all that was measured, and with what was not")
    func networks() throws {
        let full = NATProfile(
            behavior: NATBehavior(mapping: .addressAndPortDependent, filtering: .addressDependent),
            allocation: PortAllocation(kind: .sequential, delta: -256, low: 0, high: 65_535, last: 40_000),
            hairpins: true, lifetime: .milliseconds(117_500), lifetimeLimit: .milliseconds(121_250))
        let records = [
            NetworkRecord(id: network(1), family: .v4, profile: full, time: 1000, lifetimeTime: 2000),
            NetworkRecord(id: network(2), family: .v6, profile: NATProfile(), time: 3000),
        ]
        for record in records { try store.remember(record) }
        var later = records[0]
        later.profile.hairpins = false
        later.time = 4000
        try store.remember(later)
        let reopened = try Store(path: folder.path("db"), identity: identity)
        #expect(Set(try reopened.networks()) == [later, records[1]])
    }

    @Test("of many networks the newest are kept")
    func manyNetworks() throws {
        for number in UInt8(0)..<100 {
            let time = UInt64(number) + 1
            try store.remember(NetworkRecord(id: network(number), family: .v4, profile: NATProfile(), time: time))
        }
        #expect(Set(try store.networks().map(\.time)) == Set(37...100))
    }

    @Test("what worked for a contact is kept by both networks, as long as there is the contact")
    func strategies() throws {
        let (bob, stranger) = (Identity.generate().publicKey, Identity.generate().publicKey)
        try store.add(Contact(name: "bob", key: bob))
        func strategy(_ key: PublicKey, _ peerNetwork: UInt8, _ strategy: UInt8) -> RememberedStrategy {
            let key = RememberedStrategy.Key(network: network(1), peer: key.key, peerNetwork: network(peerNetwork))
            return RememberedStrategy(key: key, strategy: strategy, time: 1000)
        }
        for remembered in [strategy(bob, 2, 1), strategy(bob, 3, 1), strategy(bob, 2, 5), strategy(stranger, 2, 1)] {
            try store.remember(remembered)
        }
        let reopened = try Store(path: folder.path("db"), identity: identity)
        #expect(Set(try reopened.strategies()) == [strategy(bob, 2, 5), strategy(bob, 3, 1)])
        try store.removeContact(named: "bob")
        #expect(try reopened.strategies().isEmpty)
    }

    @Test(
        "a network that a newer version wrote is passed over",
        arguments: ["allocation = 9", "behavior = 300", "delta = 70000", "low = -1"])
    func newer(change: String) throws {
        try store.remember(NetworkRecord(id: network(1), family: .v4, profile: NATProfile(), time: 1))
        try store.change("UPDATE network SET \(change)", [])
        #expect(try store.networks().isEmpty)
    }
}
