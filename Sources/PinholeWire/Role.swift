/// A peer's place in a pair: who has the smaller public key is Lo. Both compute it alike, so there is no initiator.
package enum Role: UInt8, Sendable, CaseIterable {
    case lo = 0
    case hi = 1

    package var other: Role {
        switch self {
        case .lo: .hi
        case .hi: .lo
        }
    }

    /// How the role is written in keys' labels and in signatures.
    package var name: String {
        switch self {
        case .lo: "Lo"
        case .hi: "Hi"
        }
    }
}
