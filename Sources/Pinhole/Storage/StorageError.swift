import Glibc

/// Sentences for what the system says about files.
extension PinholeError {
    init(system code: Int32, opening path: String, toWrite: Bool) {
        if toWrite { self.init(system: code, writing: path) } else { self.init(system: code, reading: path) }
    }

    init(system code: Int32, reading path: String) {
        switch code {
        case ENOENT, ENOTDIR:
            self.init(.noSuchFile, "there is no file \(path)")
        case EACCES, EPERM:
            self.init(
                .configuration, "\(path) may not be read by this user",
                hint: "see who owns it: ls -l \(shellQuoted(path))")
        case EISDIR:
            self.init(.usage, "\(path) is a directory, not a file")
        case _ where Self.isExhaustion(code):
            self.init(
                .exhausted, "\(path) cannot be read: \(errorText(code))", hint: Self.wayOut)
        default:
            self.init(.other, "\(path) cannot be read: \(errorText(code))")
        }
    }

    private static let wayOut: Phrase =
        "close other programs, or allow more open files (ulimit -n), then try again"

    /// Whether an errno says that the machine, or what this process may take of it, is used up.
    static func isExhaustion(_ code: Int32) -> Bool { [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(code) }

    init(system code: Int32, writing path: String) {
        let folder = Folder.parent(of: path)
        switch code {
        case ENOSPC, EDQUOT:
            self.init(
                .cannotWrite, "the disk is full: \(path) cannot be written",
                hint: "free some space (df -h \(shellQuoted(folder))), then try again; what was stored before is intact"
            )
        case EROFS:
            self.init(
                .cannotWrite, "\(path) cannot be written: its file system is read-only",
                hint: "choose a directory on a writable file system")
        case EACCES, EPERM:
            self.init(
                .cannotWrite, "\(path) may not be written by this user",
                hint: "see who owns it: ls -ld \(shellQuoted(folder))")
        case ENOENT, ENOTDIR:
            self.init(.cannotWrite, "there is no directory \(folder)")
        case _ where Self.isExhaustion(code):
            self.init(.exhausted, "\(path) cannot be written: \(errorText(code))", hint: Self.wayOut)
        default:
            self.init(.cannotWrite, "\(path) cannot be written: \(errorText(code))")
        }
    }
}
