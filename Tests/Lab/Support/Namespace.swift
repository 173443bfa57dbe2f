import CLab
import Foundation
import Glibc

/// A network namespace of the laboratory: a host with interfaces, routes, a firewall and programs of its own.
struct Namespace: Hashable, Sendable {
    let name: String

    static let directory = "/run/netns"
    private var path: String { "\(Self.directory)/\(name)" }

    /// Makes the namespace; it has nothing but a loopback interface.
    static func create(_ name: String) throws(LabError) -> Namespace {
        let namespace = Namespace(name: name)
        try Tool.ip(["netns", "add", name])
        try namespace.set("net.ipv6.conf.default.accept_dad", to: "0")
        try namespace.set("net.ipv6.conf.all.accept_dad", to: "0")
        try namespace.ip("link set lo up")
        return namespace
    }

    /// Kills what runs inside and removes it, whatever state it is in.
    func destroy() {
        killAll()
        try? Tool.ip(["netns", "del", name])
    }

    /// Runs `body` on this thread inside the namespace. Sockets and programs that it starts stay there.
    func enter<Result>(_ body: () throws(LabError) -> Result) throws(LabError) -> Result {
        let home = try Descriptor.open("/proc/thread-self/ns/net")
        defer { close(home) }
        let target = try Descriptor.open(path)
        defer { close(target) }
        guard lab_enter_namespace(target) == 0 else { throw LabError.system("enter namespace \(name)") }
        defer { _ = lab_enter_namespace(home) }
        return try body()
    }

    /// Runs a batch of `ip` commands, one a line.
    func ip(_ commands: String) throws(LabError) {
        try Tool.run("ip", ["-n", name, "-batch", "-"], input: commands + "\n")
    }

    /// Loads an nftables file.
    func nft(_ rules: String) throws(LabError) {
        try enter { () throws(LabError) in _ = try Tool.run("nft", ["-f", "-"], input: rules) }
    }

    /// Writes a kernel setting of this namespace.
    func set(_ setting: String, to value: String) throws(LabError) {
        try enter { () throws(LabError) in
            let path = "/proc/sys/" + setting.split(separator: ".").joined(separator: "/")
            let file = try Descriptor.open(path, O_WRONLY)
            defer { close(file) }
            guard write(file, value, value.utf8.count) == value.utf8.count else {
                throw LabError.system("set \(setting) to \(value) in \(name)")
            }
        }
    }

    /// Forgets every connection and mapping of this namespace's firewall, as a rebooting router does.
    func flushConnections() throws(LabError) {
        try enter { () throws(LabError) in _ = try Tool.run("conntrack", ["-F"]) }
    }

    /// The value of each named nftables counter.
    func counters() throws(LabError) -> [String: Counter] {
        struct List: Decodable {
            struct Item: Decodable { var counter: Named? }
            struct Named: Decodable { var name: String, packets: Int, bytes: Int }
            var nftables: [Item]
        }
        let text = try enter { () throws(LabError) in try Tool.run("nft", ["-j", "list", "counters"]) }
        guard let list = try? JSONDecoder().decode(List.self, from: Data(text.utf8)) else {
            throw LabError("nft printed counters that are not JSON: \(text)")
        }
        var counters: [String: Counter] = [:]
        for case let counter? in list.nftables.map(\.counter) {
            counters[counter.name] = Counter(packets: counter.packets, bytes: counter.bytes)
        }
        return counters
    }

    struct Counter: Equatable { var packets = 0, bytes = 0 }

    private func killAll() {
        guard let pids = try? Tool.run("ip", ["netns", "pids", name]) else { return }
        for pid in pids.split(separator: "\n").compactMap({ pid_t($0) }) where pid != getpid() { kill(pid, SIGKILL) }
    }
}

/// What went wrong in the laboratory itself, or what a program did not do in time.
struct LabError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    static func system(_ action: String, _ code: Int32 = errno) -> LabError {
        LabError("could not \(action): \(String(cString: strerror(code)))")
    }
}

/// Opening files so that no child inherits them.
enum Descriptor {
    static func open(_ path: String, _ flags: Int32 = O_RDONLY) throws(LabError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw LabError.system("open \(path)") }
        return descriptor
    }
}
