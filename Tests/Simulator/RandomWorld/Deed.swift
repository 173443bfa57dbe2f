/// One of the two of a ``RandomWorld``.
package enum Side: Int, CaseIterable, Sendable {
    case alice, bob

    package var other: Side { self == .alice ? .bob : .alice }
}

/// Something that befalls a ``RandomWorld``.
package enum Deed: Equatable, Sendable {
    // What people do.
    case connect(Side), connectBoth, disconnect(Side)
    case say(Side, lines: Int)
    case offer(Side, bytes: Int)
    /// Gives up the oldest message, or file, that the other has not confirmed.
    case takeBack(Side), withdraw(Side)
    /// Sees all that has come; types.
    case see(Side), type(Side)
    /// Opens a stream of bytes, if they are connected, and writes so many.
    case stream(Side, bytes: Int)
    case weather(Weather)
    // What happens to networks.
    case flushNAT(Side), renumberNAT(Side), move(Side, NetworkType)
    // What happens to processes and machines.
    case kill(Side), recover(Side)
    /// With the disk as it was up to an hour ago, and with a clock that is wrong.
    case restoreBackup(Side), setClock(Side, hours: Int)
    case fillDisk(Side), freeDisk(Side)
    /// Nothing, for long.
    case pass(seconds: Int)
}

extension Deed {
    /// One of them, the more usual ones more often.
    static func random<Random: RandomNumberGenerator>(using random: inout Random) -> Deed {
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let side = Side.allCases.randomElement(using: &random)!
        switch number(0...99) {
        case 0..<8: return .connect(side)
        case 8..<12: return .connectBoth
        case 12..<14: return .disconnect(side)
        case 14..<27: return .say(side, lines: number(1...4))
        case 27: return .takeBack(side)
        case 28: return .withdraw(side)
        case 29..<33: return .see(side)
        case 33: return .type(side)
        case 34..<39: return .stream(side, bytes: number(0...300_000))
        case 39..<43: return .offer(side, bytes: number(0...40_000))
        case 43..<47: return .weather(.lose(number(1...8)))
        case 47..<50: return .weather(.corrupt(number(1...6)))
        case 50..<53: return .weather(.delay(number(1...6), milliseconds: number(10...1500)))
        case 53..<56: return .weather(.badLine(lossPercent: number(5...60)))
        case 56..<58: return .weather(.doublingLine)
        case 58..<60: return .weather(.reorderingLine)
        case 60..<63: return .weather(.goodLine)
        case 63..<67: return .weather(.replay(number(1...40)))
        case 67..<70: return .flushNAT(side)
        case 70..<72: return .renumberNAT(side)
        case 72..<75:
            let types: [NetworkType] = [.open, .fullCone, .addressRestricted, .portRestricted, .renumbering, .firewall]
            return .move(side, types.randomElement(using: &random)!)
        case 75..<80: return .kill(side)
        case 80..<86: return .recover(side)
        case 86..<88: return .restoreBackup(side)
        case 88..<90: return .setClock(side, hours: [-8766, -24, -1, 1, 24, 8766].randomElement(using: &random)!)
        case 90: return .fillDisk(side)
        case 91: return .freeDisk(side)
        case 92: return .weather(.stopService)
        case 93: return .weather(.startService)
        case 94: return .weather(.corruptService(LyingService.Lie.allCases.randomElement(using: &random)!))
        case 95: return .weather(.cleanService)
        default: return .pass(seconds: number(1...200))
        }
    }
}
