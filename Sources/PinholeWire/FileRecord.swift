/// A record of stream 0, `length:varint ‖ kind:u8 ‖ transfer:u64 ‖ …`: what is agreed about a file or a folder.
///
/// `transfer` is chosen by the sender. The content travels on a stream of its own, whose id the sender names in `begin`.
package enum FileRecord: Equatable, Sendable {
    /// kind 1: see ``FileOffer``.
    case offer(FileOffer)
    /// kind 2: groups:u64 ‖ digest[32], what the receiver has already: so many groups, verified, and their digest.
    case accept(transfer: UInt64, FileHoldings)
    /// kind 3: reason:u8; by either side, at any time.
    case refuse(transfer: UInt64, reason: Refusal)
    /// kind 4: stream:u64 ‖ group:u64, by the sender before the first byte: on which stream, and from which group on.
    case begin(transfer: UInt64, stream: UInt64, group: UInt64)
    /// kind 5: the receiver has everything, verified and on disk under its final name.
    case done(transfer: UInt64)
    /// kind 6: reason:u8, by the receiver: not now. An `accept` or `refuse` follows some time.
    case wait(transfer: UInt64, reason: Postponement)
    /// kind 7: by the receiver, about what an earlier session offered and this one did not. A `refuse` follows if the
    /// sender will never offer it again, an `offer` when it does.
    case inquire(transfer: UInt64)

    package enum Refusal: UInt8, Sendable, CaseIterable {
        /// A person, or the receiver's policy, said no.
        case declined = 1
        /// The folder cannot be written.
        case storage = 2
        /// What arrived does not have the hash that came with it.
        case corrupt = 3
        /// The name, the size or the manifest cannot be accepted.
        case unacceptable = 4
        /// The sender gave up.
        case cancelled = 5
        /// The sender's file changed or vanished.
        case changed = 6
        /// The receiver has something of that name, and was told to keep it.
        case exists = 7
        /// More of the sender's offers wait than the receiver keeps.
        case tooMany = 8
    }

    package enum Postponement: UInt8, Sendable, CaseIterable {
        /// A person is asked.
        case asking = 1
        /// There is no room on the receiver's disk.
        case storage = 2
    }

    package init(_ record: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(record)
        let kind = try reader.u8()
        let transfer = try reader.u64()
        switch kind {
        case 1: self = .offer(try FileOffer(transfer, &reader))
        case 2:
            self = .accept(
                transfer: transfer, FileHoldings(groups: try reader.u64(), digest: try reader.array(32)))
        case 3:
            guard let reason = Refusal(rawValue: try reader.u8()) else { throw .malformed }
            self = .refuse(transfer: transfer, reason: reason)
        case 4: self = .begin(transfer: transfer, stream: try reader.u64(), group: try reader.u64())
        case 5: self = .done(transfer: transfer)
        case 6:
            guard let reason = Postponement(rawValue: try reader.u8()) else { throw .malformed }
            self = .wait(transfer: transfer, reason: reason)
        case 7: self = .inquire(transfer: transfer)
        default: throw .unknownType
        }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        switch self {
        case .offer(let offer):
            writer.append(offer.encoded)
        case .accept(let transfer, let holdings):
            writer.u8(2)
            writer.u64(transfer)
            writer.u64(holdings.groups)
            writer.append(holdings.digest)
        case .refuse(let transfer, let reason):
            writer.u8(3)
            writer.u64(transfer)
            writer.u8(reason.rawValue)
        case .begin(let transfer, let stream, let group):
            writer.u8(4)
            writer.u64(transfer)
            writer.u64(stream)
            writer.u64(group)
        case .done(let transfer):
            writer.u8(5)
            writer.u64(transfer)
        case .wait(let transfer, let reason):
            writer.u8(6)
            writer.u64(transfer)
            writer.u8(reason.rawValue)
        case .inquire(let transfer):
            writer.u8(7)
            writer.u64(transfer)
        }
        return writer.bytes
    }
}

/// What a contact offers: `salt[32] ‖ shape:u8 ‖ entries:u32 ‖ manifest:u32 ‖ content:u64 ‖ total:u64 ‖ name`.
package struct FileOffer: Equatable, Sendable {
    package enum Shape: UInt8, Sendable, CaseIterable {
        case file = 0
        case folder = 1
    }

    package var transfer: UInt64
    /// 32 random bytes of the sender, so that the hashes of this transfer mean nothing to anybody else.
    package var salt: [UInt8]
    package var shape: Shape
    /// Files and folders, the offered one among them.
    package var entries: UInt32
    /// Bytes of the manifest, with which the content begins.
    package var manifestSize: UInt32
    /// Bytes of the content: the manifest and all that is not a hole.
    package var contentSize: UInt64
    /// The sizes of all files together, holes too.
    package var totalSize: UInt64
    /// As the peer wrote it: not to be used as a path.
    package var name: String

    package init(
        transfer: UInt64, salt: [UInt8], shape: Shape = .file, entries: UInt32 = 1, manifestSize: UInt32 = 0,
        contentSize: UInt64, totalSize: UInt64, name: String
    ) {
        self.transfer = transfer
        self.salt = salt
        self.shape = shape
        self.entries = entries
        self.manifestSize = manifestSize
        self.contentSize = contentSize
        self.totalSize = totalSize
        self.name = name
    }

    fileprivate init(_ transfer: UInt64, _ reader: inout ByteReader) throws(WireError) {
        self.transfer = transfer
        salt = try reader.array(32)
        guard let shape = Shape(rawValue: try reader.u8()) else { throw .malformed }
        self.shape = shape
        entries = try reader.u32()
        manifestSize = try reader.u32()
        contentSize = try reader.u64()
        totalSize = try reader.u64()
        guard reader.remaining <= Limits.maxFileName else { throw .tooLong }
        guard let name = String(validating: reader.rest(), as: UTF8.self) else { throw .malformed }
        self.name = name
    }

    /// The whole record, of which every hash of the transfer is made.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 66 + name.utf8.count)
        writer.u8(1)
        writer.u64(transfer)
        writer.append(salt)
        writer.u8(shape.rawValue)
        writer.u32(entries)
        writer.u32(manifestSize)
        writer.u64(contentSize)
        writer.u64(totalSize)
        writer.append(Array(name.utf8))
        return writer.bytes
    }

    /// The groups of the content; the last may be short.
    package var groups: UInt64 {
        contentSize / UInt64(Limits.fileGroup) + (contentSize % UInt64(Limits.fileGroup) == 0 ? 0 : 1)
    }

    /// Where a group lies in the content.
    package func range(of group: UInt64) -> Range<UInt64> {
        let size = UInt64(Limits.fileGroup)
        let start = group < groups ? group * size : contentSize
        return start..<start + min(size, contentSize - start)
    }
}

/// So much of a transfer somebody has, from its beginning.
package struct FileHoldings: Equatable, Sendable {
    /// Whole groups.
    package var groups: UInt64
    /// What they hash to, 32 bytes; zeros where there are none.
    package var digest: [UInt8]

    package init(groups: UInt64, digest: [UInt8]) {
        self.groups = groups
        self.digest = digest
    }

    package static let none = FileHoldings(groups: 0, digest: [UInt8](repeating: 0, count: 32))
}
