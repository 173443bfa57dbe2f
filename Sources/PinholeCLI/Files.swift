import Glibc
import Pinhole

/// Small text files, read and made whole.
enum Files {
    /// The whole text of a file, at most `limit` bytes of it.
    static func read(_ path: String, limit: Int = 1 << 20) throws(Failure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(errno == ENOENT ? .noSuchFile : .other, "\(path): \(reason(errno))")
        }
        defer { close(descriptor) }
        return try read(descriptor, named: path, limit: limit)
    }

    /// The text of a file that holds a secret, refused while others can read it. A pipe's or terminal's mode says nothing
    /// of a copy that stays, so those are taken as they are.
    static func readSecret(_ path: String, what: String, limit: Int) throws(Failure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(errno == ENOENT ? .noSuchFile : .other, "\(path): \(reason(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(.other, "\(path): \(reason(errno))") }
        let mode = status.st_mode & 0o7777
        guard status.st_mode & S_IFMT != S_IFREG || mode & 0o077 == 0 else {
            let octal = String(mode, radix: 8)
            throw Failure(
                .configuration,
                "\(what) \(path) is open to other users (mode \(String(repeating: "0", count: 4 - octal.count))\(octal))",
                hint: "chmod 600 \(shellWord(path))")
        }
        return try read(descriptor, named: path, limit: limit)
    }

    static func read(_ descriptor: Int32, named name: String, limit: Int) throws(Failure) -> String {
        let bytes = try bytes(descriptor, named: name, limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badData, "\(name) is not UTF-8 text")
        }
        return text
    }

    static func bytes(_ descriptor: Int32, named name: String, limit: Int) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw Failure(.other, "\(name): \(reason(errno))")
            }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw Failure(.badData, "\(name) is longer than \(limit) bytes")
            }
        }
        return bytes
    }

    /// Makes a new file and the directories above it; an existing file is left alone.
    static func create(_ path: String, containing text: String) throws(Failure) {
        try createDirectory(above: path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(.cannotWrite, "\(path): \(reason(errno))") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let problem = reason(errno)
            unlink(path)
            throw Failure(.cannotWrite, "\(path): \(problem)")
        }
    }

    /// Writes a file for this person alone, in the place of one that may be there.
    static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        try createDirectory(above: path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.cannotWrite, "\(path): \(reason(errno))") }
        defer { close(descriptor) }
        var status = stat()
        // What others could read before they can read no longer; a device or a pipe is nobody's copy.
        let isOurs =
            fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT != S_IFREG || fchmod(descriptor, 0o600) == 0)
        guard isOurs, write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Failure(.cannotWrite, "\(path): \(reason(errno))")
        }
    }

    /// A path as it can be pasted into a shell, behind a command that would take one that begins with "-" for an option.
    private static func shellWord(_ path: String) -> String {
        shellQuoted(path.hasPrefix("-") ? "./\(path)" : path)
    }

    static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

    private static func createDirectory(above path: String) throws(Failure) {
        let components = path.split(separator: "/").dropLast()
        var directory = path.hasPrefix("/") ? "" : "."
        for component in components {
            directory += "/" + component
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw Failure(.cannotWrite, "\(directory): \(reason(errno))")
            }
        }
    }
}
