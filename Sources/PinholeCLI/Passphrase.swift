import Glibc
import Pinhole
import Synchronization

/// Where the passphrase of a key comes from: a file, the environment, or the person at the terminal. Never the command
/// line, which every process on the machine can read.
struct Passphrase: Sendable {
    let file: String?

    /// One beside that of the key: from a file, or asked for. nil: none.
    static func another(file: String?) throws(Failure) -> String? {
        try Passphrase(file: file).forNewKey(fromEnvironment: false)
    }

    /// Whether there is somebody to ask.
    static var canAsk: Bool { Passphrase(file: nil).isInteractive }

    /// For a new key: nil leaves the key without one.
    func forNewKey(fromEnvironment: Bool = true) throws(Failure) -> String? {
        if file != nil || fromEnvironment, let given = try given() { return given }
        guard isInteractive else { return nil }
        for _ in 0..<3 {
            let first = try ask("Passphrase for your key (empty: none): ")
            guard !first.isEmpty else { return nil }
            if try ask("The same again: ") == first { return first }
            Console.talk("The two differ; once more.")
        }
        throw Failure(.wrongPassphrase, "no passphrase could be agreed on")
    }

    /// For a sealed key. In the middle of something else the terminal is not to be taken for a question (`mayAsk`).
    func forExistingKey(mayAsk: Bool = true) throws(Failure) -> String? {
        if let given = try given() { return given }
        guard mayAsk || !isInteractive else {
            throw Failure(
                .wrongPassphrase,
                "the process that ran the node has ended, and this one does not have the passphrase of the sealed key",
                hint: "it goes on as soon as another command runs the node; or end it and start it again")
        }
        guard isInteractive else {
            throw Failure(
                .wrongPassphrase, "the key is sealed with a passphrase, and there is no terminal to ask on",
                hint: "give --passphrase-file FILE or set PINHOLE_PASSPHRASE")
        }
        return try ask("Passphrase: ")
    }

    private var isInteractive: Bool { Console.isTerminal(STDIN_FILENO) && Console.isTerminal(STDERR_FILENO) }

    private func given() throws(Failure) -> String? {
        guard let file else { return Console.environment("PINHOLE_PASSPHRASE") }
        var text = try Files.readSecret(file, what: "the passphrase file", limit: 4096)
        if text.last?.isNewline == true { text.removeLast() }
        guard !text.isEmpty else { throw Failure(.badData, "the passphrase file \(file) is empty") }
        return text
    }

    /// Reads a line without showing it. Ctrl-C is looked for here, and so is a signal from elsewhere, so that the echo
    /// comes back before the process ends.
    private func ask(_ question: Phrase) throws(Failure) -> String {
        Console.write("\(question)", to: STDERR_FILENO)
        let watch = EndWatch()
        TerminalMode.makeRaw(keepingSignals: false)
        defer {
            TerminalMode.restore()
            watch.end()
            Console.write("\n", to: STDERR_FILENO)
        }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let isThere = poll(&waiting, 1, 100) > 0
            guard !EndWatch.wasTold else { throw Failure(.terminated, "") }
            guard isThere else { continue }
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != 0x03 else { throw Failure(.interrupted, "") }
            switch byte {
            case 0x0A, 0x0D:
                guard let text = String(validating: line, as: UTF8.self) else {
                    throw Failure(.badData, "the passphrase is not UTF-8 text")
                }
                return text
            case 0x04 where line.isEmpty: throw Failure(.interrupted, "")
            case 0x15: line = []
            case 0x7F, 0x08:
                while let last = line.popLast(), last & 0xC0 == 0x80 {}
            default: if byte >= 0x20 { line.append(byte) }
            }
        }
    }
}

/// Looks for a signal that would end the process at once.
private struct EndWatch {
    private static let told = Atomic(false)
    private var before: [(number: Int32, action: sigaction)] = []

    static var wasTold: Bool { told.load(ordering: .relaxed) }

    /// What is ignored, or looked for already, stays so.
    init() {
        Self.told.store(false, ordering: .relaxed)
        for number in [SIGTERM, SIGHUP] {
            var (old, new) = (sigaction(), sigaction())
            guard sigaction(number, nil, &old) == 0, old.__sigaction_handler.sa_handler == nil else { continue }
            new.__sigaction_handler.sa_handler = { _ in EndWatch.told.store(true, ordering: .relaxed) }
            sigaction(number, &new, nil)
            before.append((number, old))
        }
    }

    func end() {
        for (number, action) in before {
            var action = action
            sigaction(number, &action, nil)
        }
    }
}
