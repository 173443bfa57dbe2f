import Glibc

/// A whole file from memory to memory over a veth pair, from starting to send until it is there, by Pinhole and by what
/// else a person could use.
enum Peers {
    static func run(_ options: Options) throws {
        let link = VethPair.orLoopback()
        let size = options.isQuick ? 16 << 20 : 512 << 20
        let directory = try Directory()
        defer { directory.remove() }
        let source = directory.path + "/source"
        try makeFile(source, size: size)
        // A virtual machine's host may give memory only when it is touched, which takes longer than to copy: whoever came
        // first would pay for the copies of all.
        try makeFile(directory.path + "/warm", size: size)
        unlink(directory.path + "/warm")
        var speed: [Carrier: Sample] = [:]
        var cpu: [Carrier: Sample] = [:]
        var incomplete: Set<Carrier> = []
        let carriers = Carrier.allCases.filter { $0.missing == nil }
        for _ in 0..<min(options.rounds, 3) {
            for carrier in carriers {
                let run = try carrier.carry(source, over: link)
                if run.arrived < size { incomplete.insert(carrier) }
                speed[carrier, default: Sample()].add(Double(run.arrived) / run.seconds / 1e6)
                cpu[carrier, default: Sample()].add(run.cpuSeconds / (Double(size) / 1_073_741_824))
            }
        }
        func ratio(to carrier: Carrier) -> Sample {
            (speed[.program] ?? speed[.session] ?? Sample()).ratio(to: speed[carrier] ?? Sample())
        }
        var table = Table(
            "A file of \(size >> 20) MiB over \(link.name), from start to end, memory to memory",
            ["by", "MB/s", "CPU s/GiB, both sides", "Pinhole's speed by this one's", "sealed"])
        for carrier in Carrier.allCases {
            if let missing = carrier.missing {
                table.add([carrier.name, "not here", "install it: \(missing)", "", ""])
            } else if let speed = speed[carrier], let cpu = cpu[carrier] {
                let name = incomplete.contains(carrier) ? carrier.name + " (the end did not arrive)" : carrier.name
                table.add([
                    name, speed.text(), cpu.text(2), ratio(to: carrier).text(2), carrier.sealing,
                ])
            }
        }
        table.print()
        func compare(_ carrier: Carrier, _ name: String, atLeast bound: Double) {
            guard carrier.missing == nil else { return }
            Target("a file by `pinhole send`, by \(name)", ratio(to: carrier).median, atLeast: bound).print()
        }
        compare(.quic, "the QUIC stack", atLeast: 1.1)
        compare(.scp, "scp with ChaCha20-Poly1305", atLeast: 1.3)
    }

    private static func makeFile(_ path: String, size: Int) throws(Child.Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Child.Failure(description: "cannot make \(path)") }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0x5a, count: 1 << 20)
        for _ in 0..<size >> 20 where write(descriptor, block, block.count) != block.count {
            throw Child.Failure(description: "no room for \(path)")
        }
    }
}
