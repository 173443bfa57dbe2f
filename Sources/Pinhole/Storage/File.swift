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
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let result = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset) + filled)
                if result > 0 {
                    filled += result
                } else if result == 0 {
                    break
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        guard failure == 0 else { throw PinholeError(system: failure, reading: path) }
        return bytes
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

    /// Takes the advisory lock that ends with this file's life, or returns false where another process has it.
    func lock() throws(PinholeError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw PinholeError(system: errno, writing: path) }
        return false
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
    private let modifiedSeconds: Int
    private let modifiedNanoseconds: Int

    init(_ status: stat) {
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        size = UInt64(status.st_size)
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
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
