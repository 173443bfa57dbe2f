/// The ECN field of an IP header, RFC 3168 §5 and RFC 8311 §2.
package enum ECNCodepoint: UInt8, Sendable {
    /// The sender does not listen to marks, or the system does not tell.
    case notECT = 0b00
    /// For experiments (RFC 9331); not sent here.
    case ect1 = 0b01
    /// The sender slows down when it hears of marks.
    case ect0 = 0b10
    /// A queue on the way is filling.
    case ce = 0b11
}

/// How many packets of a session arrived with each codepoint (RFC 9000 §19.3.2).
package struct ECNCounts: Equatable, Sendable {
    package var ect0: UInt64
    package var ect1: UInt64
    package var ce: UInt64

    package init(ect0: UInt64 = 0, ect1: UInt64 = 0, ce: UInt64 = 0) {
        (self.ect0, self.ect1, self.ce) = (ect0, ect1, ce)
    }

    package var isZero: Bool { ect0 | ect1 | ce == 0 }

    /// One more packet with this codepoint.
    package mutating func count(_ codepoint: ECNCodepoint) {
        switch codepoint {
        case .notECT: break
        case .ect0: ect0 += 1
        case .ect1: ect1 += 1
        case .ce: ce += 1
        }
    }
}
