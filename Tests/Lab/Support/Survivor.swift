import Foundation
import Glibc
import Pinhole

/// One side of a conversation that is killed again and again: what it was told, what it said of it, and what its disk
/// holds.
final class Survivor {
    let peer: Peer
    let contact: Peer
    private(set) var program: Program
    /// How much of the program's output was read.
    private var position = 0
    /// Lines that were written and not answered by this program.
    private var outstanding = 0
    private var nextLine = 0

    /// The messages that were shown as queued, in order.
    private(set) var queued: [String] = []
    /// The messages that were shown as delivered.
    private(set) var delivered: Set<String> = []
    /// What was shown of the other's messages, program by program.
    private(set) var shown: [[Shown]] = [[]]
    /// What ``stored()`` has read of the disk so far.
    private var seen: (place: Int64, messages: Set<String>) = (0, [])

    struct Shown {
        var id: String
        var text: String
        /// Whether it was shown as one that may have been shown before.
        var isEarlier: Bool
    }

    private struct Line: Decodable {
        var event: String
        var id: String?
        var text: String?
        var earlier: Bool?
    }

    init(_ peer: Peer, to contact: Peer) throws(LabError) {
        (self.peer, self.contact) = (peer, contact)
        program = try Self.start(peer, contact)
    }

    private static func start(_ peer: Peer, _ contact: Peer) throws(LabError) -> Program {
        try peer.start(["chat", contact.name, "--json", "--accept", "all", "--downloads", peer.downloads])
    }

    // MARK: Talking

    /// Writes the next lines, `count` of them at most, and not too far ahead of the program.
    func speak(_ count: Int) {
        for _ in 0..<count where outstanding < 16 {
            program.write(text(nextLine) + "\n")
            nextLine += 1
            outstanding += 1
        }
    }

    /// Most lines are short; some are long, and some as long as can be.
    private func text(_ number: Int) -> String {
        let head = "\(peer.name) \(number) "
        let size = number % 400 == 399 ? 65_536 : number % 50 == 49 ? 20_000 : 0
        return head + String(repeating: "x", count: max(0, size - head.utf8.count))
    }

    /// Takes in what the program has said meanwhile.
    func read() throws(LabError) {
        let bytes = program.output.bytes
        while let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) {
            let data = Data(bytes[position..<end])
            position = end + 1
            guard let line = try? JSONDecoder().decode(Line.self, from: data) else {
                throw LabError("\(program.name) printed no JSON: \(String(decoding: data, as: UTF8.self))")
            }
            guard let id = line.id else { continue }
            switch line.event {
            case "queued":
                queued.append(id)
                outstanding -= 1
            case "delivered": delivered.insert(id)
            case "message":
                shown[shown.count - 1].append(
                    Shown(id: id, text: line.text ?? "", isEarlier: line.earlier ?? false))
            default: break
            }
        }
    }

    // MARK: Dying

    /// kill -9.
    func kill() throws(LabError) {
        program.signal(SIGKILL)
        guard try peer.network.reactor.exitStatus(of: program, within: .seconds(5)) == .killed(signal: SIGKILL) else {
            throw LabError("\(program.name) ended by itself\n\(peer.network.reactor.lastWords)")
        }
        try read()
    }

    func startAgain() throws(LabError) {
        program = try Self.start(peer, contact)
        position = 0
        outstanding = 0
        shown.append([])
    }

    /// Ends the input; the program leaves when all has arrived.
    func finish() throws(LabError) {
        program.closeInput()
        let status = try peer.network.reactor.exitStatus(of: program, within: .seconds(30))
        guard status == .exited(0) else {
            throw LabError("\(program.name): \(status)\n\(peer.network.reactor.lastWords)")
        }
        try read()
    }

    // MARK: The disk

    /// The contact's messages that the disk has now, or had when it was asked before: what was read once is not read
    /// again.
    func stored() throws -> Set<String> {
        try withDisk { profile in
            let key = try PublicKey(contact.key)
            while case let page = try profile.history(after: seen.place, with: key), let last = page.last {
                seen.messages.formUnion(page.lazy.map(\.message).filter { $0.direction == .incoming }.map(\.id))
                seen.place = last.place
            }
        }
        return seen.messages
    }

    /// All messages with the contact, as the disk has them now.
    func disk() throws -> (incoming: [Message], outgoing: [Message]) {
        let messages = try withDisk { try $0.messages(with: try PublicKey(contact.key), limit: .max) }
        return (messages.filter { $0.direction == .incoming }, messages.filter { $0.direction == .outgoing })
    }

    /// Opens a copy of the profile, as it is now; whatever process may have it open.
    private func withDisk<Value>(_ body: (Profile) throws -> Value) throws -> Value {
        let copy = peer.network.newDirectory("\(peer.name)-disk")
        let home = peer.directory + "/profile"
        let files = FileManager.default
        try files.createDirectory(
            atPath: copy, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? files.removeItem(atPath: copy) }
        // The index beside the log is made anew from it.
        for name in try files.contentsOfDirectory(atPath: home)
        where !name.hasSuffix("-shm") && (name == "identity" || name.hasPrefix("pinhole.sqlite")) {
            try files.copyItem(atPath: "\(home)/\(name)", toPath: "\(copy)/\(name)")
        }
        return try body(try Profile.open(at: copy) { nil })
    }
}
