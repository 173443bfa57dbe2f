import CSodium

/// Key bytes of one handshake, session or datagram on the ordinary heap, wiped when their owner goes.
package struct KeyMaterial: ~Copyable, Sendable {
    package let count: Int
    /// Written only before `init` returns.
    private nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>

    package init(count: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        Sodium.initialize()
        self.count = count
        base = .allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
        fill(UnsafeMutableBufferPointer(start: base, count: count))
    }

    package init(copying bytes: Span<UInt8>) {
        self.init(count: bytes.count) { buffer in
            for index in bytes.indices { buffer[index] = bytes[index] }
        }
    }

    /// `first ‖ second`.
    init(_ first: Span<UInt8>, _ second: Span<UInt8>) {
        self.init(count: first.count + second.count) { buffer in
            for index in first.indices { buffer[index] = first[index] }
            for index in second.indices { buffer[first.count + index] = second[index] }
        }
    }

    static func random(_ count: Int) -> KeyMaterial {
        KeyMaterial(count: count) { randombytes_buf($0.baseAddress!, count) }
    }

    deinit {
        sodium_memzero(base, count)
        base.deallocate()
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(Span(_unsafeStart: base, count: count), borrowing: self)
        }
    }

    /// The same for material in a `let` of a class instance: it lives as long as the instance.
    @_lifetime(borrow owner)
    func part(at offset: Int = 0, count: Int = 32, of owner: borrowing some AnyObject) -> Span<UInt8> {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "beyond the key material")
        return unsafe _overrideLifetime(Span(_unsafeStart: base + offset, count: count), borrowing: owner)
    }

    /// The `count` bytes from `offset` on.
    @_lifetime(borrow self)
    package func part(at offset: Int, count: Int = 32) -> Span<UInt8> {
        bytes.extracting(offset..<offset + count)
    }
}
