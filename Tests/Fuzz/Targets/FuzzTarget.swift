/// Something that reads bytes from outside, and what must hold whatever they are. The fuzzer calls it until the time is
/// over (`Tests/Fuzz/run`), the unit tests with the corpus and with changes of it.
struct FuzzTarget: Sendable {
    /// Also that of the folder of its corpus.
    let name: String
    /// In bytes: what longer inputs could do, these do.
    let maxLength: Int
    /// True inputs, from which the corpus was begun.
    let samples: @Sendable () -> [[UInt8]]
    /// Traps where something does not hold.
    let run: @Sendable ([UInt8]) -> Void

    static let all = wire + text + gateways + commandLine + state
}

/// A promise that bytes from outside broke.
func must(_ condition: @autoclosure () -> Bool, _ promise: @autoclosure () -> String) {
    guard condition() else { fatalError("broken: \(promise())") }
}

/// What a target needs before there is an input, and cannot do without.
func sure<Value>(_ make: () throws -> Value) -> Value {
    do {
        return try make()
    } catch {
        fatalError("broken: \(error)")
    }
}

/// Reads an input as a list of choices.
struct Choices {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    /// 0 where the input is over.
    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func word() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// At most `count` bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    /// A list of bytes with its length before it, in two bytes.
    mutating func list() -> [UInt8] { bytes(word()) }

    /// The counterpart of ``list()``, for samples.
    static func list(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes }
}
