import Glibc
import Pinhole

/// Where the process that hosts a profile is found by the others: a Unix socket that only its owner can reach.
package enum ControlSocket {
    /// The longest path that fits into `sun_path`, with its final zero.
    static let maximumPathLength = 107

    /// The path for a profile. `runtimeDirectory` is `XDG_RUNTIME_DIR`, where there is one.
    ///
    /// A profile in `usualDirectory` goes by its name, any other by its name and a number: two must never share a socket.
    package static func path(
        forProfile directory: String, runtimeDirectory: String?, usualDirectory: String?
    ) -> String {
        let directory = resolved(directory)
        let (parent, name) = split(directory)
        let number = fingerprint(directory)
        var candidates: [String] = []
        if let runtimeDirectory, runtimeDirectory.hasPrefix("/") {
            let folder = runtimeDirectory + "/pinhole/"
            let isUsual = usualDirectory.map { resolved($0) == parent } ?? false
            candidates.append(folder + (isUsual ? name : "\(name)-\(number)") + ".sock")
            candidates.append(folder + number + ".sock")
        }
        candidates.append(directory + "/control.sock")
        return candidates.first { $0.utf8.count <= maximumPathLength } ?? "/tmp/pinhole-\(getuid())/\(number).sock"
    }

    /// Sees to it that the directory of a socket is there and is ours alone.
    static func prepareDirectory(of path: String) throws(PinholeError) {
        let directory = split(path).parent
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw PinholeError(
                .cannotWrite, "the directory \(directory) of the control socket cannot be made: \(errorText(errno))",
                hint: "is XDG_RUNTIME_DIR right?")
        }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw PinholeError(.configuration, "\(directory), for the control socket, is not a directory of yours")
        }
        guard status.st_mode & 0o077 == 0 || chmod(directory, 0o700) == 0 else {
            throw PinholeError(.configuration, "other users may open the directory \(directory) of the control socket")
        }
    }

    /// The path without links and dots, as far as it is there.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// FNV-1a: tells profiles of one person apart, who alone can make any.
    private static func fingerprint(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let hex = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    static func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
}
