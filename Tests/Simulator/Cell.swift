import PinholeCore
import PinholeWire

/// Two types of networks whose peers want to meet.
package struct Cell: Hashable, Sendable, CustomStringConvertible {
    package let first: NetworkType
    package let second: NetworkType

    package init(_ first: NetworkType, _ second: NetworkType) {
        self.first = first
        self.second = second
    }

    /// `P×S`, or `PxS` where × is not at hand.
    package init?(_ text: String) {
        let types = text.split { $0 == "×" || $0 == "x" }.compactMap { NetworkType(rawValue: String($0)) }
        guard types.count == 2 else { return nil }
        self.init(types[0], types[1])
    }

    package var description: String { "\(first.rawValue)×\(second.rawValue)" }

    /// Every pair whose peers have an address family in common, in the order of the table.
    package static let all: [Cell] = {
        let types = NetworkType.allCases.filter { $0 != .firewall }
        var cells = types.indices.flatMap { first in types[first...].map { Cell(types[first], $0) } }
        cells += [Cell(.open, .firewall), Cell(.firewall, .firewall), Cell(.firewall, .blocked)]
        return cells
    }()
}

// MARK: Targets

/// What is wanted of a cell.
package enum Target: Sendable {
    /// At least these shares of attempts connect within these times.
    case connects([(share: Double, within: Duration)])
    /// No direct path exists: the reason is told in time.
    case isTold(within: Duration)
    case bestEffort
}

extension Cell {
    /// From the matrix of the design: round trips of 40 ms, no loss.
    package var target: Target {
        let types = [first, second]
        if types.contains(.blocked) { return .isTold(within: .seconds(3)) }
        let hard = types.filter(\.isHard)
        switch hard.count {
        case 0 where types.contains(.careless): return .connects([(1, .seconds(10))])
        case 0 where types.allSatisfy { $0.isRestricted }: return .connects([(1, .milliseconds(80 + 100))])
        case 0 where types.contains(.addressRestricted): return .connects([(1, .seconds(10))])
        case 0: return .connects([(1, .milliseconds(80))])
        case 1 where types.contains { $0.isRestricted }:
            switch hard[0] {
            case .sequential: return .connects([(0.99, .milliseconds(1500))])
            case .block: return .connects([(0.99, .seconds(1))])
            default: return .connects([(0.98, .seconds(3)), (0.999, .seconds(8))])
            }
        case 1: return .connects([(1, .seconds(10))])
        default:
            if types == [.sequential, .sequential] { return .connects([(0.9, .seconds(5))]) }
            if types.contains(.random) { return .isTold(within: .seconds(10)) }
            return types == [.block, .block] ? .connects([(0.63, .seconds(10))]) : .bestEffort
        }
    }

    /// With 5 % loss: of what always connects.
    package var lossTarget: Target? {
        guard case .connects(let goals) = target, goals[0].share == 1 else { return nil }
        return .connects([(0.99, .seconds(4))])
    }

    /// Whether a failure says what is true here.
    func isRight(_ reason: UnreachableReason, callerIsFirst: Bool) -> Bool {
        let (caller, callee) = callerIsFirst ? (first, second) : (second, first)
        switch reason {
        case .noService: return caller == .blocked
        case .offline: return caller != .blocked && callee == .blocked
        case .noDirectPath(let own, let peer): return own.isHard == caller.isHard && peer.isHard == callee.isHard
        case .noAnswer, .directTimeout, .noCommonVersion: return false
        }
    }
}

extension NetworkType {
    /// Whether each destination gets another port.
    var isHard: Bool {
        switch self {
        case .sequential, .block, .random: true
        case .open, .fullCone, .mapped, .addressRestricted, .portRestricted, .renumbering, .careless, .firewall,
            .blocked:
            false
        }
    }

    /// Whether only the very address that was written to may answer an easy NAT.
    var isRestricted: Bool {
        switch self {
        case .portRestricted, .renumbering, .careless: true
        case .open, .fullCone, .mapped, .addressRestricted, .sequential, .block, .random, .firewall, .blocked: false
        }
    }
}
