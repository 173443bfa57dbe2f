import Glibc
import Pinhole

/// What comes in on standard input, line by line, read on a thread of its own since reading blocks.
enum Keyboard {
    /// Whole lines of a pipe or file; a last line without an end counts.
    static func lines() -> AsyncStream<String> {
        stream { yield in
            var line: [UInt8] = []
            read { bytes in
                for byte in bytes {
                    if byte == 0x0A {
                        yield(String(decoding: line, as: UTF8.self))
                        line = []
                    } else if line.count < 1 << 20 {
                        line.append(byte)
                    }
                }
                return true
            }
            if !line.isEmpty { yield(String(decoding: line, as: UTF8.self)) }
        }
    }

    /// Lines typed on a screen; `edited` hears after each edit whether there is a line under way.
    static func lines(on screen: Screen, edited: @escaping @Sendable (Bool) -> Void) -> AsyncStream<String> {
        stream { yield in
            read { bytes in
                let outcome = screen.handle(bytes)
                if outcome.isRedrawn { edited(screen.isEditing) }
                outcome.lines.forEach(yield)
                return !outcome.isEnd
            }
        }
    }

    private static func stream(_ body: @escaping @Sendable ((String) -> Void) -> Void) -> AsyncStream<String> {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        startDetachedThread {
            body { continuation.yield($0) }
            continuation.finish()
        }
        return lines
    }

    /// What is there at once, until `consume` wants no more.
    private static func read(_ consume: (ArraySlice<UInt8>) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            guard consume(buffer[..<count]) else { return }
        }
    }
}
