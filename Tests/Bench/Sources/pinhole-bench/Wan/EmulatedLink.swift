import CEmulator
import Glibc

/// Two network namespaces at the ends of an emulated line. As with ``VethPair``, nothing of it has a name outside, and it is
/// gone with the processes that hold it.
///
/// The line is Ethernet without offloads: what a sender hands over as one long super-frame crosses as the packets that a
/// real line would carry, and each of them is lost or not by itself.
final class EmulatedLink: Link {
    let name = "emulated"
    let near: Place
    let far: Place
    private let holders: [Child]
    private let emulator: Child

    /// Needs root, `ip` and /dev/net/tun. Conditions are as `link-emulator --help` tells; they hold both ways.
    init(_ conditions: String) throws(Child.Failure) {
        let home = Place.loopback
        let holders = [
            try Child([Role.holdNetwork.rawValue], in: home), try Child([Role.holdNetwork.rawValue], in: home),
        ]
        for holder in holders { _ = try holder.hear("ready") }
        self.holders = holders
        let names = holders.map { String($0.pid) }
        near = Place(network: names[0], address: "10.78.0.1", isLoopback: false)
        far = Place(network: names[1], address: "10.78.0.2", isLoopback: false)
        let words = ["both"] + conditions.split(separator: " ").map(String.init)
        emulator = try Child([Role.emulator.rawValue, names[0] + "/eth0", names[1] + "/eth0"] + words, in: home)
        _ = try emulator.hear("ready")
        for place in [near, far] {
            for arguments in [
                ["link", "set", "lo", "up"], ["address", "add", place.address + "/24", "dev", "eth0"],
                ["link", "set", "eth0", "up"],
            ] { try Self.run("ip", arguments, place) }
        }
    }

    private static func run(_ program: String, _ arguments: [String], _ place: Place) throws(Child.Failure) {
        let child = try Child(program: program, arguments, in: place)
        guard try child.wait(within: 10) else {
            throw Child.Failure(description: "\(program) \(arguments.joined(separator: " ")) failed")
        }
    }
}
