/// Why there is nothing where the source of a transfer was.
///
/// Who deletes a file, or gives it another name, leaves the folder that it was in, or one above that, on the same file
/// system. Where a disk is not mounted, what there is belongs to another file system: the directory that it is mounted on, or
/// one above that. Numbers of disks may change while the machine is off: then what was deleted passes for away, and nothing
/// is given up that could go on.
enum SourceAbsence {
    /// It was deleted, or has another name now: it does not come back by itself.
    case gone(String)
    /// The disk that holds it is not there, and may be again.
    case away(String)

    /// `device`: what ``FileStatus/device`` was; without it nobody knows.
    init(of path: String, on device: UInt64?) {
        var place = path
        var status = try? FileStatus(of: place)
        while status == nil, place != Folder.parent(of: place) {
            place = Folder.parent(of: place)
            status = try? FileStatus(of: place)
        }
        self = device != nil && status?.device == device ? .gone(path) : .away(path)
    }

    var error: PinholeError {
        switch self {
        case .gone(let path):
            PinholeError(
                .noSuchFile, "\(path) was deleted, or has another name now", hint: "send it again from where it is")
        case .away(let path):
            PinholeError(
                .other, "the disk with \(path) is not there",
                hint: "it goes on when the disk is back; 'pinhole files cancel' gives it up")
        }
    }
}

extension StoredTransfer {
    /// What was offered, if it is still there as it was. Throws ``PinholeError/Code/badData`` or
    /// ``PinholeError/Code/noSuchFile`` where that will never be so again.
    func source(at path: String) throws(PinholeError) -> FileSource {
        let source: FileSource
        do throws(PinholeError) {
            source = try FileSource(path)
        } catch {
            guard error.code == .noSuchFile else { throw error }
            throw SourceAbsence(of: path, on: device).error
        }
        guard source.fingerprint != fingerprint else { return source }
        // The directory that its disk is mounted on is there without it.
        if let device, source.device != device { throw SourceAbsence.away(path).error }
        throw PinholeError(.badData, "\(path) changed since it was offered", hint: "send it again")
    }
}
