package import PinholeWire

/// Datagrams that wait to be sent, one behind the other in memory that is used again.
package struct Outbox: Sendable {
    package struct Entry: Equatable, Sendable {
        package var destination: TransportAddress
        package var endpoint: LocalEndpoint
        package var bytes: Range<Int>
    }

    package private(set) var entries: [Entry] = []
    /// Initialized memory, of which the entries use the beginning.
    package private(set) var bytes: [UInt8] = []
    private var used = 0

    package init() {}

    package mutating func append(_ datagram: [UInt8], to destination: TransportAddress, from endpoint: LocalEndpoint) {
        append(upTo: datagram.count, to: destination, from: endpoint) { buffer in
            _ = buffer.update(from: datagram)
            return datagram.count
        }
    }

    /// Appends what `write` puts in a buffer of `size` bytes; it returns how many it wrote.
    mutating func append(
        upTo size: Int, to destination: TransportAddress, from endpoint: LocalEndpoint,
        _ write: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) {
        let start = used
        if bytes.count < start + size { bytes.append(contentsOf: repeatElement(0, count: start + size - bytes.count)) }
        let written = bytes.withUnsafeMutableBufferPointer { buffer in
            write(UnsafeMutableBufferPointer(rebasing: buffer[start..<start + size]))
        }
        used = start + written
        entries.append(Entry(destination: destination, endpoint: endpoint, bytes: start..<used))
    }

    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        used = 0
    }
}
