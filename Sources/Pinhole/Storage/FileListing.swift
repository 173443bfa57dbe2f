import Glibc
import PinholeWire

/// What is at a path: a file, or a folder with everything in it. Links are not followed, except the path itself.
struct FileListing {
    /// What the path itself names.
    let root: FileStatus
    private(set) var entries: [FileManifest.Entry] = []
    private(set) var files: [FileSource.Item] = []
    /// What is neither a file nor a folder, and is not sent.
    private(set) var omitted: [Phrase] = []
    /// What should be sent and cannot be, and why.
    private(set) var lost: [Phrase] = []
    /// Which files these are, and when anything of them was last changed.
    private(set) var identities: [UInt8] = []
    /// Ranges of the files with holes.
    private var ranges = 0

    init(_ path: String) throws(PinholeError) {
        root = try FileStatus(of: path)
        let status = root
        guard status.isRegular || status.isDirectory else {
            throw PinholeError(.usage, "\(path) is neither a file nor a folder")
        }
        if status.isDirectory {
            try add(folder: path, status, named: "", depth: 0)
        } else {
            try add(file: path, status, named: "")
        }
    }

    private mutating func add(folder path: String, _ status: FileStatus, named name: String, depth: Int)
        throws(PinholeError)
    {
        // In the order of their bytes, so that a folder that did not change is listed the same again.
        let names = try Folder.entries(of: path)
        note(status)
        entries.append(Self.entry(.folder, status, name))
        for child in names {
            guard let text = String(validating: child, as: UTF8.self) else {
                lost.append("\(path)/\(String(decoding: child, as: UTF8.self)): its name is not UTF-8")
                continue
            }
            let childPath = path + "/" + text
            let childName = name.isEmpty ? text : name + "/" + text
            guard depth < Limits.maxFolderDepth, childName.utf8.count <= Limits.maxFilePath else {
                lost.append("\(childPath): it lies too deep")
                continue
            }
            do throws(PinholeError) {
                guard let status = try FileStatus.unfollowed(childPath) else { continue }
                if status.isDirectory {
                    try add(folder: childPath, status, named: childName, depth: depth + 1)
                } else if status.isRegular {
                    try add(file: childPath, status, named: childName)
                } else {
                    omitted.append("\(childPath): it is neither a file nor a folder")
                }
            } catch {
                // What could be read with more memory is not left out.
                guard error.code != .exhausted else { throw error }
                lost.append(error.message)
            }
        }
    }

    private mutating func add(file path: String, _ status: FileStatus, named name: String) throws(PinholeError) {
        // O_NONBLOCK: what has become a pipe meanwhile is refused instead of waited for.
        let file = try File(opening: path, flags: O_RDONLY | O_NONBLOCK)
        let status = try file.status()
        guard status.isRegular else { throw PinholeError(.usage, "\(path) is not a regular file") }
        var data = status.size == 0 ? [] : [0..<status.size]
        if status.isSparse {
            let found = file.data(of: status.size, grain: Self.grain)
            // Of a file with more, the holes are sent as what they read as.
            if found.count <= min(Self.maxRanges, Limits.maxManifestRanges - ranges) { data = found }
        }
        note(status)
        files.append(FileSource.Item(entry: entries.count, path: path, status: status))
        entries.append(Self.entry(.file(size: status.size, data: data), status, name))
        ranges += entries[entries.count - 1].ranges
    }

    private mutating func note(_ status: FileStatus) {
        // Without its disk's number, which may be another after the machine was started again.
        var writer = ByteWriter(capacity: 20)
        writer.u64(status.inode)
        // A folder's own times say nothing that its list does not.
        if status.isRegular {
            writer.u64(UInt64(bitPattern: status.changedSeconds))
            writer.u32(status.changedNanoseconds)
        }
        identities += writer.bytes
    }

    private static func entry(
        _ kind: FileManifest.Entry.Kind, _ status: FileStatus, _ name: String
    ) -> FileManifest.Entry {
        FileManifest.Entry(
            kind: kind, mode: UInt16(status.mode & 0o777), seconds: status.modifiedSeconds,
            nanoseconds: status.modifiedNanoseconds, path: name)
    }

    /// Smaller holes are sent: a file system's blocks are no larger.
    private static let grain: UInt64 = 64 * 1024
    private static let maxRanges = 1 << 16
}
