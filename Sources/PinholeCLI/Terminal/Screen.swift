import Glibc
import Pinhole
import Synchronization

/// A terminal with an input line at its bottom that survives whatever is printed above it.
final class Screen: Sendable {
    /// A printed line whose mark can still change.
    struct LineMark: Hashable, Sendable {
        fileprivate let number: Int
    }

    private struct State {
        var editor = LineEditor()
        var prompt: String
        /// Rows from each changeable line down to the input line.
        var marks: [LineMark: Int] = [:]
        var lastMark = 0
    }

    private let state: Mutex<State>

    init(prompt: String) {
        state = Mutex(State(prompt: prompt.escapedForTerminal))
    }

    /// Takes the terminal over; bracketed paste keeps pasted line breaks inside one message.
    func open() {
        TerminalMode.makeRaw()
        Console.use(self)
        state.withLock { emit("\u{1b}[?2004h" + inputLine($0)) }
    }

    func close() {
        state.withLock { _ in emit("\r\u{1b}[K\u{1b}[?2004l") }
        Console.use(nil)
        TerminalMode.restore()
    }

    /// Gives the terminal back while the process is stopped.
    func suspend() {
        state.withLock { _ in emit("\r\u{1b}[K\u{1b}[?2004l") }
        TerminalMode.restore()
    }

    /// Takes the terminal back. What was printed before may have moved, so its marks are settled.
    func resume() {
        TerminalMode.makeRaw()
        state.withLock {
            $0.marks = [:]
            emit("\u{1b}[?2004h" + inputLine($0))
        }
    }

    /// The window has another size.
    func resize() {
        state.withLock {
            $0.marks = [:]
            emit(inputLine($0))
        }
    }

    func setPrompt(_ prompt: String) {
        state.withLock {
            $0.prompt = prompt.escapedForTerminal
            emit(inputLine($0))
        }
    }

    /// Whether the person has begun a line.
    var isEditing: Bool { state.withLock { !$0.editor.isEmpty } }

    /// Keys typed or pasted: the line is drawn once for all of them.
    func handle(_ bytes: some Sequence<UInt8>) -> LineEditor.Outcome {
        state.withLock { state in
            let outcome = state.editor.handle(bytes)
            if outcome.clearsScreen {
                state.marks = [:]
                emit("\u{1b}[2J\u{1b}[H" + inputLine(state))
            } else if outcome.isRedrawn || !outcome.lines.isEmpty {
                emit(inputLine(state))
            }
            return outcome
        }
    }

    func print(_ text: String, style: Console.Style) {
        state.withLock { state in
            let lines = Console.lines(text, columns: TerminalMode.size.columns)
            scroll(&state, by: lines)
            emit("\r\u{1b}[K" + Console.styled(lines, style, on: STDOUT_FILENO) + "\n" + inputLine(state))
        }
    }

    /// Prints a line that begins with a mark of at most two cells, to be changed by ``change(_:to:isFinal:)``.
    func print(_ text: String, mark: String) -> LineMark {
        state.withLock { state in
            let line = Console.lines(Self.padded(mark) + text, columns: TerminalMode.size.columns)
            state.lastMark += 1
            let handle = LineMark(number: state.lastMark)
            state.marks[handle] = 0
            scroll(&state, by: line)
            emit("\r\u{1b}[K" + line + "\n" + inputLine(state))
            return handle
        }
    }

    /// A mark, and blanks up to where the line's text begins.
    static func padded(_ mark: String) -> String {
        mark + String(repeating: " ", count: max(markWidth - Width.of(mark), 1))
    }

    /// The cells before the text of each line.
    static let markWidth = 3

    /// Whether the line was still on the screen, and now begins with the new mark; a final one is never changed again.
    @discardableResult
    func change(_ handle: LineMark, to mark: String, isFinal: Bool = true) -> Bool {
        state.withLock { state in
            guard let rows = state.marks[handle], rows < TerminalMode.size.rows else {
                state.marks[handle] = nil
                return false
            }
            if isFinal { state.marks[handle] = nil }
            let styled = Console.styled(Self.padded(mark), .good, on: STDOUT_FILENO)
            emit("\u{1b}7\u{1b}[\(rows)A\r\(styled)\u{1b}8")
            return true
        }
    }

    private func scroll(_ state: inout State, by text: String) {
        let columns = TerminalMode.size.columns
        let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
            .reduce(0) { $0 + Width.rows(of: String($1), columns: columns) }
        for handle in state.marks.keys { state.marks[handle]! += rows }
    }

    private func inputLine(_ state: State) -> String {
        let columns = TerminalMode.size.columns
        // A window that is narrow is for what is typed.
        let prompt =
            state.prompt.count > 2 && columns - Width.of(state.prompt) < Self.roomToType ? "… > " : state.prompt
        let cells = columns - Width.of(prompt) - 1
        let (text, after) = state.editor.visible(in: max(cells, 1))
        let back = after > 0 ? "\u{1b}[\(after)D" : ""
        return "\r\u{1b}[K" + Console.styled(prompt, .strong, on: STDOUT_FILENO) + text + back
    }

    /// The cells that a prompt leaves, or it is cut.
    private static let roomToType = 32

    private func emit(_ text: String) {
        Console.write(text, to: STDOUT_FILENO)
    }
}
