/// The streams that have a meaning of their own, and where the others begin.
package enum StreamID {
    package static let control: UInt64 = 0
    package static let chat: UInt64 = 1
    package static let receipts: UInt64 = 2
    package static let signs: UInt64 = 3
    /// From here on: files, numbered upwards by their sender.
    package static let firstFile: UInt64 = 16
    /// From here on: streams of bytes, numbered upwards by their sender. They share the files' credit and turns.
    package static let firstByteStream: UInt64 = 1 << 24
    /// The content of a file each.
    static let files = firstFile..<firstByteStream

    /// Files share the connection's credit; the others have only their own, so that no file can hold them up.
    static func isFile(_ id: UInt64) -> Bool { id >= firstFile }
}
