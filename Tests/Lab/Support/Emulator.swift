import Foundation

/// A running `link-emulator`: a line with a delay, losses, a rate and more, each way, which can change at any time.
/// `link-emulator --help` tells the conditions.
final class Emulator {
    /// The way that frames go: from the first end to the second, or back. A line's first end is the customer's.
    enum Direction: String, Codable { case up = "a", down = "b", both }

    private let program: Program
    private let reactor: Reactor
    private let record: String?
    /// How many bytes of its output have been taken as answers.
    private var answered = 0

    /// A cable between interfaces of two namespaces that do not exist yet, and do not outlive the emulator.
    convenience init(
        between one: (Namespace, String), and other: (Namespace, String), _ conditions: String
    ) throws(LabError) {
        try self.init(one.0, ["\(one.0.name)/\(one.1)", "\(other.0.name)/\(other.1)"], conditions)
    }

    /// A detour that routed packets of one namespace take through an interface that they come out of again.
    convenience init(
        detour interface: String, in namespace: Namespace, _ conditions: String, recordingTo path: String?
    ) throws(LabError) {
        try self.init(namespace, [interface], conditions, recordingTo: path)
    }

    private init(
        _ home: Namespace, _ arms: [String], _ conditions: String, recordingTo path: String? = nil
    ) throws(LabError) {
        let words = arms + ["both"] + conditions.split(separator: " ").map(String.init)
        program = try home.enter { () throws(LabError) in
            try Program(
                try Binaries.path("link-emulator"), words + (path.map { ["--record", $0] } ?? []),
                named: "link-emulator \(arms.joined(separator: " "))")
        }
        reactor = Reactor([program])
        record = path
        guard try answer() == "ready" else { throw LabError("\(program.name) is not ready") }
    }

    /// Changes conditions from now on; what is not named stays.
    func set(_ conditions: String, _ direction: Direction = .both) throws(LabError) {
        let answer = try ask("\(direction.rawValue) \(conditions)")
        guard answer == "ok" else { throw LabError("\(program.name): \(conditions): \(answer)") }
    }

    /// What a direction has done so far, in frames unless it is said otherwise.
    struct Counters: Decodable {
        var arrived, arrivedBytes, delivered, deliveredBytes: Int
        var outage, tooLong, queueFull, lost, overflow, unsent: Int
        var duplicated, heldBack, corrupted, marked: Int
        var longestWaitMs: Double
    }

    func counters(_ direction: Direction) throws(LabError) -> Counters {
        let text = try ask("stats")
        guard let all = try? JSONDecoder().decode([String: Counters].self, from: Data(text.utf8)),
            let counters = all[direction.rawValue]
        else {
            throw LabError("\(program.name) counts: \(text)")
        }
        return counters
    }

    /// Everything that has come in so far.
    func recorded() throws(LabError) -> [Packet] {
        guard let record, let bytes = FileManager.default.contents(atPath: record) else {
            throw LabError("could not read the record")
        }
        var packets: [Packet] = []
        var rest = bytes[...]
        while rest.count >= 2 {
            let size = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            guard rest.count >= 2 + size else { break }
            packets.append(Packet(bytes: Array(rest.dropFirst(2).prefix(size))))
            rest = rest.dropFirst(2 + size)
        }
        return packets
    }

    /// Lets a packet come out at once, on its way to its destination, whatever source it claims.
    func inject(_ packet: Packet) throws(LabError) {
        let digits = Array("0123456789abcdef".utf8)
        let hex = packet.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        let answer = try ask("inject \(String(decoding: hex, as: UTF8.self))")
        guard answer == "ok" else { throw LabError("\(program.name): \(answer)") }
    }

    func stop() { program.stop() }

    private func ask(_ command: String) throws(LabError) -> String {
        program.write(command + "\n")
        return try answer()
    }

    private func answer() throws(LabError) -> String {
        try reactor.wait(for: "an answer of \(program.name)", within: .seconds(5)) {
            let rest = program.output.bytes[answered...]
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                answered = end + 1
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            guard program.status == nil else { throw LabError("\(program.name) ended: \(program.errors.text)") }
            return nil
        }
    }
}
