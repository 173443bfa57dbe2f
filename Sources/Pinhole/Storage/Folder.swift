import CDatagram
import Glibc

/// Operations on directory entries.
package enum Folder {
    /// A new directory for a while, with mode 0700: in `parent`, or where the system has such directories.
    package static func makeTemporary(_ name: String, in parent: String? = nil) throws(PinholeError) -> String {
        let folder = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw PinholeError(system: errno, writing: folder) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
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

    /// Gives a file or a folder another name in the same file system, atomically. Returns false where the name is taken.
    static func move(_ path: String, toNew destination: String) throws(PinholeError) -> Bool {
        if storage_rename_new(path, destination) == 0 { return true }
        switch errno {
        case EEXIST: return false
        // Over NFS, for instance, where a file can have two names for a moment.
        case EINVAL, ENOSYS, EOPNOTSUPP: break
        case let code: throw PinholeError(system: code, writing: destination)
        }
        if link(path, destination) == 0 {
            unlink(path)
            return true
        }
        guard errno != EEXIST else { return false }
        return try claim(destination, for: path)
    }

    /// Takes the name first, then replaces what is its own.
    private static func claim(_ destination: String, for path: String) throws(PinholeError) -> Bool {
        let isFolder = FileStatus(unfollowed: path)?.isDirectory ?? false
        let result =
            isFolder ? mkdir(destination, 0o700) : open(destination, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard result >= 0 else {
            guard errno == EEXIST else { throw PinholeError(system: errno, writing: destination) }
            return false
        }
        if !isFolder { close(result) }
        guard rename(path, destination) == 0 else {
            let code = errno
            if isFolder { rmdir(destination) } else { unlink(destination) }
            throw PinholeError(system: code, writing: destination)
        }
        return true
    }

    /// Removes a file or a folder with everything in it, as far as it can be removed. Links are not followed.
    static func removeTree(_ path: String) {
        removeTree(Array(path.utf8CString))
    }

    /// The same for a path whose names need not be UTF-8; it ends with a zero.
    private static func removeTree(_ path: [CChar]) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in entries(of: path) ?? [] {
            let part = [0x2f] + name.map { CChar(bitPattern: $0) } + [0]
            removeTree(Array(path.prefix(path.count - 1)) + part)
        }
        rmdir(path)
    }

    /// The bytes of all names in a folder but `.` and `..`, in their order.
    static func entries(of path: String) throws(PinholeError) -> [[UInt8]] {
        guard let names = entries(of: Array(path.utf8CString)) else { throw PinholeError(system: errno, reading: path) }
        return names
    }

    private static func entries(of path: [CChar]) -> [[UInt8]]? {
        var opened = opendir(path)
        if opened == nil, errno == EMFILE, DescriptorLimit.raise() { opened = opendir(path) }
        guard let directory = opened else { return nil }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
        }
        guard errno == 0 else { return nil }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The same names as text; those that are not UTF-8 are repaired.
    static func names(in path: String) throws(PinholeError) -> [String] {
        try entries(of: path).map { String(decoding: $0, as: UTF8.self) }
    }

    static func parent(of path: String) -> String {
        // By bytes: a slash and a mark behind it are one character.
        var end = path.utf8[...]
        while end.count > 1, end.last == 0x2f { end = end.dropLast() }
        guard let slash = end.lastIndex(of: 0x2f) else { return "." }
        return slash == end.startIndex ? "/" : String(Substring(end[..<slash]))
    }
}
