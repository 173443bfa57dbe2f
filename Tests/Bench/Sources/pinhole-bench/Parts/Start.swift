import Glibc
import Pinhole

/// What the program costs before anything is said: its memory with many contacts, and the time of a first message.
enum Start {
    private static let contacts = 1000

    static func run(_ options: Options) throws {
        guard PinholeProgram.path != nil else {
            return say("note: there is no `pinhole` beside the bench: swift build -c release --product pinhole")
        }
        try measureMemory(options)
        do {
            try measureFirstMessage(options)
        } catch let failure as Child.Failure {
            say("note: the first message cannot be timed: \(failure)")
        }
    }

    private static func measureMemory(_ options: Options) throws {
        let service = try ServiceProcess()
        let directory = try Directory()
        defer { directory.remove() }
        let alice = PinholeProgram.Person("alice", at: .loopback, directory)
        _ = try alice.run(["init", "--service", service.text])
        let profile = try Profile.open(at: alice.directory + "/profile") { nil }
        var table = Table("An idle `pinhole listen`", ["contacts", "resident, MB"])
        var last = 0.0
        for count in [0, contacts] {
            if count > 0 {
                for number in 1...count {
                    try profile.add(Contact(name: "contact-\(number)", key: Identity.generate().publicKey))
                }
            }
            let listener = try alice.start(["listen", "--json", "--allow-loopback"])
            while true {
                let words = try listener.hear("{", within: 20, isPrefix: true).joined()
                if words.contains("\"service-up\"") { break }
            }
            pause(options.isQuick ? 1 : 5)
            last = Double(listener.resident) / 1e6
            table.add(["\(count)", last.text(1)])
            _ = listener.end()
        }
        table.print()
        Target("memory of a node with \(contacts) contacts", last, atMost: 60, digits: 1, unit: " MB").print()
    }

    /// One way between the two sides; the service is where the receiver is.
    private static let delay = 20.0

    /// From the start of `pinhole send` to the line at the other side.
    ///
    /// The bound: two round trips to register, the introduction, there and back once more, and one round trip to the
    /// contact.
    private static func measureFirstMessage(_ options: Options) throws {
        let link = try EmulatedLink("delay=\(Int(delay))ms")
        let service = try ServiceProcess(in: link.far)
        let directory = try Directory()
        defer { directory.remove() }
        let alice = PinholeProgram.Person("alice", at: link.near, directory)
        let bob = PinholeProgram.Person("bob", at: link.far, directory)
        let keys = (
            try alice.run(["init", "--service", service.text]), try bob.run(["init", "--service", service.text])
        )
        _ = try alice.run(["contact", "add", "bob", keys.1])
        _ = try bob.run(["contact", "add", "alice", keys.0])
        let listener = try bob.start(["listen", "--json"])
        func hear(_ text: String) throws {
            while !(try listener.hear("{", within: 20, isPrefix: true).joined(separator: " ").contains(text)) {}
        }
        try hear("\"service-up\"")
        pause(1)
        var times = Sample()
        for round in 0..<(options.isQuick ? 3 : 15) {
            let start = monotonicSeconds()
            let sender = try alice.start(["send", "bob", "line-\(round)."])
            try hear("line-\(round).")
            times.add((monotonicSeconds() - start) * 1000)
            guard try sender.wait(within: 20) else { throw Child.Failure(description: "pinhole send failed") }
            pause(0.3)
        }
        var tool = Sample()
        for _ in 0..<5 {
            let start = monotonicSeconds()
            _ = try alice.run(["--version"])
            tool.add((monotonicSeconds() - start) * 1000)
        }
        let bound = 8 * delay
        var table = Table(
            "A first message over a line of \(Int(2 * delay)) ms there and back, ms (median, lowest-highest)",
            ["what", "ms"])
        table.add(["`pinhole send`, from its start to the line at the other side", times.text()])
        table.add(["the round trips that it takes", bound.text()])
        table.add(["`pinhole --version`, start and end of a process", tool.text()])
        table.print()
        Target("a first message, by its round trips", times.median / bound, atMost: 1.2).print()
    }
}
