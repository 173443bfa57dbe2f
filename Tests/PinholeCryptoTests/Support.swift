import Foundation
import PinholeWire

@testable import PinholeCrypto

/// Bytes written as hexadecimal, in tests' sources and in the vector files.
struct Hex: Decodable, ExpressibleByStringLiteral {
    let bytes: [UInt8]

    init(stringLiteral text: String) {
        self.init(text)
    }

    init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    private init(_ text: String) {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        bytes = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

func hex(_ text: Hex) -> [UInt8] {
    text.bytes
}

/// The vector files beside the tests, computed by `generate.py`.
enum Vectors {
    static func load<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors").appendingPathComponent(name)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(contentsOf: url))
    }
}

extension IdentitySecret {
    /// A fixed identity: the seed is `byte` 32 times.
    static func fixed(_ byte: UInt8) throws -> IdentitySecret {
        try IdentitySecret(seed: [UInt8](repeating: byte, count: 32))
    }
}

/// Two people who know each other, with everything that one run of the handshake makes.
struct Run {
    let lo: Side
    let hi: Side

    struct Side {
        let pair: PairKeys
        let attempt: HandshakeAttempt
        let hello: [UInt8]
        let blob: [UInt8]
        let keys: HandshakeKeys
        let session: SessionKeys
    }

    /// Fails where the two sides do not understand each other.
    init(
        _ one: IdentitySecret, _ other: IdentitySecret, psk: [UInt8]? = nil, timestamp: UInt64 = 1_000_000
    ) throws {
        let pairs = [
            try PairKeys(own: one, peer: other.publicKey, psk: psk),
            try PairKeys(own: other, peer: one.publicKey, psk: psk),
        ]
        let attempts = pairs.map {
            HandshakeAttempt(
                pair: $0, connectionID: ConnectionID(rawValue: 0x1122_3344_5566_7700 | UInt64($0.role.rawValue)),
                timestamp: timestamp, introID: .none)
        }
        let hellos = attempts.map { $0.hello(.direct(cookie: nil)) }
        let sides = try (0..<2).map { index in
            let peer = try unwrap(PeerHello.open(hellos[1 - index], pair: pairs[index]))
            let keys = try unwrap(HandshakeKeys(pair: pairs[index], attempt: attempts[index], peer: peer))
            return Side(
                pair: pairs[index], attempt: attempts[index], hello: hellos[index],
                blob: attempts[index].blob([1, 2, 3]), keys: keys, session: keys.makeSessionKeys())
        }
        lo = sides[0].pair.role == .lo ? sides[0] : sides[1]
        hi = sides[0].pair.role == .lo ? sides[1] : sides[0]
    }
}

struct MissingValue: Error {}

/// The value, where `#require` cannot be used on what the macro may not capture.
func unwrap<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw MissingValue() }
    return value
}

/// A HELLO with any plaintext at all, sealed as `pair`'s own side would.
func sealedHello(plaintext: [UInt8], by pair: PairKeys, connectionID: UInt64 = 7) -> [UInt8] {
    let salt = [UInt8](repeating: 3, count: HelloEnvelope.saltSize)
    var header = ByteWriter()
    header.u8(DatagramKind.helloByte)
    header.u8(Limits.version)
    header.u64(connectionID)
    header.append(salt)
    let key = HelloEnvelope.key("hello", of: pair.role, pair: pair, salt: salt)
    return AEAD.seal(plaintext.span, after: header.bytes, nonce: .zero, key: key.bytes)
        + [UInt8](repeating: 0, count: 2 * HelloEnvelope.macSize)
}

extension [UInt8] {
    /// The same with some bits of one byte turned over.
    func flipped(at index: Int, mask: UInt8) -> [UInt8] {
        var copy = self
        copy[index] ^= mask
        return copy
    }
}

/// The seven u-coordinates of small order that X25519 must refuse (the list of libsodium and of WireGuard's tests).
let lowOrderPoints: [[UInt8]] = [
    hex("0000000000000000000000000000000000000000000000000000000000000000"),
    hex("0100000000000000000000000000000000000000000000000000000000000000"),
    hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]
