import CSodium

/// A long-lived secret in locked, guarded, read-only memory (`sodium_malloc`), wiped when the last reference goes.
///
/// It costs two pages and their guards, unless it shares them with others of its kind (``SecretPool``); keys of one
/// handshake or one session are ``KeyMaterial``.
package final class SecretBytes: Sendable {
    package let count: Int
    /// Written only before `init` returns; the pages are read-only afterwards.
    private nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>
    private let home: (pool: SecretPool, part: SecretPool.Part)?

    /// A secret among others of its kind.
    init(count: Int, in pool: SecretPool, fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        let part = pool.take(count, fill: fill)
        self.count = count
        base = part.base
        home = (pool, part)
    }

    /// A secret with pages of its own.
    package init(count: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        Sodium.initialize()
        guard let memory = sodium_malloc(count) else {
            fatalError("no memory can be locked for a secret")
        }
        self.count = count
        home = nil
        base = memory.bindMemory(to: UInt8.self, capacity: count)
        base.initialize(repeating: 0, count: count)
        fill(UnsafeMutableBufferPointer(start: base, count: count))
        sodium_mprotect_readonly(memory)
    }

    package convenience init(copying bytes: Span<UInt8>) {
        self.init(count: bytes.count) { buffer in
            for index in bytes.indices { buffer[index] = bytes[index] }
        }
    }

    package convenience init(copying bytes: [UInt8]) {
        self.init(copying: bytes.span)
    }

    deinit {
        if let home { home.pool.giveBack(home.part) } else { sodium_free(base) }
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(Span(_unsafeStart: base, count: count), borrowing: self)
        }
    }

    /// 32 bytes of a secret in a `let` of another instance, which keeps it alive.
    @_lifetime(borrow owner)
    func part(at offset: Int, count: Int = 32, of owner: borrowing some AnyObject) -> Span<UInt8> {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "beyond the secret")
        return unsafe _overrideLifetime(Span(_unsafeStart: base + offset, count: count), borrowing: owner)
    }

    package func withUnsafeBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }
}

extension SecretBytes: Equatable {
    package static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        constantTimeEquals(left.bytes, right.bytes)
    }
}

extension SecretBytes: CustomStringConvertible {
    /// Never the content.
    package var description: String { "SecretBytes(\(count) bytes)" }
}
