import CDatagram
import Glibc

/// An open file, closed at the end of its life. Errors are sentences about its path.
struct File: ~Copyable {
    let path: String
    private let descriptor: Int32

    init(opening path: String, flags: Int32, mode: mode_t = 0o600) throws(PinholeError) {
        descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw PinholeError(system: errno, opening: path, toWrite: flags & O_ACCMODE != 0) }
        self.path = path
    }

    deinit {
        // Closing alone leaves the lock with a child process that was forked meanwhile, until it executes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    func status() throws(PinholeError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw PinholeError(system: errno, reading: path) }
        return FileStatus(status)
    }

    /// Reads `count` bytes at `offset`, or what is there.
    func read(at offset: UInt64, count: Int) throws(PinholeError) -> [UInt8] {
        var failure: PinholeError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(PinholeError) {
                filled = try read(at: offset, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills `buffer` from `offset` on. Returns how much of it, which is less than all at the end of the file.
    func read(at offset: UInt64, into buffer: UnsafeMutableBufferPointer<UInt8>) throws(PinholeError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let result = pread(
                descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset) + filled)
            if result > 0 {
                filled += result
            } else if result == 0 {
                break
            } else if errno != EINTR {
                throw PinholeError(system: errno, reading: path)
            }
        }
        return filled
    }

    /// Where data and holes lie, as the file system tells, with holes of less than `grain` bytes taken for data; all of
    /// it where it does not tell.
    func data(of size: UInt64, grain: UInt64) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        var end: Int64 = 0
        while end < Int64(size) {
            let start = storage_next_data(descriptor, end)
            guard start >= 0 else { return errno == ENXIO ? ranges : [0..<size] }
            end = storage_next_hole(descriptor, start)
            guard end > start, start < Int64(size) else { return [0..<size] }
            let range = UInt64(start)..<min(UInt64(end), size)
            if let last = ranges.last, range.lowerBound - last.upperBound < grain {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(PinholeError) {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBufferPointer {
                pwrite(descriptor, $0.baseAddress! + written, $0.count - written, off_t(offset) + written)
            }
            if result >= 0 {
                written += result
            } else if errno != EINTR {
                throw PinholeError(system: errno, writing: path)
            }
        }
    }

    func truncate(to length: UInt64) throws(PinholeError) {
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw PinholeError(system: errno, writing: path) }
    }

    /// Returns when the content has reached the disk.
    func synchronize() throws(PinholeError) {
        guard fsync(descriptor) == 0 else { throw PinholeError(system: errno, writing: path) }
    }

    /// Returns when everything in its file system has reached the disk.
    func synchronizeFileSystem() throws(PinholeError) {
        guard storage_synchronize(descriptor) == 0 else { throw PinholeError(system: errno, writing: path) }
    }

    /// Sets the permission bits and when the content was last changed. Times that the file system does not know stay.
    func setMetadata(mode: mode_t, seconds: Int64, nanoseconds: UInt32) throws(PinholeError) {
        guard fchmod(descriptor, mode) == 0 else { throw PinholeError(system: errno, writing: path) }
        let times = [
            timespec(tv_sec: 0, tv_nsec: Self.omitted), timespec(tv_sec: time_t(seconds), tv_nsec: Int(nanoseconds)),
        ]
        _ = futimens(descriptor, times)
    }

    /// `UTIME_OMIT`, which Swift cannot import.
    private static let omitted = (1 << 30) - 2

    func unlock() {
        flock(descriptor, LOCK_UN)
    }

    /// Takes the advisory lock that ends with this file's life, or returns false where another process has it.
    func lock() throws(PinholeError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw PinholeError(system: errno, writing: path) }
        return false
    }
}

/// An open file with several owners.
final class SharedFile: Sendable {
    let file: File

    init(_ file: consuming File) {
        self.file = file
    }
}

/// What the system says of a file.
struct FileStatus: Equatable {
    let isRegular: Bool
    let isDirectory: Bool
    /// The permission bits.
    let mode: mode_t
    let owner: uid_t
    let size: UInt64
    /// What tells a file from all others of this machine.
    let device: UInt64
    let inode: UInt64
    let modifiedSeconds: Int64
    let modifiedNanoseconds: UInt32
    /// When anything of it was last changed: nothing can set this back.
    let changedSeconds: Int64
    let changedNanoseconds: UInt32
    /// Whether some of it takes no room on the disk.
    let isSparse: Bool

    init(_ status: stat) {
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        size = UInt64(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        modifiedSeconds = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = UInt32(clamping: status.st_mtim.tv_nsec)
        changedSeconds = Int64(status.st_ctim.tv_sec)
        changedNanoseconds = UInt32(clamping: status.st_ctim.tv_nsec)
        isSparse = Int64(status.st_blocks) * 512 < Int64(status.st_size)
    }

    /// What the path itself names: a link is not followed. nil where there is nothing.
    init?(unfollowed path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }

    init(of path: String) throws(PinholeError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw PinholeError(system: errno, reading: path) }
        self.init(status)
    }

    /// Throws unless the file belongs to this user and nobody else can read or write it.
    func requirePrivate(_ path: String, what: String) throws(PinholeError) {
        guard owner == geteuid() || geteuid() == 0 else {
            throw PinholeError(
                .configuration, "\(what) \(path) belongs to another user", hint: "run as its owner, or use your own")
        }
        guard mode & 0o077 == 0 else {
            throw PinholeError(
                .configuration, "\(what) \(path) is open to other users (mode \(mode.octal))",
                hint: "chmod 600 \(shellQuoted(path))")
        }
    }
}

/// Operations on directory entries.
enum Folder {
    /// A new directory for a while, with mode 0700.
    static func makeTemporary(_ name: String) throws(PinholeError) -> String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw PinholeError(system: errno, writing: folder) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes a directory that holds files only.
    static func removeFlat(_ path: String) {
        guard let directory = opendir(path) else { return }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        closedir(directory)
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// Creates a directory and those above it, unless it exists.
    static func create(_ path: String, mode: mode_t) throws(PinholeError) {
        if mkdir(path, mode) == 0 { return }
        switch errno {
        case EEXIST:
            guard try FileStatus(of: path).isDirectory else {
                throw PinholeError(.cannotWrite, "\(path) is not a directory")
            }
        case ENOENT:
            let parent = parent(of: path)
            guard parent != path else { throw PinholeError(system: ENOENT, writing: path) }
            try create(parent, mode: mode)
            guard mkdir(path, mode) == 0 || errno == EEXIST else { throw PinholeError(system: errno, writing: path) }
        case let code:
            throw PinholeError(system: code, writing: path)
        }
    }

    /// Returns when the directory's entries have reached the disk.
    static func synchronize(_ path: String) throws(PinholeError) {
        try File(opening: path, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Gives a file another name in the same file system, atomically. Returns false where the name is taken.
    static func move(_ path: String, toNew destination: String) throws(PinholeError) -> Bool {
        if link(path, destination) == 0 {
            unlink(path)
            return true
        }
        switch errno {
        case EEXIST: return false
        case EPERM, EOPNOTSUPP, ENOSYS, EMLINK: break
        case let code: throw PinholeError(system: code, writing: destination)
        }
        // A file system without hard links: take the name first, then replace what is our own.
        let claim = open(destination, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard claim >= 0 else {
            guard errno == EEXIST else { throw PinholeError(system: errno, writing: destination) }
            return false
        }
        close(claim)
        guard rename(path, destination) == 0 else {
            let code = errno
            unlink(destination)
            throw PinholeError(system: code, writing: destination)
        }
        return true
    }

    /// Removes a file or a folder with everything in it, as far as it can be removed. Links are not followed.
    static func removeTree(_ path: String) {
        guard let status = FileStatus(unfollowed: path) else { return }
        guard status.isDirectory else {
            unlink(path)
            return
        }
        for name in (try? names(in: path)) ?? [] { removeTree(path + "/" + name) }
        rmdir(path)
    }

    /// All that is in a folder but `.` and `..`; names that are not UTF-8 are repaired.
    static func names(in path: String) throws(PinholeError) -> [String] {
        guard let directory = opendir(path) else { throw PinholeError(system: errno, reading: path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func parent(of path: String) -> String {
        var end = path[...]
        while end.count > 1, end.last == "/" { end = end.dropLast() }
        guard let slash = end.lastIndex(of: "/") else { return "." }
        return slash == end.startIndex ? "/" : String(end[..<slash])
    }
}

/// A word that a POSIX shell reads back as `text`.
func shellQuoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            || "/._-+@:,".utf8.contains(byte)
    }
    return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}

extension mode_t {
    fileprivate var octal: String {
        let digits = String(self, radix: 8)
        return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    }
}
