import Glibc

/// What the kernel knows about the UDP sockets of a namespace.
extension Network {
    /// The local ports of all UDP sockets.
    func udpPorts(on host: Namespace) throws(LabError) -> [UInt16] {
        Array(Set(try sockets(on: host).map(\.port))).sorted()
    }

    /// How many datagrams to `port` the kernel threw away because the process did not read them.
    func droppedDatagrams(_ port: UInt16, on host: Namespace) throws(LabError) -> Int {
        try sockets(on: host).filter { $0.port == port }.reduce(0) { $0 + $1.dropped }
    }

    /// Returns when the process behind `port` has read everything that was sent to it.
    func waitUntilRead(_ port: UInt16, on host: Namespace) throws(LabError) {
        _ = try reactor.wait(for: "port \(port) to be read", within: .seconds(10)) {
            try sockets(on: host).allSatisfy { $0.port != port || $0.waiting == 0 } ? true : nil
        }
    }

    private struct Socket {
        let port: UInt16
        let waiting: Int
        let dropped: Int

        /// One line of /proc/net/udp; nil for its heading.
        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard fields.count > 12, let port = UInt16(fields[1].suffix(4), radix: 16),
                let waiting = Int(fields[4].suffix(8), radix: 16), let dropped = Int(fields[12])
            else { return nil }
            (self.port, self.waiting, self.dropped) = (port, waiting, dropped)
        }
    }

    private func sockets(on host: Namespace) throws(LabError) -> [Socket] {
        try host.enter { () throws(LabError) in
            try Self.lines("/proc/thread-self/net/udp") + Self.lines("/proc/thread-self/net/udp6")
        }.compactMap(Socket.init)
    }

    private static func lines(_ path: String) throws(LabError) -> [Substring] {
        let file = try Descriptor.open(path)
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
}
