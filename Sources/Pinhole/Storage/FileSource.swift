import Glibc
import PinholeCrypto
package import PinholeWire
import Synchronization

/// A file or a folder on its way out, as it was when it was listed. What changes afterwards, or cannot be read, is found
/// out when it is read: a single file then fails, and of a folder that file is left out.
package final class FileSource: Sendable {
    /// Absolute.
    package let path: String
    /// The last part of the path, as offered to the receiver.
    package let name: String
    package let shape: FileOffer.Shape
    package let manifest: FileManifest
    package let contentSize: UInt64
    package let totalSize: UInt64
    /// What it was when it was listed; something else once anything of it was changed. 32 bytes.
    package let fingerprint: [UInt8]
    /// The file system that it is on: ``FileStatus/device``.
    package var device: UInt64 { root.device }
    /// What is there and is not sent, as it is neither a file nor a folder: one phrase each.
    package let omitted: [Phrase]
    /// What was found to be unreadable when it was listed, and why: one phrase each.
    package let lost: [Phrase]
    private let manifestBytes: [UInt8]
    private let root: FileStatus
    private let files: [Item]
    private let pieces: [ContentPiece]
    private let state = Mutex(State())

    /// A regular file of the listing, by its place in the manifest.
    struct Item {
        let entry: Int
        let path: String
        let status: FileStatus
    }

    private struct State {
        /// The file that was read last, which is mostly the one that is read next.
        var open: (file: Int, handle: SharedFile)?
        /// Why files of a folder were left out, by their places in the manifest.
        var leftOut: [Int: Phrase] = [:]
    }

    /// Lists what is at `path`.
    package init(_ path: String) throws(PinholeError) {
        let path = absolutePath(path)
        let listing = try FileListing(path)
        self.path = path
        root = listing.root
        name = FileName.sanitized(path)
        manifest = FileManifest(listing.entries)
        shape = listing.entries[0].isFolder ? .folder : .file
        files = listing.files
        omitted = listing.omitted
        lost = listing.lost
        manifestBytes = manifest.encoded
        guard manifestBytes.count <= Limits.maxManifest, listing.entries.count <= Limits.maxManifestEntries else {
            throw PinholeError(
                .usage, "\(path) holds more files than can be sent at once", hint: "send its folders one by one")
        }
        var pieces: [ContentPiece] = []
        let start = UInt64(manifestBytes.count)
        for (index, file) in files.enumerated() {
            guard case .file(_, let data) = listing.entries[file.entry].kind else { continue }
            pieces.append(data, of: index, from: start)
        }
        self.pieces = pieces
        contentSize = pieces.last?.end ?? start
        totalSize = listing.entries.reduce(0) { $0 + $1.size }
        fingerprint = Blake2b.hash(manifestBytes + listing.identities)
    }

    /// An offer of this, whose numbers nobody can guess.
    package func offer(_ transfer: UInt64, salt: [UInt8]) -> FileOffer {
        FileOffer(
            transfer: transfer, salt: salt, shape: shape, entries: UInt32(manifest.entries.count),
            manifestSize: UInt32(manifestBytes.count), contentSize: contentSize, totalSize: totalSize, name: name)
    }

    /// Files of a folder that could not be sent as they were listed, by their places in the manifest, and why. What stands
    /// in the content in their place counts for nothing.
    var leftOut: [(entry: Int, reason: Phrase)] {
        state.withLock { state in state.leftOut.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// Everything that is missing from what is sent, and why.
    var missing: [Phrase] { lost + leftOut.map(\.reason) }

    /// Part of the content, with room for `extra` bytes behind it, which are zeros.
    func read(_ range: Range<UInt64>, extra: Int = 0) throws(PinholeError) -> [UInt8] {
        var failure: PinholeError?
        let count = range.count
        let bytes = [UInt8](unsafeUninitializedCapacity: count + extra) { buffer, filled in
            do throws(PinholeError) {
                try read(range, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                UnsafeMutableBufferPointer(rebasing: buffer[count..<count + extra]).initialize(repeating: 0)
                filled = count + extra
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private func read(_ range: Range<UInt64>, into buffer: UnsafeMutableBufferPointer<UInt8>) throws(PinholeError) {
        var position = range.lowerBound
        if position < UInt64(manifestBytes.count) {
            let part = Int(position)..<min(Int(range.upperBound), manifestBytes.count)
            _ = buffer.initialize(fromContentsOf: manifestBytes[part])
            position += UInt64(part.count)
        }
        var index = pieces.index(at: position)
        while position < range.upperBound, index < pieces.count {
            let piece = pieces[index]
            let skipped = position - piece.start
            let count = Int(min(piece.count - skipped, range.upperBound - position))
            let place = Int(position - range.lowerBound)
            let part = UnsafeMutableBufferPointer(rebasing: buffer[place..<place + count])
            try read(piece.file, at: piece.offset + skipped, into: part)
            position += UInt64(count)
            index += 1
        }
    }

    private func read(
        _ index: Int, at offset: UInt64, into buffer: UnsafeMutableBufferPointer<UInt8>
    ) throws(PinholeError) {
        do throws(PinholeError) {
            let handle = try open(index)
            let count = try handle.file.read(at: offset, into: buffer)
            guard count == buffer.count, try handle.file.status() == files[index].status else {
                throw changed(files[index].path)
            }
        } catch {
            // With its disk, or its folder, all of it is away.
            try requireRoot()
            // The rest of a folder need not suffer for one file, which is left out unless it can be read later.
            guard shape == .folder, error.code != .exhausted else { throw error }
            buffer.initialize(repeating: 0)
            let reason = error.code == .noSuchFile ? changed(files[index].path).message : error.message
            let entry = files[index].entry
            state.withLock { if $0.leftOut[entry] == nil { $0.leftOut[entry] = reason } }
        }
    }

    private func open(_ index: Int) throws(PinholeError) -> SharedFile {
        if let handle = state.withLock({ $0.open?.file == index ? $0.open?.handle : nil }) { return handle }
        let handle = SharedFile(try File(opening: files[index].path, flags: O_RDONLY | O_NONBLOCK))
        guard try handle.file.status() == files[index].status else { throw changed(files[index].path) }
        state.withLock { $0.open = (index, handle) }
        return handle
    }

    /// Throws where the path does not name what was listed any more: another folder, or nothing.
    private func requireRoot() throws(PinholeError) {
        do throws(PinholeError) {
            let status = try FileStatus(of: path)
            if shape == .file || status.isSameFile(as: root) { return }
        } catch {
            guard error.code == .noSuchFile else { throw error }
        }
        throw SourceAbsence(of: path, on: device).error
    }

    private func changed(_ path: String) -> PinholeError {
        PinholeError(.badData, "\(path) changed while it was being sent", hint: "send it again")
    }
}
