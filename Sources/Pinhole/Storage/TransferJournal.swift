import Glibc
import PinholeCrypto
import PinholeWire

/// What of a transfer is verified and where it counts as safe: a file beside the partial ones.
///
/// `magic[8] ‖ safe:u64 ‖ mac[32] ‖ zeros[16]`, and the hash of each group. Groups below `safe` were on the disk before the
/// header said so. Of the later ones the hash is on record, and they are looked at again before they count.
struct TransferJournal {
    private let handle: SharedFile
    private let key: FileKey
    /// Groups that need not be looked at again.
    private(set) var safe: UInt64 = 0
    /// Groups whose hash is on record.
    private(set) var recorded: UInt64

    init(_ path: String, _ key: FileKey) throws(PinholeError) {
        let file = try File(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        guard try file.lock() else {
            throw PinholeError(.cannotWrite, "\(Folder.parent(of: path)) is being received by another process")
        }
        let size = try file.status().size
        let header = try file.read(at: 0, count: Int(Self.headerSize))
        let known = Self.safe(header, key)
        self.init(file, key, recorded: size > Self.headerSize ? (size - Self.headerSize) / 32 : 0)
        if let known { safe = min(known, recorded) } else { try setSafe(0) }
    }

    private init(_ file: consuming File, _ key: FileKey, recorded: UInt64) {
        handle = SharedFile(file)
        self.key = key
        self.recorded = recorded
    }

    /// What a header says; nil for what a power cut or another hand left of one: everything is looked at again then.
    private static func safe(_ header: [UInt8], _ key: FileKey) -> UInt64? {
        var reader = ByteReader(header.span)
        guard (try? reader.array(8)) == magic, let safe = try? reader.u64(), let mac = try? reader.array(32),
            constantTimeEquals(mac, key.mac(Array(header.prefix(16))))
        else { return nil }
        return safe
    }

    /// The hash of a group that is on record.
    func leaf(_ group: UInt64) throws(PinholeError) -> [UInt8] {
        try handle.file.read(at: Self.headerSize + group * 32, count: 32)
    }

    mutating func append(_ leaf: [UInt8]) throws(PinholeError) {
        try handle.file.write(leaf.span, at: Self.headerSize + recorded * 32)
        recorded += 1
    }

    /// Forgets the groups from `groups` on.
    mutating func truncate(to groups: UInt64) throws(PinholeError) {
        guard groups < recorded else { return }
        if groups < safe {
            // Before others are put in their place.
            try setSafe(groups)
            try handle.file.synchronize()
        }
        recorded = groups
        try handle.file.truncate(to: Self.headerSize + groups * 32)
    }

    /// Groups below `safe` and their hashes are on the disk.
    mutating func setSafe(_ safe: UInt64) throws(PinholeError) {
        var writer = ByteWriter(capacity: 64)
        writer.append(Self.magic)
        writer.u64(safe)
        writer.append(key.mac(writer.bytes))
        writer.zeros(16)
        try handle.file.write(writer.bytes.span, at: 0)
        self.safe = safe
    }

    func release() {
        handle.file.unlock()
    }

    private static let magic = Array("PINFILE1".utf8)
    private static let headerSize: UInt64 = 64
}
