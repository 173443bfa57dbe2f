import Glibc
import Pinhole
import Synchronization

/// Where words go: results to stdout, talk to stderr, and both around the input line while a screen is up.
///
/// Every text is escaped here, so nothing that came over the network can steer the terminal.
enum Console {
    enum Style: String, Sendable {
        case plain = ""
        case dim = "2"
        case strong = "1"
        case error = "31"
        case good = "32"
    }

    private static let current = Mutex<Screen?>(nil)

    /// The interactive screen, while there is one.
    static var screen: Screen? { current.withLock(\.self) }

    static func use(_ screen: Screen?) { current.withLock { $0 = screen } }

    /// A sentence of result.
    static func result(_ phrase: Phrase, style: Style = .plain) {
        show("\(phrase)", style: style, on: STDOUT_FILENO)
    }

    /// A line of result that is the same in all languages.
    static func result(verbatim text: String, style: Style = .plain) {
        show(text, style: style, on: STDOUT_FILENO)
    }

    /// Several lines of result.
    static func results(_ lines: [String]) {
        for line in lines { result(verbatim: line) }
    }

    /// A line of progress, advice or complaint.
    static func talk(_ phrase: Phrase, style: Style = .plain) {
        show("\(phrase)", style: style, on: STDERR_FILENO)
    }

    /// Talk that is the same in all languages.
    static func talk(verbatim text: String, style: Style = .plain) {
        show(text, style: style, on: STDERR_FILENO)
    }

    /// Asks the person at the terminal; nil for an answer that is neither yes nor no.
    static func confirms(_ question: Phrase) -> Bool? {
        write("\(question)".escapedForTerminal + " [y/N] ", to: STDERR_FILENO)
        return switch readLine()?.lowercased() {
        case "y", "yes", "д", "да": true
        case "n", "no", "н", "нет": false
        default: nil
        }
    }

    /// A line of JSON, which escapes what it holds.
    static func json(_ line: String) {
        write(line + "\n", to: STDOUT_FILENO)
    }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// From now on nothing but lines, for a screen reader for instance.
    static func setPlain() { isPlain.store(true, ordering: .relaxed) }

    private static let isPlain = Atomic(false)

    /// Whether the terminal understands cursor movements.
    static var isCapable: Bool {
        guard !isPlain.load(ordering: .relaxed), environment("PINHOLE_PLAIN") == nil else { return false }
        guard let term = environment("TERM") else { return false }
        return term != "dumb"
    }

    static func usesColor(_ descriptor: Int32) -> Bool {
        environment("NO_COLOR") == nil && isTerminal(descriptor) && isCapable
    }

    static func styled(_ text: String, _ style: Style, on descriptor: Int32) -> String {
        style == .plain || !usesColor(descriptor) ? text : "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m"
    }

    /// Whole lines leave in one call, unbuffered, so that a pipe's reader sees each as it happens. What standard output
    /// does not take is remembered by ``outputFailure``.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let written = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if written > 0 {
                    offset += written
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, 1000)
                } else if errno != EINTR {
                    if descriptor == STDOUT_FILENO { output.set(errno) }
                    return
                }
            }
        }
    }

    private static let output = Latch<Int32>()

    /// Why standard output can no longer be written, from the first line on that it did not take; EPIPE is a reader that
    /// has gone.
    static var outputFailure: Failure? {
        output.value.map {
            Failure(
                .cannotWrite,
                $0 == EPIPE
                    ? "nobody reads standard output any more" : "the output cannot be written: \(Files.reason($0))")
        }
    }

    /// Whether somebody would read standard output if it were written.
    static var hasReader: Bool { output.value != EPIPE }

    /// Waits until standard output cannot be written; nil when the wait was cancelled.
    static func outputFails() async -> Failure? {
        _ = await output.wait()
        return outputFailure
    }

    /// Shows a line that the next one replaces, on a terminal that can.
    static func live(_ text: String) {
        isLive.withLock { isLive in
            isLive = true
            let line = Width.prefix(of: text.escapedForTerminal, cells: TerminalMode.size.columns - 1)
            write("\r\u{1b}[K" + line, to: STDERR_FILENO)
        }
    }

    /// Removes the line that ``live(_:)`` left.
    static func endLive() {
        isLive.withLock { isLive in
            if isLive { write("\r\u{1b}[K", to: STDERR_FILENO) }
            isLive = false
        }
    }

    private static let isLive = Mutex(false)

    /// An environment variable that is set and not empty.
    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    private static func show(_ text: String, style: Style, on descriptor: Int32) {
        if let screen {
            screen.print(text, style: style)
        } else {
            endLive()
            write(styled(lines(text), style, on: descriptor) + "\n", to: descriptor)
        }
    }

    /// Line breaks are kept and everything after one is indented, so that no line of a text can pass for one of ours.
    static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escapedForTerminal }
            .joined(separator: "\n    ")
    }

    /// The same, broken between words where a line is too long for so many columns.
    static func lines(_ text: String, columns: Int) -> String {
        lines(text).split(separator: "\n", omittingEmptySubsequences: false)
            .map { Width.wrapped(String($0), columns: columns, indent: 4) }.joined(separator: "\n")
    }
}
