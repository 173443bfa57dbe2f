import Glibc

/// Who carries a whole file from one side of a link to the other.
enum Carrier: CaseIterable {
    case program, session, iperf, scp, srt, quic

    var name: String {
        switch self {
        case .program: "Pinhole, `pinhole send` to `pinhole listen`"
        case .session: "Pinhole, one session, from memory and to nowhere"
        case .iperf: "TCP, iperf3, from memory and to nowhere"
        case .scp: "scp, ChaCha20-Poly1305"
        case .srt: "SRT, srt-file-transmit"
        case .quic: "QUIC, quic-go"
        }
    }

    var sealing: String {
        switch self {
        case .program, .session, .scp: "ChaCha20-Poly1305"
        case .iperf, .srt: "no"
        case .quic: "AES-128-GCM"
        }
    }

    /// What to install where it cannot be measured; nil where it can.
    var missing: String? {
        switch self {
        case .session: nil
        case .program: PinholeProgram.path == nil ? "swift build -c release --product pinhole" : nil
        case .iperf: Tool.path("iperf3") == nil ? "apt-get install iperf3" : nil
        case .scp:
            Tool.path("scp") == nil || Tool.path("sshd") == nil ? "apt-get install openssh-client openssh-server" : nil
        case .srt: Tool.path("srt-file-transmit") == nil ? "apt-get install srt-tools" : nil
        case .quic:
            QUICStack.program == nil
                ? "apt-get install golang-go golang-github-lucas-clemente-quic-go-dev" : nil
        }
    }

    struct Run {
        var seconds: Double
        /// Of all processes that it took, from their start to their end.
        var cpuSeconds: Double
        /// Bytes at the far side.
        var arrived: Int
    }

    func carry(_ path: String, over link: any Link) throws(Child.Failure) -> Run {
        let directory = try Directory()
        defer { directory.remove() }
        switch self {
        case .program: return try PinholeProgram.carry(path, over: link, directory)
        case .session: return try session(size(of: path), over: link)
        case .iperf: return try iperf(size(of: path), over: link)
        case .scp: return try scp(path, over: link, directory)
        case .srt: return try srt(path, over: link, directory)
        case .quic: return try quic(path, over: link, directory)
        }
    }

    /// How long a file may take.
    static let limit = 60.0

    private func session(_ size: Int, over link: any Link) throws(Child.Failure) -> Run {
        let pair = try NodePair(over: link)
        let start = monotonicSeconds()
        pair.near.say("files 1 \(size)")
        _ = try pair.near.hear("files-done", within: Self.limit)
        let seconds = monotonicSeconds() - start
        let arrived = Int(try pair.far.mark().bytes)
        return Run(seconds: seconds, cpuSeconds: pair.near.end().seconds + pair.far.end().seconds, arrived: arrived)
    }

    private func iperf(_ size: Int, over link: any Link) throws(Child.Failure) -> Run {
        let server = try Child(program: "iperf3", ["-s", "-1", "-p", "5201"], in: link.far)
        try TCP.waitForListener(5201, in: link.far)
        return try run(
            "iperf3", ["-c", link.far.address, "-p", "5201", "-n", "\(size)"], of: size, over: link, to: server
        ) { size }
    }

    private func scp(_ path: String, over link: any Link, _ directory: Directory) throws(Child.Failure) -> Run {
        let server = try SecureShell(at: link.far, directory)
        let arrived = directory.path + "/arrived"
        return try run(
            "scp", server.copyArguments(path, to: arrived), of: size(of: path), over: link, to: server.process
        ) { Self.size(of: arrived) }
    }

    private func srt(_ path: String, over link: any Link, _ directory: Directory) throws(Child.Failure) -> Run {
        let arrived = directory.path + "/arrived"
        guard mkdir(arrived, 0o700) == 0 else { throw Child.Failure(description: "cannot make \(arrived)") }
        let server = try Child(
            program: "srt-file-transmit", ["-q", "srt://0.0.0.0:5202?mode=listener", "file://\(arrived)/source"],
            in: link.far)
        pause(0.2)
        return try run(
            "srt-file-transmit", ["-q", "file://\(path)", "srt://\(link.far.address):5202?mode=caller"],
            of: size(of: path), over: link, to: server
        ) { Self.size(of: arrived + "/source") }
    }

    private func quic(_ path: String, over link: any Link, _ directory: Directory) throws(Child.Failure) -> Run {
        guard let program = QUICStack.program else { throw Child.Failure(description: "no QUIC stack") }
        let arrived = directory.path + "/arrived"
        let server = try Child(program: program, ["receive", "\(link.far.address):5203", arrived], in: link.far)
        _ = try server.hear("ready")
        return try run(
            program, ["send", "\(link.far.address):5203", path], of: size(of: path), over: link, to: server
        ) { Self.size(of: arrived) }
    }

    /// Runs a sender to its end, and ends the receiver.
    private func run(
        _ program: String, _ arguments: [String], of size: Int, over link: any Link, to server: Child,
        _ arrived: () -> Int
    ) throws(Child.Failure) -> Run {
        let start = monotonicSeconds()
        let client = try Child(program: program, arguments, in: link.near)
        guard try client.wait(within: Self.limit) else { throw Child.Failure(description: "\(name) failed") }
        // Some senders end when they have handed over, and not when all is there.
        for _ in 0..<2000 where arrived() < size { usleep(1000) }
        let seconds = monotonicSeconds() - start
        let cpu = client.end().seconds + server.end().seconds
        return Run(seconds: seconds, cpuSeconds: cpu, arrived: arrived())
    }

    private func size(of path: String) -> Int { Self.size(of: path) }

    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// An OpenSSH server with keys of its own, and how to copy to it.
struct SecureShell {
    let process: Child
    private let address: String
    private let directory: String

    init(at place: Place, _ directory: Directory) throws(Child.Failure) {
        for name in ["host", "user"] {
            let path = "\(directory.path)/\(name)"
            let keygen = try Child(program: "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path], in: .loopback)
            guard try keygen.wait(within: 10) else { throw Child.Failure(description: "no ssh key") }
        }
        // Where sshd wants an empty directory.
        mkdir("/run/sshd", 0o755)
        self.directory = directory.path
        address = place.address
        process = try Child(
            program: Tool.path("sshd") ?? "sshd",
            [
                "-D", "-e", "-f", "/dev/null", "-h", "\(directory.path)/host", "-p", "2222", "-o", "PidFile=none", "-o",
                "UsePAM=no", "-o", "StrictModes=no", "-o", "PermitRootLogin=yes", "-o", "UseDNS=no", "-o",
                "AuthorizedKeysFile=\(directory.path)/user.pub", "-o", "Subsystem=sftp internal-sftp",
            ], in: place)
        try TCP.waitForListener(2222, in: place)
    }

    func copyArguments(_ path: String, to target: String) -> [String] {
        [
            "-q", "-B", "-P", "2222", "-c", "chacha20-poly1305@openssh.com", "-i", "\(directory)/user", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-F",
            "/dev/null", path, "root@\(address):\(target)",
        ]
    }
}
