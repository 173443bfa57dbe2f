import Foundation
import Testing

/// A file of random bytes on its way from one person to another.
struct Transfer {
    let name: String
    let content: Data
    private let sender: Conversation
    private let start: ContinuousClock.Instant

    /// Writes the file and tells the sender's program to send it.
    init(_ name: String, of size: Int, from sender: Conversation) throws {
        var generator = SystemRandomNumberGenerator()
        let words = (0..<(size + 7) / 8).map { _ in generator.next() as UInt64 }
        (self.name, self.sender) = (name, sender)
        content = words.withUnsafeBytes { Data($0.prefix(size)) }
        try content.write(to: URL(filePath: "\(sender.peer.directory)/\(name)"))
        start = ContinuousClock.now
        sender.say("/send \(sender.peer.directory)/\(name)")
    }

    /// Waits until the receiver has the file verified on disk, and looks at it; returns how long it took.
    @discardableResult
    func finish(at receiver: Conversation, within limit: Duration = .seconds(40)) throws -> Duration {
        try receiver.expect("file-received", within: limit) { $0.name == name }
        let duration = ContinuousClock.now - start
        try sender.expect("file-sent", within: .seconds(10)) { $0.name == name }
        let received = try Data(contentsOf: URL(filePath: "\(receiver.peer.downloads)/\(name)"))
        #expect(received == content, "\(name) arrived changed")
        return duration
    }

    /// Whether the receiver has said that it has it.
    func isReceived(by receiver: Conversation) throws -> Bool {
        try receiver.read().contains { $0.event == "file-received" && $0.name == name }
    }
}

extension Duration {
    /// Megabytes (10^6) a second, in words.
    func rate(of bytes: Int) -> String {
        let hundredths = Int((Double(bytes) / 1e4 / (self / .seconds(1))).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) MB/s"
    }
}
