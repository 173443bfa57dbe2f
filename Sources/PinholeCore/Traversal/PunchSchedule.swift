internal import PinholeCrypto
internal import PinholeWire

/// Keeps large punches apart: one at a time, and a while between two, so that a router's table can empty itself.
struct PunchSchedule {
    private var holder: IdentityKey?
    private var began: Instant?

    var isClaimed: Bool { holder != nil }

    /// Whether a punch towards `peer` may begin now; it then holds the place until ``release(_:)``.
    mutating func claim(_ peer: IdentityKey, at now: Instant) -> Bool {
        if holder == peer { return true }
        guard holder == nil, began.map({ now - $0 >= Limits.punchSpacing }) ?? true else { return false }
        holder = peer
        began = now
        return true
    }

    mutating func release(_ peer: IdentityKey) {
        if holder == peer { holder = nil }
    }
}
