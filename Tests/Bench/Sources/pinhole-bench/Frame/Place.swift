import CBench
import Glibc

/// A host of a measurement: this machine's loopback, or a network namespace at one end of a virtual cable.
struct Place {
    /// The process whose network namespace it is, or "-".
    let network: String
    let address: String
    let isLoopback: Bool
    /// The core that its programs run on; the scheduler's choice without.
    var core: Int?

    /// How ``Role/inside`` is told.
    var name: String { core.map { "\(network)@\($0)" } ?? network }

    static let loopback = Place(network: "-", address: "127.0.0.1", isLoopback: true)
}

/// The two hosts between which something is measured.
protocol Link {
    var name: String { get }
    var near: Place { get }
    var far: Place { get }
}

struct Loopback: Link {
    let name = "loopback"
    let near = Place.loopback
    let far = Place.loopback
}

/// A link whose ends compute on a core each, as two machines do: whether the scheduler puts two processes that wait for
/// each other on one core or on two changes a round trip fivefold.
struct PinnedLink: Link {
    let name: String
    let near: Place
    let far: Place
    /// Its namespaces live as long as it does.
    private let link: any Link

    init(_ link: any Link) {
        self.link = link
        name = link.name
        var (near, far) = (link.near, link.far)
        if sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1 { (near.core, far.core) = (0, 1) }
        (self.near, self.far) = (near, far)
    }
}

/// Two network namespaces and a veth pair between them. Nothing of it has a name outside: it is gone with the two
/// processes that hold it, and they go with the bench, however it ends.
final class VethPair: Link {
    let name = "veth"
    let near: Place
    let far: Place
    private let holders: [Child]

    /// Needs root and `ip`.
    init() throws(Child.Failure) {
        let home = Place.loopback
        let holders = [
            try Child([Role.holdNetwork.rawValue], in: home), try Child([Role.holdNetwork.rawValue], in: home),
        ]
        for holder in holders { _ = try holder.hear("ready") }
        self.holders = holders
        let names = holders.map { String($0.pid) }
        near = Place(network: names[0], address: "10.77.0.1", isLoopback: false)
        far = Place(network: names[1], address: "10.77.0.2", isLoopback: false)
        try Self.run(
            ["link", "add", "be0", "netns", names[0], "type", "veth", "peer", "name", "be1", "netns", names[1]], home)
        for (place, interface) in [(near, "be0"), (far, "be1")] {
            try Self.run(["link", "set", "lo", "up"], place)
            try Self.run(["address", "add", place.address + "/24", "dev", interface], place)
            try Self.run(["link", "set", interface, "up"], place)
        }
    }

    private static func run(_ arguments: [String], _ place: Place) throws(Child.Failure) {
        let child = try Child(program: "ip", arguments, in: place)
        guard try child.wait(within: 10) else {
            throw Child.Failure(description: "ip \(arguments.joined(separator: " ")) failed")
        }
    }

    /// The link to measure over: a veth pair where this machine lets us have one, loopback otherwise.
    static func orLoopback() -> any Link {
        do throws(Child.Failure) {
            return try VethPair()
        } catch {
            say("note: no veth pair (\(error)), so loopback stands in for it; it takes root and iproute2")
            return Loopback()
        }
    }
}
