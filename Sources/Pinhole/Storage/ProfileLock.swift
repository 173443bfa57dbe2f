import Glibc

/// One process at a time runs with an identity. The kernel releases the lock with the process, however it ends.
package final class ProfileLock: Sendable {
    private let file: LockedFile

    /// Takes the right to run the hooks of a profile, which several processes may want to; nil where another has it.
    package init?(hooksOf directory: String) throws(PinholeError) {
        let file = try File(opening: directory + "/hooks.lock", flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        guard try file.lock() else { return nil }
        self.file = LockedFile(file)
    }

    /// Takes the lock of a profile directory.
    package init(directory: String) throws(PinholeError) {
        let path = directory + "/lock"
        let file = try File(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        guard try file.lock() else {
            let holder = String(decoding: try file.read(at: 0, count: 32), as: UTF8.self).prefix { $0.isNumber }
            throw PinholeError(
                .identityInUse,
                "another process\(holder.isEmpty ? "" : " (pid \(holder))") runs with the identity in \(directory)",
                hint: holder.isEmpty ? "stop it first" : "stop it first: kill \(holder)")
        }
        try file.truncate(to: 0)
        try file.write(Array("\(getpid())\n".utf8).span, at: 0)
        self.file = LockedFile(file)
    }

    /// `File` is not copyable, and only held here.
    private struct LockedFile: ~Copyable, Sendable {
        let file: File
        init(_ file: consuming File) { self.file = file }
    }
}
