import Simulator
import Testing

/// Two routers whose people want to meet.
struct RouterPair: CustomTestStringConvertible, CustomStringConvertible, Sendable {
    let one: RouterType
    let other: RouterType
    var description: String { "\(one.letter)–\(other.letter)" }
    var testDescription: String { description }

    /// Each of the types with itself and those behind it.
    static func pairs(_ types: [RouterType]) -> [RouterPair] {
        types.indices.flatMap { index in types[index...].map { RouterPair(one: types[index], other: $0) } }
    }

    static func pairs(_ types: some Collection<RouterType>, _ others: [RouterType]) -> [RouterPair] {
        types.flatMap { one in others.map { RouterPair(one: one, other: $0) } }
    }

    /// The same in the simulator, which knows what is wanted of it.
    var cell: Cell { Cell(one.network, other.network) }
}

extension RouterType {
    /// What the simulator calls it: the letter, but that its IPv6 network has both families.
    fileprivate var network: NetworkType {
        guard self != .dualStack else { return .firewall }
        guard let network = NetworkType(rawValue: letter) else { preconditionFailure("unknown letter: \(letter)") }
        return network
    }
}
