/// How a NAT treats one socket, in RFC 4787's words, as far as it could be observed.
package struct NATBehavior: Hashable, Sendable {
    /// RFC 4787 §4.1: which packets share one external port.
    package enum Mapping: UInt8, Sendable {
        case unknown = 0
        /// The address is not translated at all.
        case none = 1
        case endpointIndependent = 2
        case addressDependent = 3
        case addressAndPortDependent = 4
    }

    /// RFC 4787 §5: which inbound packets pass.
    package enum Filtering: UInt8, Sendable {
        case unknown = 0
        case endpointIndependent = 1
        case addressDependent = 2
        case addressAndPortDependent = 3
    }

    package var mapping: Mapping
    package var filtering: Filtering

    package init(mapping: Mapping = .unknown, filtering: Filtering = .unknown) {
        self.mapping = mapping
        self.filtering = filtering
    }

    /// Both classes in one byte: mapping in the high half.
    package var byte: UInt8 { mapping.rawValue << 4 | filtering.rawValue }

    package init(byte: UInt8) {
        mapping = Mapping(rawValue: byte >> 4) ?? .unknown
        filtering = Filtering(rawValue: byte & 0x0f) ?? .unknown
    }

    /// Whether each destination sees another port, so that a peer cannot know where to send.
    package var isHard: Bool {
        switch mapping {
        case .addressDependent, .addressAndPortDependent: true
        case .unknown, .none, .endpointIndependent: false
        }
    }
}
