import Glibc
import PinholeCrypto

/// Files that only the service may read: its key and its access token.
enum SecretFile {
    /// The service's key, made at the first start.
    static func key(at path: String) throws(ServerError) -> ServiceSecret {
        if let secret = try existingKey(at: path) { return secret }
        let secret = ServiceSecret.generate()
        try makeDirectory(of: path)
        let text =
            "# The secret key of a Pinhole signaling service. Its address holds \(secret.publicKey.text)\n"
            + secret.text + "\n"
        if try create(path, text) { return secret }
        // Another process was first; its key is as good.
        guard let secret = try existingKey(at: path) else {
            throw ServerError(.cannotWrite, "the key file \(path) cannot be made: it appears and vanishes")
        }
        return secret
    }

    /// The service's key; `nil` before the first start.
    static func existingKey(at path: String) throws(ServerError) -> ServiceSecret? {
        guard let text = try contents(of: path, what: "key") else { return nil }
        return try parse(text, path)
    }

    static func token(at path: String) throws(ServerError) -> [UInt8] {
        guard let text = try contents(of: path, what: "access token") else {
            throw ServerError(.noSuchFile, "there is no access token file \(path)")
        }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, (1...255).contains(words[0].utf8.count) else {
            throw ServerError(.badKey, "the access token file \(path) should hold one word of at most 255 bytes")
        }
        return Array(words[0].utf8)
    }

    private static func parse(_ text: String, _ path: String) throws(ServerError) -> ServiceSecret {
        let line = text.split(separator: "\n").first { !$0.hasPrefix("#") } ?? ""
        do throws(KeyError) {
            return try ServiceSecret(text: String(line))
        } catch {
            throw ServerError(
                .badKey,
                "the key file \(path) is damaged (\(error.message)): put back a copy, or remove it, and give every "
                    + "client the service's new address")
        }
    }

    /// The text of a file that belongs to us alone; `nil` when there is none.
    private static func contents(of path: String, what: String) throws(ServerError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw ServerError(.blocked, "the \(what) file \(path) cannot be opened: \(errorText())")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ServerError(.badKey, "\(path) is not a file")
        }
        guard status.st_mode & 0o077 == 0 || isCredential(path) else {
            throw ServerError(
                .blocked, "others can read the \(what) file \(path): make it yours alone with 'chmod 600 \(path)'")
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw ServerError(.badKey, "the \(what) file \(path) cannot be read: \(errorText())") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Whether systemd has put the file where this service alone can read it, with modes of its own (systemd.exec(5)).
    private static func isCredential(_ path: String) -> Bool {
        getenv("CREDENTIALS_DIRECTORY").map { path.hasPrefix(String(cString: $0) + "/") } ?? false
    }

    /// Puts a whole, synchronized file in place; `false` when there already is one.
    private static func create(_ path: String, _ text: String) throws(ServerError) -> Bool {
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw cannotWrite(path) }
        defer { unlink(temporary) }
        let bytes = Array(text.utf8)
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let failure = isWritten ? nil : cannotWrite(path)
        close(descriptor)
        if let failure { throw failure }
        guard link(temporary, path) == 0 else {
            if errno == EEXIST { return false }
            throw cannotWrite(path)
        }
        guard syncDirectory(of: path) else { throw cannotWrite(path) }
        return true
    }

    /// The name of a new file is on disk only when its directory is.
    private static func syncDirectory(of path: String) -> Bool {
        let end = path.lastIndex(of: "/")
        let directory = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A file system that cannot synchronize a directory has no other way to say so.
        return fsync(descriptor) == 0 || errno == EINVAL
    }

    /// Makes the missing directories on the way to `path`, for us alone.
    private static func makeDirectory(of path: String) throws(ServerError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for name in path.split(separator: "/").dropLast() {
            prefix += "/" + name
            guard mkdir(prefix, 0o700) == 0 || errno == EEXIST else { throw cannotWrite(path) }
        }
    }

    private static func cannotWrite(_ path: String) -> ServerError {
        ServerError(.cannotWrite, "the key file \(path) cannot be made: \(errorText())")
    }
}

/// What the last failed system call says, for people.
func errorText(_ number: Int32 = errno) -> String {
    String(cString: strerror(number))
}
