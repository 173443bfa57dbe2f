/// The streams that have a meaning of their own, and where the others begin.
package enum StreamID {
    package static let control: UInt64 = 0
    package static let chat: UInt64 = 1
    package static let receipts: UInt64 = 2
    /// From here on: files and byte streams, numbered upwards by their sender.
    package static let firstFile: UInt64 = 16

    /// Files share the connection's credit; the others have only their own, so that no file can hold them up.
    static func isFile(_ id: UInt64) -> Bool { id >= firstFile }
}
