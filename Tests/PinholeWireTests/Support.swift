import PinholeWire
import Testing

/// Two functions of the wire that undo each other, and values to try them on.
struct Codec<Value: Equatable> {
    let name: String
    let samples: [Value]
    let encode: (Value) -> [UInt8]
    let decode: ([UInt8]) throws -> Value

    func roundTrips() {
        for sample in samples {
            #expect(throws: Never.self, "\(name)") {
                let decoded = try decode(encode(sample))
                #expect(decoded == sample, "\(name)")
            }
        }
    }

    /// No proper prefix of what `sample` is written as, down to nothing, is taken for a value.
    func refusesTruncation(of sample: Value) {
        let bytes = encode(sample)
        for count in 0..<bytes.count {
            #expect(throws: WireError.truncated, "\(name), \(count) bytes") {
                try decode(Array(bytes[..<count]))
            }
        }
    }

    /// Whatever `bytes` hold: no crash, and what decodes is written as something that decodes to the same.
    /// Returns whether they decoded.
    func survives(_ bytes: [UInt8], seed: UInt64) -> Bool {
        guard let value = try? decode(bytes) else { return false }
        if (try? decode(encode(value))) != value { Issue.record("\(name), seed \(seed): \(bytes)") }
        return true
    }
}

/// Bytes written as in the RFCs: hexadecimal, with spaces anywhere.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func address(_ text: String) -> TransportAddress {
    guard let address = TransportAddress(text) else { preconditionFailure("\(text) is not an address") }
    return address
}
