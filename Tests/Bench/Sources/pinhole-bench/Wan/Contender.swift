import CBench
import Glibc

/// Who carries bytes from one side of a line to the other, as fast as it can.
enum Contender: CaseIterable {
    case pinhole, tcpBBR, tcpCUBIC, scp, srt, quic

    var name: String {
        switch self {
        case .pinhole: "Pinhole, one file"
        case .tcpBBR: "TCP BBR, iperf3"
        case .tcpCUBIC: "TCP CUBIC, iperf3"
        case .scp: "scp, ChaCha20-Poly1305 over this kernel's default, TCP \(TCP.defaultCongestionControl)"
        case .srt: "SRT, srt-file-transmit"
        case .quic: "QUIC, quic-go"
        }
    }

    /// Why it cannot be measured on this machine; nil where it can.
    var missing: String? {
        switch self {
        case .pinhole: nil
        case .tcpBBR: Tool.path("iperf3") == nil ? "no iperf3" : TCP.isAvailable("bbr") ? nil : "the kernel has no BBR"
        case .tcpCUBIC:
            Tool.path("iperf3") == nil ? "no iperf3" : TCP.isAvailable("cubic") ? nil : "the kernel has no CUBIC"
        case .scp: Tool.path("scp") == nil || Tool.path("sshd") == nil ? "no scp or sshd" : nil
        case .srt: Tool.path("srt-file-transmit") == nil ? "no srt-file-transmit (srt-tools)" : nil
        case .quic:
            QUICStack.program == nil ? "no Go with quic-go (golang-go, golang-github-lucas-clemente-quic-go-dev)" : nil
        }
    }

    /// Starts to carry bytes over `link`.
    func start(over link: EmulatedLink) throws(Child.Failure) -> any Carrying {
        switch self {
        case .pinhole: try PinholeFlow(over: link)
        case .tcpBBR: try TCPFlow(over: link, "bbr")
        case .tcpCUBIC: try TCPFlow(over: link, "cubic")
        case .scp: try FileFlow.scp(over: link)
        case .srt: try FileFlow.srt(over: link)
        case .quic: try FileFlow.quic(over: link)
        }
    }

    /// 10^6 bits of payload that arrive in a second, over a line of its own, after so many seconds of warming up.
    func measure(over conditions: String, after warmUp: Double = 2, for seconds: Double) throws(Child.Failure) -> Double
    {
        let link = try EmulatedLink(conditions)
        let flow = try start(over: link)
        defer { flow.end() }
        usleep(UInt32(warmUp * 1e6))
        let before = try flow.arrived()
        usleep(UInt32(seconds * 1e6))
        let after = try flow.arrived()
        return after.megabits(since: before)
    }
}

/// Bytes on their way.
protocol Carrying {
    /// How many bytes of payload have arrived at the receiving application, and when.
    func arrived() throws(Child.Failure) -> Arrived
    func end()
}

struct Arrived {
    /// On the machine's monotonic clock.
    var nanoseconds: UInt64
    var bytes: UInt64

    func megabits(since earlier: Arrived) -> Double {
        Double(bytes - earlier.bytes) * 8e3 / Double(nanoseconds - earlier.nanoseconds)
    }
}

/// Two nodes with their loops, and a file without end.
private final class PinholeFlow: Carrying {
    private let pair: NodePair

    init(over link: EmulatedLink) throws(Child.Failure) {
        pair = try NodePair(over: link)
        pair.near.say("files 1 \(1 << 50)")
    }

    func arrived() throws(Child.Failure) -> Arrived {
        let mark = try pair.far.mark()
        return Arrived(nanoseconds: mark.time, bytes: mark.bytes)
    }

    func end() {
        pair.near.end()
        pair.far.end()
    }
}

/// iperf3; the kernel of the far side counts what its receiver gets.
private final class TCPFlow: Carrying {
    private let server: Child
    private let client: Child
    private let far: Place

    init(over link: EmulatedLink, _ congestionControl: String) throws(Child.Failure) {
        server = try Child(program: "iperf3", ["-s", "-1", "-p", "5201"], in: link.far)
        try TCP.waitForListener(5201, in: link.far)
        client = try Child(
            program: "iperf3",
            ["-c", link.far.address, "-p", "5201", "-t", "600", "-C", congestionControl], in: link.near)
        far = link.far
    }

    func arrived() throws(Child.Failure) -> Arrived { try TCP.received(on: 5201, in: far) }

    func end() {
        client.end()
        server.end()
    }
}

/// A program that writes a file on the far side: what has arrived is the file's size.
private final class FileFlow: Carrying {
    private let children: [Child]
    private let path: String
    private let directory: Directory

    private init(_ children: [Child], _ path: String, _ directory: Directory) {
        (self.children, self.path, self.directory) = (children, path, directory)
    }

    func arrived() throws(Child.Failure) -> Arrived {
        var status = stat()
        guard stat(path, &status) == 0 else {
            // Nothing has arrived yet: on a bad line that is a result.
            return Arrived(nanoseconds: monotonicNanoseconds(), bytes: 0)
        }
        return Arrived(nanoseconds: monotonicNanoseconds(), bytes: UInt64(status.st_size))
    }

    func end() {
        for child in children.reversed() { child.end() }
        directory.remove()
    }

    /// 4 GiB that take no room: there is always more to send.
    private static func source(in directory: Directory) throws(Child.Failure) -> String {
        let path = directory.path + "/source"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, 4 << 30) == 0 else {
            throw Child.Failure(description: "cannot make \(path)")
        }
        close(descriptor)
        return path
    }

    static func scp(over link: EmulatedLink) throws(Child.Failure) -> FileFlow {
        let directory = try Directory()
        let home = Place.loopback
        for name in ["host", "user"] {
            let made = try Child(
                program: "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(directory.path)/\(name)"], in: home
            ).wait(within: 10)
            guard made else { throw Child.Failure(description: "no ssh key") }
        }
        mkdir("/run/sshd", 0o755)
        let server = try Child(
            program: Tool.path("sshd") ?? "sshd",
            [
                "-D", "-e", "-f", "/dev/null", "-h", "\(directory.path)/host", "-p", "2222", "-o", "PidFile=none", "-o",
                "UsePAM=no", "-o", "StrictModes=no", "-o", "PermitRootLogin=yes", "-o", "UseDNS=no", "-o",
                "AuthorizedKeysFile=\(directory.path)/user.pub", "-o", "Subsystem=sftp internal-sftp",
            ], in: link.far)
        try TCP.waitForListener(2222, in: link.far)
        let path = directory.path + "/arrived"
        let client = try Child(
            program: "scp",
            [
                "-q", "-B", "-P", "2222", "-c", "chacha20-poly1305@openssh.com", "-i", "\(directory.path)/user", "-o",
                "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-F",
                "/dev/null", try source(in: directory), "root@\(link.far.address):\(path)",
            ], in: link.near)
        return FileFlow([server, client], path, directory)
    }

    static func srt(over link: EmulatedLink) throws(Child.Failure) -> FileFlow {
        let directory = try Directory()
        let place = directory.path + "/arrived"
        guard mkdir(place, 0o700) == 0 else { throw Child.Failure(description: "cannot make \(place)") }
        let server = try Child(
            program: "srt-file-transmit", ["-q", "srt://0.0.0.0:5202?mode=listener", "file://\(place)/source"],
            in: link.far)
        usleep(200_000)
        let client = try Child(
            program: "srt-file-transmit",
            ["-q", "file://\(try source(in: directory))", "srt://\(link.far.address):5202?mode=caller"], in: link.near)
        return FileFlow([server, client], place + "/source", directory)
    }

    static func quic(over link: EmulatedLink) throws(Child.Failure) -> FileFlow {
        guard let program = QUICStack.program else { throw Child.Failure(description: "no QUIC stack") }
        let directory = try Directory()
        let path = directory.path + "/arrived"
        let server = try Child(program: program, ["receive", "\(link.far.address):5203", path], in: link.far)
        _ = try server.hear("ready")
        let client = try Child(program: program, ["send", "\(link.far.address):5203"], in: link.near)
        return FileFlow([server, client], path, directory)
    }
}
