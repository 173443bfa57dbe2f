import CDatagram
import Glibc

/// An open file, closed at the end of its life. Errors are sentences about its path.
struct File: ~Copyable {
    let path: String
    private let descriptor: Int32

    init(opening path: String, flags: Int32, mode: mode_t = 0o600) throws(PinholeError) {
        var opened = open(path, flags | O_CLOEXEC, mode)
        // Each file that a contact sends has its journal open.
        if opened < 0, errno == EMFILE, DescriptorLimit.raise() { opened = open(path, flags | O_CLOEXEC, mode) }
        descriptor = opened
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
        // Where everything has one owner and one mode, as on a share, that is no reason to lose what arrived.
        guard fchmod(descriptor, mode) == 0 || [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) else {
            throw PinholeError(system: errno, writing: path)
        }
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
