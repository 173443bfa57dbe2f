import Foundation
import GRDB
import Glibc
import Synchronization

/// What a profile remembers: contacts, messages and transfers, in one SQLite database.
///
/// A method that returns has its change on the disk (write-ahead log, `synchronous=FULL`); one that throws has changed
/// nothing. All methods block on the disk and may be called from any thread.
package final class Store: Sendable {
    private let queue: DatabaseQueue
    private let path: String
    let vault: Vault
    /// Whose contacts and messages these are.
    let owner: PublicKey
    let events = EventBell()
    let people = PeopleWatch()
    /// The contacts to whom something was sent since the start, each by the row, and the epochs that were drawn for them.
    let outboxesBegun = Mutex<[Int64: UInt64]>([:])

    /// Opens the database of an identity, or creates it with mode 0600, and brings its schema up to date.
    ///
    /// Throws ``PinholeError/Code/keyChanged`` for that of another identity, and ``PinholeError/Code/configuration`` for
    /// that of a newer version, which stays as it is. Another process that writes is waited for with `patience`.
    ///
    /// Without a path it is in memory, and gone with this object.
    package init(
        path: String?, identity: Identity, patience: Duration = .seconds(10)
    ) throws(PinholeError) {
        let isInMemory = path == nil
        let path = path ?? ":memory:"
        self.path = path
        let vault = Vault(identity.secret)
        self.vault = vault
        owner = identity.publicKey
        if !isInMemory { try Self.prepareFile(path) }
        queue = try Self.translating(path) {
            var configuration = Configuration()
            configuration.busyMode = .timeout(patience / .seconds(1))
            configuration.prepareDatabase { database in
                // A power cut must not lose what was confirmed to a peer.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // What is deleted is overwritten, so that nothing of it stays in the file.
                try database.execute(sql: "PRAGMA secure_delete = ON")
            }
            let queue =
                try isInMemory
                ? DatabaseQueue(configuration: configuration)
                : DatabaseQueue(path: path, configuration: configuration)
            let migrator = Schema.migrator(identity, vault)
            // Nothing is written before it is clear that the database is one of ours, and no newer one.
            let isNew = try queue.read { try Self.inspect($0, migrator, path) }
            if isNew { try Self.begin(queue) }
            if try !queue.read(migrator.hasCompletedMigrations) { try migrator.migrate(queue) }
            try queue.read { try Self.requireProof($0, identity, vault) }
            try Self.compact(queue)
            return queue
        }
        queue.add(transactionObserver: people, extent: .databaseLifetime)
    }

    /// Whether a database is still empty. Throws for one that this version cannot use.
    private static func inspect(_ database: Database, _ migrator: DatabaseMigrator, _ path: String) throws -> Bool {
        guard try !migrator.hasBeenSuperseded(database) else {
            throw PinholeError(
                .configuration, "the database \(path) was written by a newer version of Pinhole",
                hint: "upgrade Pinhole")
        }
        let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
        guard try isEmpty || database.tableExists("grdb_migrations") else {
            throw PinholeError(.badData, "\(path) is the database of another program")
        }
        return isEmpty
    }

    private static func begin(_ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA user_version = \(sealedVersion)")
        }
    }

    /// Which version's sealing a file has, of which no page holds what later ones seal: 2 seals tokens too.
    private static let sealedVersion = 2

    static let foreign = PinholeError(
        .keyChanged, "the database belongs to another identity",
        hint: "restore the right key file, or use another --profile")

    /// Only the identity's own key opens the proof.
    private static func requireProof(_ database: Database, _ identity: Identity, _ vault: Vault) throws {
        guard let proof = try Data.fetchOne(database, sql: "SELECT proof FROM vault") else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT)
        }
        guard (try? vault.open(proof, for: .proof)) == identity.publicKey.raw else { throw foreign }
    }

    /// Removes what a database that was not sealed as it is now from the beginning still holds in the clear, in pages
    /// without use.
    private static func compact(_ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { database in
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version")
            guard version != sealedVersion else { return }
            do {
                try database.execute(
                    sql: """
                        VACUUM; PRAGMA user_version = \(sealedVersion); PRAGMA wal_checkpoint(TRUNCATE)
                        """)
            } catch let error as DatabaseError where [.SQLITE_FULL, .SQLITE_BUSY].contains(error.resultCode) {
                // The next time that it is opened, perhaps.
            }
        }
    }

    /// Sees to it that the file is there and private; SQLite gives the files beside it the same mode.
    ///
    /// Only a file that nobody can have open yet is opened here: closing any descriptor of it would drop the locks that
    /// SQLite holds for this whole process, and the next process to leave would remove the log under this one.
    private static func prepareFile(_ path: String) throws(PinholeError) {
        if access(path, F_OK) != 0, errno == ENOENT { try create(path) }
        let status = try FileStatus(of: path)
        guard status.isRegular else { throw PinholeError(.configuration, "\(path) is not a file") }
        try status.requirePrivate(path, what: "the database")
        try requireContent(path)
    }

    /// Gives a new database its name when it has its first page: where there is no room for that, or the process dies,
    /// nothing is left that would be taken for a damaged one.
    private static func create(_ path: String) throws(PinholeError) {
        let draft = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { for suffix in ["", "-wal", "-shm"] { unlink(draft + suffix) } }
        _ = try File(opening: draft, flags: O_RDWR | O_CREAT | O_EXCL)
        try translating(path) {
            let queue = try DatabaseQueue(path: draft)
            try begin(queue)
            try queue.close()
        }
        try File(opening: draft, flags: O_RDWR).synchronize()
        let folder = try File(opening: Folder.parent(of: path), flags: O_RDONLY | O_DIRECTORY)
        // One process at a time: the log that is put aside must not be that of a database that another has just made.
        for _ in 0..<200 {
            if (try? folder.lock()) ?? true { break }
            usleep(5_000)
        }
        defer { folder.unlock() }
        try putLogAside(path)
        // Another process may have been faster.
        if try Folder.move(draft, toNew: path) { try Folder.synchronize(Folder.parent(of: path)) }
    }

    /// A database that somebody moved away may have left its log, which is no part of the next one: it is kept for the
    /// one that it belongs to.
    private static func putLogAside(_ path: String) throws(PinholeError) {
        guard access(path, F_OK) != 0, errno == ENOENT, ((try? FileStatus(of: path + "-wal").size) ?? 0) > 0 else {
            return
        }
        for suffix in ["-wal", "-shm"] where Glibc.rename(path + suffix, "\(path).damaged\(suffix)") != 0 {
            guard errno == ENOENT else { throw PinholeError(system: errno, writing: path + suffix) }
        }
    }

    /// SQLite takes what has less than a page for a new database, and does not miss the end of the last page. Here it was
    /// cut off, unless another process is making the database right now, or was interrupted, which the log mends.
    private static func requireContent(_ path: String) throws(PinholeError) {
        for _ in 0..<20 {
            let size = try FileStatus(of: path).size
            let hasLog = ((try? FileStatus(of: path + "-wal").size) ?? 0) > 0
            if size >= pageSize, size % pageSize == 0 || hasLog { return }
            usleep(50_000)
        }
        throw PinholeError(DatabaseError(resultCode: .SQLITE_CORRUPT), path: path)
    }

    /// The least that SQLite knows.
    private static let pageSize: UInt64 = 512

    /// Ends the work with the database; afterwards every method throws. The last reference does the same.
    package func close() throws(PinholeError) {
        try Self.translating(path) { try queue.close() }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(PinholeError) -> Value {
        try Self.translating(path) { try queue.read(body) }
    }

    /// One transaction.
    func write<Value>(_ body: (Database) throws -> Value) throws(PinholeError) -> Value {
        try Self.translating(path) { try queue.write(body) }
    }

    func withoutTransaction<Value>(_ body: (Database) throws -> Value) throws(PinholeError) -> Value {
        try Self.translating(path) { try queue.writeWithoutTransaction(body) }
    }

    private static func translating<Value>(
        _ path: String, _ body: () throws -> Value
    ) throws(PinholeError) -> Value {
        do {
            return try body()
        } catch let error as PinholeError {
            throw error
        } catch let error as DatabaseError {
            throw PinholeError(error, path: path)
        } catch is RowDecodingError {
            // A value of another type than the column's, which only damage puts there.
            throw PinholeError(DatabaseError(resultCode: .SQLITE_CORRUPT), path: path)
        } catch {
            throw PinholeError(.other, "the database \(path) cannot be used: \(error)")
        }
    }
}

extension PinholeError {
    fileprivate init(_ error: DatabaseError, path: String) {
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(system: ENOSPC, writing: path)
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHORT_READ:
            self.init(DatabaseError(resultCode: .SQLITE_CORRUPT), path: path)
        case .SQLITE_IOERR where Self.isFull(path):
            // The index of the write-ahead log is a file too, and SQLite does not say why it could not grow.
            self.init(system: ENOSPC, writing: path)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            self.init(
                .cannotWrite, "the database \(path) cannot be written",
                hint: "check its directory: ls -la \(shellQuoted(Folder.parent(of: path)))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                .badData, "the database \(path) is damaged",
                hint: "restore it from a copy, or move it away to begin with an empty one: "
                    + "mv \(shellQuoted(path)) \(shellQuoted(path + ".damaged"))")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.other, "the database \(path) is in use by another process", hint: "try again")
        default:
            self.init(.other, "the database \(path) cannot be used: \(error.message ?? "\(error.resultCode)")")
        }
    }

    private static func isFull(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(Folder.parent(of: path), &status) == 0 && status.f_bavail < 16
    }
}
