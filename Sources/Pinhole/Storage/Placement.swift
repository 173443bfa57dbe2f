import Glibc
import PinholeWire

/// Brings a transfer that is whole to its place in the download folder, with its times and permissions.
///
/// Nothing that is there is lost unless the person wants that, nothing is put under its name before it is on the disk, and
/// when the process dies in between, the next one finds what was done already: a link that is another name of the same file.
struct Placement {
    let transfer: PartialTransfer
    let manifest: FileManifest
    /// Entries that do not count: their sender could not send them as they were listed.
    let leftOut: Set<Int>
    let existing: NodeConfiguration.ExistingFilePolicy

    /// Returns the path of the file or the folder.
    func place() throws(PinholeError) -> String {
        for index in manifest.entries.indices where isWanted(index) { try finish(index) }
        if manifest.entries.count > PartialTransfer.fewFiles {
            try File(opening: transfer.path, flags: O_RDONLY | O_DIRECTORY).synchronizeFileSystem()
        }
        switch transfer.offer.shape {
        case .file:
            let path = try placeFile(transfer.path(of: 0), under: transfer.name, in: transfer.folder, existing)
            try Folder.synchronize(transfer.folder)
            return path
        case .folder: return try placeFolder()
        }
    }

    private func isWanted(_ index: Int) -> Bool {
        !manifest.entries[index].isFolder && !leftOut.contains(index)
    }

    /// The file's last touch. Those that are empty, or nothing but holes, have not been made yet.
    private func finish(_ index: Int) throws(PinholeError) {
        let entry = manifest.entries[index]
        let file = try File(opening: transfer.path(of: index), flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        if try file.status().size != entry.size { try file.truncate(to: entry.size) }
        try file.setMetadata(
            mode: Self.mode(entry), seconds: entry.seconds, nanoseconds: entry.nanoseconds)
        if manifest.entries.count <= PartialTransfer.fewFiles { try file.synchronize() }
    }

    /// What the sender had, as far as this user gives it to files of its own: never to write for others, and nothing that
    /// gives a program another user's rights.
    static func mode(_ entry: FileManifest.Entry) -> mode_t {
        (mode_t(entry.mode) & 0o755 & ~mask) | (entry.isFolder ? 0o700 : 0o600)
    }

    /// umask(2) cannot be read without changing it, for all threads.
    private static let mask: mode_t = {
        guard let file = try? File(opening: "/proc/self/status", flags: O_RDONLY),
            let text = (try? file.read(at: 0, count: 4096)).map({ String(decoding: $0, as: UTF8.self) }),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Umask:") }),
            let mask = mode_t(line.dropFirst(6).filter { !$0.isWhitespace }, radix: 8)
        else { return 0o022 }
        return mask
    }()

    private static let maxNames = 10_000
}

// MARK: Files

extension Placement {
    /// Gives a file the name, or one like it. The file keeps its partial name too, by which a second try knows it again.
    private func placeFile(
        _ source: String, under name: String, in folder: String, _ existing: NodeConfiguration.ExistingFilePolicy,
        notOver given: Set<String> = []
    ) throws(PinholeError) -> String {
        let destination = "\(folder)/\(name)"
        if existing == .overwrite, !given.contains(destination), let there = FileStatus(unfollowed: destination),
            !there.isDirectory
        {
            return try replace(destination, there, by: source)
        }
        for attempt in 1...Self.maxNames {
            let path = "\(folder)/\(FileName.numbered(name, attempt: attempt))"
            if try link(source, path) { return path }
        }
        throw PinholeError(
            .cannotWrite, "\(folder) holds \(Self.maxNames) files named like “\(name)”", hint: "remove some of them")
    }

    private func replace(_ destination: String, _ there: FileStatus, by source: String) throws(PinholeError) -> String {
        if let status = FileStatus(unfollowed: source), status.isSameFile(as: there) { return destination }
        let copy = "\(transfer.path)/new"
        unlink(copy)
        let ready = Glibc.link(source, copy) == 0 ? copy : source
        guard rename(ready, destination) == 0 else { throw PinholeError(system: errno, writing: destination) }
        return destination
    }

    /// Returns whether the file has the name now; false where something else has.
    private func link(_ source: String, _ path: String) throws(PinholeError) -> Bool {
        if Glibc.link(source, path) == 0 { return true }
        switch errno {
        case EEXIST:
            guard let status = FileStatus(unfollowed: source), let there = FileStatus(unfollowed: path) else {
                return false
            }
            return status.isSameFile(as: there)
        // A file system without second names for files.
        case EPERM, EOPNOTSUPP, ENOSYS, EMLINK: return try Folder.move(source, toNew: path)
        case let code: throw PinholeError(system: code, writing: path)
        }
    }
}

// MARK: Folders

extension Placement {
    private var tree: String { "\(transfer.path)/tree" }

    private func placeFolder() throws(PinholeError) -> String {
        let destination = "\(transfer.folder)/\(transfer.name)"
        if existing == .overwrite, let there = FileStatus(unfollowed: destination), there.isDirectory {
            try build(at: destination, .overwrite)
            return destination
        }
        for attempt in 1...Self.maxNames {
            let path = "\(transfer.folder)/\(FileName.numbered(transfer.name, attempt: attempt))"
            if FileStatus(unfollowed: path) != nil {
                if isThere(path) { return path }
                continue
            }
            if attempt == 1 || FileStatus(unfollowed: tree) == nil {
                Folder.removeTree(tree)
                try build(at: tree, .rename)
            }
            try noteTree()
            guard try Folder.move(tree, toNew: path) else { continue }
            try Folder.synchronize(transfer.folder)
            return path
        }
        throw PinholeError(
            .cannotWrite, "\(transfer.folder) holds \(Self.maxNames) folders named like “\(transfer.name)”",
            hint: "remove some of them")
    }

    /// Whether an earlier try was successful: the folder is the one that was to be moved, and what lies in it was not
    /// thrown away since, so that another one got its number.
    private func isThere(_ path: String) -> Bool {
        guard let there = FileStatus(unfollowed: path), there.isDirectory,
            let noted = try? File(opening: note, flags: O_RDONLY | O_NOFOLLOW).read(at: 0, count: 64),
            noted == Self.number(of: there)
        else { return false }
        guard let index = manifest.entries.indices.first(where: isWanted) else { return true }
        return FileStatus(unfollowed: transfer.path(of: index)).map { $0.links > 1 } ?? true
    }

    /// Writes down which folder is about to get its name.
    private func noteTree() throws(PinholeError) {
        let file = try File(opening: note, flags: O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW)
        let number = Self.number(of: try FileStatus(of: tree))
        try file.write(number.span, at: 0)
        try file.synchronize()
        try Folder.synchronize(transfer.path)
    }

    private var note: String { "\(transfer.path)/placed" }

    private static func number(of status: FileStatus) -> [UInt8] { Array("\(status.device) \(status.inode)".utf8) }

    /// Puts all entries under `root`, each under its own name or, where that is taken, one like it.
    private func build(at root: String, _ existing: NodeConfiguration.ExistingFilePolicy) throws(PinholeError) {
        var folders = [FileManifest.Path(""): root]
        // Names that differ may be the same here.
        var given: Set<String> = []
        for (index, entry) in manifest.entries.enumerated() where !leftOut.contains(index) {
            guard !entry.path.isEmpty else {
                if mkdir(root, 0o700) != 0, errno != EEXIST { throw PinholeError(system: errno, writing: root) }
                continue
            }
            let path = FileManifest.Path(entry.path)
            let parent = folders[path.parent] ?? root
            let name = FileName.inside(path.name)
            if entry.isFolder {
                folders[path] = try makeFolder(name, in: parent, existing)
            } else {
                given.insert(
                    try placeFile(transfer.path(of: index), under: name, in: parent, existing, notOver: given))
            }
        }
        // The inner ones first: putting something into a folder changes its time.
        for entry in manifest.entries.reversed() where entry.isFolder {
            guard let path = folders[FileManifest.Path(entry.path)] else { continue }
            try File(opening: path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW).setMetadata(
                mode: Self.mode(entry), seconds: entry.seconds, nanoseconds: entry.nanoseconds)
        }
        try synchronize(folders.values)
    }

    private func synchronize(_ folders: some Collection<String>) throws(PinholeError) {
        guard folders.count <= PartialTransfer.fewFiles else {
            return try File(opening: transfer.folder, flags: O_RDONLY | O_DIRECTORY).synchronizeFileSystem()
        }
        for folder in folders { try Folder.synchronize(folder) }
    }

    /// A link to a folder elsewhere is no folder here.
    private func makeFolder(
        _ name: String, in parent: String, _ existing: NodeConfiguration.ExistingFilePolicy
    ) throws(PinholeError) -> String {
        for attempt in 1...Self.maxNames {
            let path = "\(parent)/\(FileName.numbered(name, attempt: attempt))"
            if mkdir(path, 0o700) == 0 { return path }
            guard errno == EEXIST else { throw PinholeError(system: errno, writing: path) }
            if existing == .overwrite, FileStatus(unfollowed: path)?.isDirectory ?? false { return path }
        }
        throw PinholeError(.cannotWrite, "\(parent) holds \(Self.maxNames) folders named like “\(name)”")
    }
}
