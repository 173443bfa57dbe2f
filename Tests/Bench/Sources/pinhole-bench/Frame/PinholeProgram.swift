import Glibc

/// The program that people use, with profiles of its own in memory.
enum PinholeProgram {
    /// It is built beside the bench.
    static let path: String? = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = own.lastIndex(of: "/") else { return nil }
        let path = own[..<slash] + "/pinhole"
        return access(String(path), X_OK) == 0 ? String(path) : nil
    }()

    static func carry(_ file: String, over link: any Link, _ directory: Directory) throws(Child.Failure) -> Carrier.Run
    {
        let alice = Person("alice", at: link.near, directory)
        let bob = Person("bob", at: link.far, directory)
        let keys = (try alice.run(["init"]), try bob.run(["init"]))
        _ = try alice.run(["contact", "add", "bob", keys.1, "--address", "\(link.far.address):5204"])
        _ = try bob.run(["contact", "add", "alice", keys.0])
        let loopback = link.far.isLoopback ? ["--allow-loopback"] : []
        let downloads = directory.path + "/downloads"
        let listener = try bob.start(
            ["listen", "--json", "--port", "5204", "--accept", "all", "--downloads", downloads] + loopback)
        _ = try listener.hear("{\"addresses\":", within: 10, isPrefix: true)
        let start = monotonicSeconds()
        let sender = try alice.start(["send", "bob", file] + loopback)
        guard try sender.wait(within: Carrier.limit) else { throw Child.Failure(description: "pinhole send failed") }
        let seconds = monotonicSeconds() - start
        let name = file.split(separator: "/").last.map(String.init) ?? ""
        return Carrier.Run(
            seconds: seconds, cpuSeconds: sender.end().seconds + listener.end().seconds,
            arrived: Carrier.size(of: downloads + "/" + name))
    }

    /// Somebody with a profile.
    struct Person {
        let place: Place
        let directory: String

        init(_ name: String, at place: Place, _ directory: Directory) {
            self.place = place
            self.directory = directory.path + "/" + name
            mkdir(self.directory, 0o700)
        }

        func start(_ arguments: [String]) throws(Child.Failure) -> Child {
            let environment = ["XDG_RUNTIME_DIR=\(directory)", "NO_COLOR=1", path ?? "pinhole"]
            let profile = ["--profile", directory + "/profile", "--config", directory + "/config.toml"]
            return try Child(program: "env", environment + arguments + profile, in: place)
        }

        /// What a command prints, without the line's end.
        func run(_ arguments: [String]) throws(Child.Failure) -> String {
            let text = try start(arguments).hearAll(within: 20)
            return String(text.prefix { $0 != "\n" })
        }
    }
}
