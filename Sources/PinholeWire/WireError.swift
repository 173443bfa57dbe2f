/// Why bytes from the network, or from a person, are not what they should be.
package enum WireError: Error, Equatable, Sendable {
    /// The bytes end before the value does.
    case truncated
    /// A field holds a value that its definition excludes.
    case malformed
    /// A count or a length is beyond what this version accepts.
    case tooLong
    /// The frame or message type is not one of this version's.
    case unknownType
}
