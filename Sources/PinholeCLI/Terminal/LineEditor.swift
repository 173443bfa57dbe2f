import PinholeControl

/// The line being typed: bytes of the keyboard in, edits and finished lines out. It knows no terminal.
struct LineEditor {
    enum Action: Equatable {
        case none
        case redraw
        case clearScreen
        case submit(String)
        case endOfInput
    }

    private enum State {
        case ground
        case escape
        case controlSequence(String)
        /// A function key of the SS3 kind: one more byte follows.
        case singleShift
    }

    private var before = ""
    private var after = ""
    private var state = State.ground
    private var partial: [UInt8] = []
    private var isPasting = false
    private var history: [String] = []
    private var position = 0
    private var draft = ""

    /// The line so far.
    var isEmpty: Bool { before.isEmpty && after.isEmpty }
    var text: String { before + after }

    /// What several keys did together.
    struct Outcome: Equatable {
        var lines: [String] = []
        var isRedrawn = false
        var clearsScreen = false
        /// What came after is not handled.
        var isEnd = false
    }

    /// Keys that came at once, like those of a paste.
    mutating func handle(_ bytes: some Sequence<UInt8>) -> Outcome {
        var outcome = Outcome()
        for byte in bytes {
            switch handle(byte) {
            case .none: break
            case .redraw: outcome.isRedrawn = true
            case .clearScreen: outcome.clearsScreen = true
            case .submit(let line): outcome.lines.append(line)
            case .endOfInput:
                outcome.isEnd = true
                return outcome
            }
        }
        return outcome
    }

    mutating func handle(_ byte: UInt8) -> Action {
        switch state {
        case .ground: return handleGround(byte)
        case .escape:
            state = .ground
            switch byte {
            // Esc before a key that sends a sequence, or before a paste.
            case 0x1B: state = .escape
            case 0x5B: state = .controlSequence("")
            case 0x4F: state = .singleShift
            case 0x0A, 0x0D: return insert("\n")
            case 0x7F, 0x08: return deleteWord()
            default: return .none
            }
            return .none
        case .singleShift:
            state = .ground
            return handleSequence(String(UnicodeScalar(byte)))
        case .controlSequence where byte == 0x1B:
            state = .escape
            return .none
        case .controlSequence(let parameters):
            guard byte < 0x40 || byte > 0x7E else {
                state = .ground
                return handleSequence(parameters + String(UnicodeScalar(byte)))
            }
            state = parameters.utf8.count < 16 ? .controlSequence(parameters + String(UnicodeScalar(byte))) : .ground
            return .none
        }
    }

    private mutating func handleGround(_ byte: UInt8) -> Action {
        switch byte {
        case 0x1B: state = .escape
        case 0x0A, 0x0D: return isPasting ? insert("\n") : submit()
        case 0x09: return insert(" ")
        case 0x20...0x7E: return insert(UnicodeScalar(byte))
        case 0x80...: return handlePartial(byte)
        case _ where isPasting: return .none
        case 0x7F, 0x08:
            guard !before.isEmpty else { return .none }
            before.removeLast()
        case 0x01: moveHome()
        case 0x02: moveLeft()
        case 0x04:
            guard !isEmpty else { return .endOfInput }
            if !after.isEmpty { after.removeFirst() }
        case 0x05: moveEnd()
        case 0x06: moveRight()
        case 0x0B: after = ""
        case 0x0C: return .clearScreen
        case 0x0E: recall(position + 1)
        case 0x10: recall(position - 1)
        case 0x15: before = ""
        case 0x17: return deleteWord()
        default: return .none
        }
        return .redraw
    }

    private mutating func handleSequence(_ sequence: String) -> Action {
        switch sequence {
        case "200~": isPasting = true
        case "201~": isPasting = false
        case "A": recall(position - 1)
        case "B": recall(position + 1)
        case "C": moveRight()
        case "D": moveLeft()
        case "H", "1~", "7~": moveHome()
        case "F", "4~", "8~": moveEnd()
        case "3~": if !after.isEmpty { after.removeFirst() }
        default: return .none
        }
        return .redraw
    }

    /// Collects the bytes of one scalar; what is not UTF-8 is dropped.
    private mutating func handlePartial(_ byte: UInt8) -> Action {
        if byte >= 0xC0 { partial = [] }
        partial.append(byte)
        guard let text = String(validating: partial, as: UTF8.self), let scalar = text.unicodeScalars.first else {
            if partial.count >= 4 { partial = [] }
            return .none
        }
        partial = []
        return insert(scalar)
    }

    private mutating func insert(_ scalar: Unicode.Scalar) -> Action {
        guard scalar == "\n" || !scalar.isUnsafeForTerminal else { return .none }
        before.unicodeScalars.append(scalar)
        return .redraw
    }

    private mutating func submit() -> Action {
        let line = text
        before = ""
        after = ""
        if !line.isEmpty, history.last != line { history.append(line) }
        if history.count > 100 { history.removeFirst() }
        position = history.count
        return .submit(line)
    }

    private mutating func deleteWord() -> Action {
        while before.last?.isWhitespace == true { before.removeLast() }
        while before.last?.isWhitespace == false { before.removeLast() }
        return .redraw
    }

    private mutating func recall(_ wanted: Int) {
        guard (0...history.count).contains(wanted), wanted != position else { return }
        if position == history.count { draft = text }
        position = wanted
        before = wanted == history.count ? draft : history[wanted]
        after = ""
    }

    private mutating func moveLeft() {
        if let character = before.popLast() { after.insert(character, at: after.startIndex) }
    }

    private mutating func moveRight() {
        if !after.isEmpty { before.append(after.removeFirst()) }
    }

    private mutating func moveHome() {
        after = before + after
        before = ""
    }

    private mutating func moveEnd() {
        before += after
        after = ""
    }

    /// The part of the line that fits in so many cells, and how many cells the cursor stands from its end. However long
    /// the line is, only what is shown is looked at.
    func visible(in cells: Int) -> (text: String, cellsAfterCursor: Int) {
        var right = Excerpt(after, cells: cells)
        var left = Excerpt(before.reversed(), cells: cells)
        if !left.isAll || !right.isAll || left.width + right.width > cells {
            // Some of what follows stays in sight.
            left.shorten(to: cells * 3 / 4)
            right.shorten(to: cells - left.width)
        }
        return (String(left.characters.reversed()) + String(right.characters), right.width)
    }

    /// As many characters as fit, from the cursor on.
    private struct Excerpt {
        var characters: [Character] = []
        var width = 0
        var isAll = true

        init(_ text: some Sequence<Character>, cells: Int) {
            for next in text {
                let character: Character = next == "\n" ? "⏎" : next
                guard width + Width.of(character) <= cells else {
                    isAll = false
                    return
                }
                width += Width.of(character)
                characters.append(character)
            }
        }

        mutating func shorten(to cells: Int) {
            while width > cells, let last = characters.popLast() { width -= Width.of(last) }
        }
    }
}
