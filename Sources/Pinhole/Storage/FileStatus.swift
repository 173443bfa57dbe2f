import Glibc

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
    /// How many names it has.
    let links: UInt64
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
        links = UInt64(status.st_nlink)
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

    /// The same, but throws where it cannot be known what is there.
    static func unfollowed(_ path: String) throws(PinholeError) -> FileStatus? {
        var status = stat()
        if lstat(path, &status) == 0 { return FileStatus(status) }
        guard errno == ENOENT else { throw PinholeError(system: errno, reading: path) }
        return nil
    }

    func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }

    init(of path: String) throws(PinholeError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw PinholeError(system: errno, reading: path) }
        self.init(status)
    }

    /// Whether the system has no name for the owner, as of an NFSv4 server's or in a user namespace, and lets nobody
    /// else in: who can use the file is its owner then.
    var isOfUnmappedOwner: Bool { owner == Self.overflowUser && mode & 0o077 == 0 }

    /// Whether what lies in a folder of `folderOwner` may be relied on by a user: it is its own, or of whoever could put
    /// anything there, as on file systems where everything has one owner.
    func isOwn(of user: uid_t = geteuid(), inFolderOf folderOwner: uid_t?) -> Bool {
        owner == user || owner == folderOwner || isOfUnmappedOwner
    }

    /// Who stands for owners without a name (proc_sys_kernel(5)).
    static let overflowUser: uid_t = {
        guard let file = try? File(opening: "/proc/sys/kernel/overflowuid", flags: O_RDONLY),
            let text = try? file.read(at: 0, count: 16)
        else { return 65_534 }
        return uid_t(String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self)) ?? 65_534
    }()

    /// Throws unless the file belongs to this user and nobody else can read or write it.
    func requirePrivate(_ path: String, what: String) throws(PinholeError) {
        guard owner == geteuid() || geteuid() == 0 || isOfUnmappedOwner else {
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

extension mode_t {
    fileprivate var octal: String {
        let digits = String(self, radix: 8)
        return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    }
}
