import Glibc
import PinholeCrypto

/// The file that holds an identity's secret key: text as ``KeyFile`` defines it, mode 0600.
enum IdentityFile {
    /// Writes the file whole or not at all, and never over another.
    static func create(_ text: String, at path: String) throws(PinholeError) {
        try write(text, at: path) { temporary, path throws(PinholeError) in
            guard try Folder.move(temporary, toNew: path) else {
                throw PinholeError(
                    .cannotWrite, "\(path) exists already, and an identity is never overwritten",
                    hint: "choose another place, or move the old identity away yourself")
            }
        }
    }

    /// Writes the file whole in the place of the one that is there, or leaves that as it is.
    static func replace(_ text: String, at path: String) throws(PinholeError) {
        try write(text, at: path) { temporary, path throws(PinholeError) in
            guard rename(temporary, path) == 0 else { throw PinholeError(system: errno, writing: path) }
        }
    }

    private static func write(
        _ text: String, at path: String,
        move: (_ temporary: String, _ path: String) throws(PinholeError) -> Void
    ) throws(PinholeError) {
        let folder = Folder.parent(of: path)
        let temporary = "\(folder)/.identity-\(getpid())-\(UInt32.random(in: 0 ... .max)).new"
        do throws(PinholeError) {
            let file = try File(opening: temporary, flags: O_WRONLY | O_CREAT | O_EXCL)
            try file.write(Array(text.utf8).span, at: 0)
            try file.synchronize()
            try move(temporary, path)
            try Folder.synchronize(folder)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// The text of the file, if its permissions let nobody else see it.
    static func read(_ path: String) throws(PinholeError) -> String {
        // O_NONBLOCK: a pipe by this name is refused below instead of waited for.
        let file = try File(opening: path, flags: O_RDONLY | O_NONBLOCK)
        let status = try file.status()
        guard status.isRegular else { throw PinholeError(.badKey, "\(path) is not a file") }
        try status.requirePrivate(path, what: "the key file")
        guard status.size <= maxSize else { throw damaged(path) }
        guard let text = String(validating: try file.read(at: 0, count: maxSize), as: UTF8.self) else {
            throw damaged(path)
        }
        return text
    }

    /// The secret key in a file's text.
    static func open(
        _ text: String, at path: String, passphrase: SecretBytes?
    ) throws(PinholeError) -> IdentitySecret {
        do throws(KeyFileError) {
            return try KeyFile.import(text, passphrase: passphrase)
        } catch .damaged {
            throw damaged(path)
        } catch .needsPassphrase {
            throw PinholeError(.wrongPassphrase, "the key file \(path) is sealed, and no passphrase was given")
        } catch .wrongPassphrase {
            throw PinholeError(.wrongPassphrase, "the passphrase does not open the key file \(path)")
        } catch {
            throw PinholeError(.badKey, "\(path): \(Phrase(key: error.message))")
        }
    }

    private static func damaged(_ path: String) -> PinholeError {
        PinholeError(
            .badKey, "the key file \(path) is damaged: it holds no complete identity",
            hint: "restore it from a copy; without one, make a new identity and give your contacts its key")
    }

    private static let maxSize = 4096
}
