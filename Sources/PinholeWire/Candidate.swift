/// An address at which a peer may be reached (RFC 8445 §5.1.1).
package struct Candidate: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case host = 0
        case serverReflexive = 1
        case peerReflexive = 2
        case portMapped = 3
    }

    package let kind: Kind
    package let address: TransportAddress

    package init(_ kind: Kind, _ address: TransportAddress) {
        self.kind = kind
        self.address = address
    }
}

extension ByteWriter {
    /// count ‖ (kind ‖ address)*.
    package mutating func candidates(_ candidates: [Candidate]) {
        u8(UInt8(clamping: candidates.count))
        for candidate in candidates.prefix(255) {
            u8(candidate.kind.rawValue)
            address(candidate.address)
        }
    }
}

extension ByteReader {
    package mutating func candidates() throws(WireError) -> [Candidate] {
        let count = Int(try u8())
        guard count <= Limits.maxCandidates else { throw .tooLong }
        var candidates: [Candidate] = []
        for _ in 0..<count {
            guard let kind = Candidate.Kind(rawValue: try u8()) else { throw .malformed }
            candidates.append(Candidate(kind, try address()))
        }
        return candidates
    }
}
