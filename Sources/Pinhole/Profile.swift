import Dispatch
import Glibc

/// A person's identity, contacts and history, in one directory that only its owner can read.
public final class Profile: Sendable {
    /// Where it is.
    public let directory: String
    /// Who this person is.
    public let identity: Identity
    package let store: Store
    /// Where tasks have done what waits for the disk, so that no thread waits that others need: one after another, as
    /// the database works.
    let disk = DispatchQueue(label: "pinhole.profile")
    /// The same for what only reads, which waits for none of that.
    let reads = DispatchQueue(label: "pinhole.profile.reads", attributes: .concurrent)

    /// Whether the directory goes with this object.
    let isTemporary: Bool

    /// A profile of an identity that is kept elsewhere: what it remembers is in memory, and gone with it. Its directory
    /// holds what transfers of files need.
    static func temporary(_ identity: Identity, contacts: [Contact]) throws(PinholeError) -> Profile {
        let profile = try Profile(
            directory: try Folder.makeTemporary("pinhole"), identity: identity, isTemporary: true)
        for contact in contacts { try profile.add(contact) }
        return profile
    }

    deinit {
        if isTemporary { Folder.removeTree(directory) }
    }

    private init(directory: String, identity: Identity, isTemporary: Bool = false) throws(PinholeError) {
        self.directory = directory
        self.isTemporary = isTemporary
        self.identity = identity
        do throws(PinholeError) {
            store = try Store(path: isTemporary ? nil : Self.databaseFile(directory), identity: identity)
        } catch  where error.code == .keyChanged {
            throw PinholeError(
                .keyChanged,
                "the key file \(Self.keyFile(directory)) is not the one that the contacts in \(directory) belong to",
                hint: error.hint)
        }
    }

    /// Makes a new identity in a directory that holds none; its key file is sealed when a passphrase is given.
    ///
    /// Where contacts and messages are, but the key file is missing, no other key takes its place.
    public static func create(at directory: String, passphrase: String?) throws(PinholeError) -> Profile {
        try create(at: directory, with: .generate(), passphrase: passphrase)
    }

    /// Changes the passphrase that opens the key file; nil leaves it without one.
    public func changePassphrase(to passphrase: String?) throws(PinholeError) {
        try identity.reseal(at: Self.keyFile(directory), passphrase: passphrase)
    }

    /// Makes a profile of an identity that there is, from a backup for instance, in a directory that holds none.
    public static func create(
        at directory: String, with identity: Identity, passphrase: String?
    ) throws(PinholeError) -> Profile {
        try Folder.create(directory, mode: 0o700)
        try requireOwnDirectory(directory)
        guard holdsKey(directory) || !exists(at: directory) else { throw missingKey(directory, .cannotWrite) }
        try identity.save(to: keyFile(directory), passphrase: passphrase)
        return try Profile(directory: directory, identity: identity)
    }

    /// Opens the profile in a directory. `passphrase` is asked only when its key file is sealed; nil means that there is
    /// none.
    public static func open(at directory: String, passphrase: () throws -> String?) throws -> Profile {
        guard exists(at: directory) else {
            throw PinholeError(.noSuchFile, "there is no profile in \(directory)")
        }
        try requireOwnDirectory(directory)
        guard holdsKey(directory) else { throw missingKey(directory, .noSuchFile) }
        let identity = try Identity(contentsOf: keyFile(directory), passphrase: passphrase)
        return try Profile(directory: directory, identity: identity)
    }

    /// Whether a directory holds a profile, or what is left of one.
    public static func exists(at directory: String) -> Bool {
        holdsKey(directory) || access(databaseFile(directory), F_OK) == 0
    }

    private static func holdsKey(_ directory: String) -> Bool {
        access(keyFile(directory), F_OK) == 0
    }

    private static func missingKey(_ directory: String, _ code: PinholeError.Code) -> PinholeError {
        PinholeError(
            code, "\(directory) holds contacts and messages, but the key file \(keyFile(directory)) is missing",
            hint: "restore it from your backup")
    }

    /// Where the key file of the profile in a directory is.
    public static func keyFile(_ directory: String) -> String {
        directory + "/identity"
    }

    private static func databaseFile(_ directory: String) -> String {
        directory + "/pinhole.sqlite"
    }

    /// Who else may write here may also put another identity in place of this one.
    private static func requireOwnDirectory(_ directory: String) throws(PinholeError) {
        let status = try FileStatus(of: directory)
        guard trusts(status.owner, as: geteuid()) || status.isOfUnmappedOwner else {
            throw PinholeError(
                .configuration, "the profile directory \(directory) belongs to another user",
                hint: "run as its owner, or use your own")
        }
        guard status.mode & 0o022 == 0 else {
            throw PinholeError(
                .configuration, "other users may write in the profile directory \(directory)",
                hint: "chmod 700 \(shellQuoted(directory))")
        }
    }

    /// Whether a user may rely on a directory of that owner. The superuser, who could write there anyway, may have made
    /// it, and may use everybody's: that is what sudo does.
    static func trusts(_ owner: uid_t, as user: uid_t) -> Bool {
        owner == user || owner == 0 || user == 0
    }

    /// Keeps other processes from running with this identity, until the result is released.
    package func lock() throws(PinholeError) -> ProfileLock {
        try ProfileLock(directory: directory)
    }
}

extension Profile {
    /// All contacts by name.
    public func contacts() throws(PinholeError) -> [Contact] {
        try store.contacts()
    }

    /// The contact with a name, ignoring case.
    public func contact(named name: String) throws(PinholeError) -> Contact? {
        try store.contact(named: name)
    }

    /// The contact with a key.
    public func contact(with key: PublicKey) throws(PinholeError) -> Contact? {
        try store.contact(with: key)
    }

    /// Adds a contact, or the addresses and services that are new for one that is known. Returns whether the contact
    /// is new. A name that is known by another key is refused as ``PinholeError/Code/keyChanged``, and nothing is sent to
    /// that contact any more until ``replaceKey(of:by:)`` has decided.
    @discardableResult
    public func add(_ contact: Contact) throws(PinholeError) -> Bool {
        return try store.add(contact)
    }

    /// Removes a contact with the messages that were exchanged.
    public func remove(_ name: String) throws(PinholeError) {
        guard try store.removeContact(named: name) else { throw unknown(name) }
    }

    /// Records whether the safety numbers were compared and are equal.
    public func setVerified(_ name: String, _ isVerified: Bool) throws(PinholeError) {
        guard try store.setVerified(isVerified, contactNamed: name) else { throw unknown(name) }
    }

    /// The newest `limit` messages with a contact, the oldest of them first.
    public func messages(with key: PublicKey, limit: Int) throws(PinholeError) -> [Message] {
        try store.messages(with: key, limit: limit)
    }

    private func unknown(_ name: String) -> PinholeError {
        PinholeError(.usage, "there is no contact named “\(name)”")
    }
}
