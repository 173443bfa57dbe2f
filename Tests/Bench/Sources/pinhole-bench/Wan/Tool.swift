import CBench
import Glibc

/// Programs of this machine.
enum Tool {
    /// Where a program is; root's directories are searched even when PATH lacks them.
    static func path(_ name: String) -> String? {
        ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}

/// What the kernel says of TCP.
enum TCP {
    static func isAvailable(_ congestionControl: String) -> Bool {
        contents(of: "/proc/sys/net/ipv4/tcp_available_congestion_control").split(whereSeparator: \.isWhitespace)
            .contains { $0 == congestionControl }
    }

    /// What sockets use that do not choose for themselves. A new network namespace takes it from the first one, and may
    /// not always change it.
    static var defaultCongestionControl: String {
        String(contents(of: "/proc/sys/net/ipv4/tcp_congestion_control").prefix { !$0.isNewline }).uppercased()
    }

    static func waitForListener(_ port: Int, in place: Place) throws(Child.Failure) {
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        for _ in 0..<500 {
            for file in ["tcp", "tcp6"] {
                let sockets = contents(of: "/proc/\(place.network)/net/\(file)").split(separator: "\n")
                let isThere = sockets.contains { line in
                    let words = line.split(separator: " ")
                    return words.count > 3 && words[1].hasSuffix(suffix) && words[3] == "0A"
                }
                if isThere { return }
            }
            usleep(10_000)
        }
        throw Child.Failure(description: "nobody listens on TCP port \(port)")
    }

    /// What all connections of a listener's port have received, by the kernel's count.
    static func received(on port: Int, in place: Place) throws(Child.Failure) -> Arrived {
        let child = try Child(program: "ss", ["-tinH", "sport", "=", ":\(port)"], in: place)
        let words = try child.hearAll(within: 5).split(whereSeparator: \.isWhitespace)
        let time = monotonicNanoseconds()
        let label = "bytes_received:"
        let bytes = words.filter { $0.hasPrefix(label) }.compactMap { UInt64($0.dropFirst(label.count)) }
        return Arrived(nanoseconds: time, bytes: bytes.reduce(0, +))
    }

    static func contents(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A QUIC stack that distributions have, and a program of ours around it (Peers/quic.go), built when it is needed.
enum QUICStack {
    /// The program's path; nil where it cannot be built.
    static let program: String? = build()

    private static let libraries = "/usr/share/gocode"

    private static func build() -> String? {
        let stack = libraries + "/src/github.com/lucas-clemente/quic-go"
        guard Tool.path("go") != nil, access(stack, R_OK) == 0 else { return nil }
        let sources = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let directory = "/tmp/pinhole-bench-quic-\(getuid())"
        let command = """
            mkdir -p -m 700 '\(directory)' && [ -O '\(directory)' ] && cd '\(directory)' &&
            GO111MODULE=off GOPATH="$PWD/path:\(libraries)" GOCACHE="$PWD/cache" \
            exec go build -o quic '/\(sources)/Peers/quic.go'
            """
        guard let child = try? Child(program: "sh", ["-c", command], in: .loopback, quiet: false),
            (try? child.wait(within: 240)) == true
        else { return nil }
        return directory + "/quic"
    }
}
