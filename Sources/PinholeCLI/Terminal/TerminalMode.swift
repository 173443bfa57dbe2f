import Glibc
import Synchronization

/// The terminal's mode, changed for a while and always put back.
enum TerminalMode {
    private static let saved = Mutex<termios?>(nil)

    /// Keys one by one and without echo. Ctrl-C and Ctrl-Z still send their signals, Enter still arrives as a newline.
    static func makeRaw(keepingSignals: Bool = true) {
        saved.withLock { saved in
            var mode = termios()
            guard tcgetattr(STDIN_FILENO, &mode) == 0 else { return }
            if saved == nil { saved = mode }
            mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
            if !keepingSignals { mode.c_lflag &= ~tcflag_t(ISIG) }
            mode.c_iflag &= ~tcflag_t(IXON)
            _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
        }
    }

    static func restore() {
        saved.withLock { saved in
            guard var mode = saved else { return }
            _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
            saved = nil
        }
    }

    /// Rows and columns; 24 by 80 where the terminal does not say.
    static var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard [STDOUT_FILENO, STDERR_FILENO].contains(where: { ioctl($0, UInt(TIOCGWINSZ), &size) == 0 }),
            size.ws_col > 0, size.ws_row > 0
        else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
    }
}
