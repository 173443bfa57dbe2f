import CSodium
package import PinholeWire

/// The hashes of one transfer, under a key that both sides make of who they are and of what was offered.
package struct FileKey: Equatable, Sendable {
    private let bytes: [UInt8]

    /// `offer` is the whole record. Other people, or another offer, have another key: no hash of theirs fits.
    package init(sender: IdentityKey, receiver: IdentityKey, offer: FileOffer) {
        bytes = Self.hash([sender.raw, receiver.raw, offer.encoded], .key)
    }

    /// The hash of a group of the content.
    package func leaf(_ content: Span<UInt8>, group: UInt64) -> [UInt8] {
        let hasher = GroupHasher(self, group: group)
        hasher.update(content)
        return hasher.finalize()
    }

    fileprivate func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        Self.hash([left, right], .node, key: bytes)
    }

    fileprivate func digest(of tree: FileTree) -> [UInt8] {
        var count = ByteWriter(capacity: 8)
        count.u64(tree.groups)
        return Self.hash([count.bytes] + tree.peaks, .holdings, key: bytes)
    }

    fileprivate func root(_ tree: [UInt8], trailer: [UInt8]) -> [UInt8] {
        Self.hash([tree, trailer], .root, key: bytes)
    }

    /// 16 bytes in hexadecimal digits: a name for what belongs to the transfer, that nobody else can guess.
    package var token: String {
        Self.hash([], .token, key: bytes).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Says that nobody else wrote `bytes`: 32 bytes.
    package func mac(_ bytes: [UInt8]) -> [UInt8] {
        Self.hash([bytes], .journal, key: self.bytes)
    }

    fileprivate enum Purpose: String {
        case key = "PIN-FILE-KEY-1"
        case once = "PIN-FILE-ONCE-1"
        case leaf = "PIN-FILE-LEAF-2"
        case node = "PIN-FILE-NODE-1"
        case holdings = "PIN-FILE-HAVE-1"
        case root = "PIN-FILE-ROOT-1"
        case token = "PIN-FILE-NAME-1"
        case journal = "PIN-FILE-DISK-1"
    }

    private static func hash(
        _ parts: [[UInt8]], _ purpose: Purpose, key: [UInt8] = [], number: UInt64 = 0
    ) -> [UInt8] {
        let state = BlakeState(purpose, key: key, number: number)
        for part in parts { state.update(part.span) }
        return state.finalize()
    }

    /// The key for the bytes of one group.
    fileprivate func once(group: UInt64) -> [UInt8] {
        Self.hash([], .once, key: bytes, number: group)
    }

    fileprivate func leaf(tag: [UInt8], group: UInt64) -> [UInt8] {
        Self.hash([tag], .leaf, key: bytes, number: group)
    }
}

/// Hashes a group of the content piece by piece: a tag of the bytes by Poly1305, at four times the speed of BLAKE2b, and
/// BLAKE2b of the tag.
package struct GroupHasher: Sendable {
    private let key: FileKey
    private let group: UInt64
    private let tag: Poly1305

    package init(_ key: FileKey, group: UInt64) {
        self.key = key
        self.group = group
        tag = Poly1305(key: key.once(group: group))
    }

    package func update(_ bytes: Span<UInt8>) {
        tag.update(bytes)
    }

    /// 32 bytes; nothing may be added afterwards.
    package func finalize() -> [UInt8] {
        key.leaf(tag: tag.finalize(), group: group)
    }
}

/// The tree over the groups of a content, as far as they came: only the roots of its whole halves are kept.
package struct FileTree: Equatable, Sendable {
    package private(set) var groups: UInt64 = 0
    /// Of whole trees, the larger ones first: one for each bit that is set in `groups`.
    fileprivate var peaks: [[UInt8]] = []

    package init() {}

    /// Adds the hash of the next group.
    package mutating func append(_ leaf: [UInt8], _ key: FileKey) {
        groups += 1
        peaks.append(leaf)
        for _ in 0..<groups.trailingZeroBitCount {
            let right = peaks.removeLast()
            peaks.append(key.node(peaks.removeLast(), right))
        }
    }

    /// What so many groups hash to.
    package func holdings(_ key: FileKey) -> FileHoldings {
        groups == 0 ? .none : FileHoldings(groups: groups, digest: key.digest(of: self))
    }

    /// What everything hashes to, with what is said behind the last group.
    package func root(_ key: FileKey, trailer: [UInt8]) -> [UInt8] {
        guard var root = peaks.last else { return key.root([UInt8](repeating: 0, count: 32), trailer: trailer) }
        for left in peaks.dropLast().reversed() { root = key.node(left, root) }
        return key.root(root, trailer: trailer)
    }
}

/// libsodium's state wants an alignment of 64 bytes, which neither arrays nor fields promise.
private final class BlakeState: Sendable {
    private nonisolated(unsafe) let pointer = UnsafeMutableRawPointer.allocate(
        byteCount: crypto_generichash_blake2b_statebytes(), alignment: 64)

    /// `number` goes into the salt, and the purpose into what BLAKE2b calls personalization.
    init(_ purpose: FileKey.Purpose, key: [UInt8], number: UInt64) {
        Sodium.initialize()
        var salt = ByteWriter(capacity: 16)
        salt.u64(number)
        salt.zeros(8)
        let name = Array(purpose.rawValue.utf8)
        let personal = name + [UInt8](repeating: 0, count: 16 - name.count)
        crypto_generichash_blake2b_init_salt_personal(
            OpaquePointer(pointer), key, key.count, Blake2b.size, salt.bytes, personal)
    }

    deinit {
        pointer.deallocate()
    }

    func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer {
            _ = crypto_generichash_blake2b_update(OpaquePointer(pointer), $0.baseAddress, UInt64($0.count))
        }
    }

    func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Blake2b.size) { output, initialized in
            crypto_generichash_blake2b_final(OpaquePointer(pointer), output.baseAddress!, Blake2b.size)
            initialized = Blake2b.size
        }
    }
}
