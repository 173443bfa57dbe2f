import Simulator
import TestSupport

/// Something that befalls ``RandomPeople``; people, invites and transfers are named by their numbers.
enum PeopleDeed: Equatable, Sendable {
    // What people do.
    case say(Int, to: Int), disconnect(Int, from: Int)
    case sendFile(Int, to: Int, bytes: Int), sendFolder(Int, to: Int, entries: Int, bytes: Int)
    /// Something else is written to a file of the newest folder, or to the file, that waits or is on its way.
    case change(Int)
    /// Gives up the oldest transfer that is not over, in one direction or the other.
    case takeBack(Int), refuse(Int)
    /// Answers the oldest offer that waits for it.
    case accept(Int)
    case block(Int, Int), unblock(Int, Int)
    // Invites.
    case invite(Int, bound: Int?, seconds: Int)
    /// Opens the line of one of the newest invites; who is not honest does so whatever the line says.
    case use(Int, invite: Int, isHonest: Bool)
    case revoke(Int), decide(Int, accepting: Bool)
    case weather(Weather)
    // What happens to networks.
    case flushNAT(Int), move(Int, NetworkType)
    // What happens to processes and disks.
    case kill(Int), killSoon(Int)
    /// Starts somebody's process, or that of another one, if it does not run.
    case start(Int)
    /// Something else has the name of the folder for what is received.
    case obstruct(Int), clear(Int)
    case pass(seconds: Int)
}

extension PeopleDeed {
    static let networks: [NetworkType] = [.open, .fullCone, .portRestricted, .portRestricted, .renumbering, .firewall]

    /// One of them, the more usual ones more often.
    static func random<Random: RandomNumberGenerator>(among people: Int, using random: inout Random) -> PeopleDeed {
        func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
        let one = number(0...people - 1)
        let other = (one + number(1...people - 1)) % people
        // Now and then more than a group.
        func size() -> Int { number(0...4) == 0 ? number(200_000...900_000) : number(0...60_000) }
        switch number(0...99) {
        case 0..<5: return .say(one, to: other)
        case 5: return .disconnect(one, from: other)
        case 6..<11: return .sendFile(one, to: other, bytes: size())
        case 11..<20: return .sendFolder(one, to: other, entries: number(0...14), bytes: size())
        case 20..<22: return .change(one)
        case 22..<25: return .takeBack(one)
        case 25..<27: return .refuse(one)
        case 27..<32: return .accept(one)
        case 32: return .block(one, other)
        case 33..<35: return .unblock(one, other)
        case 35..<41: return .invite(one, bound: number(0...2) == 0 ? other : nil, seconds: number(10...2000))
        case 41..<51: return .use(one, invite: number(0...9), isHonest: number(0...3) > 0)
        case 51: return .revoke(one)
        case 52..<56: return .decide(one, accepting: number(0...3) > 0)
        case 56..<59: return .weather(.lose(number(1...8)))
        case 59: return .weather(.corrupt(number(1...6)))
        case 60..<62: return .weather(.delay(number(1...6), milliseconds: number(10...1500)))
        case 62..<64: return .weather(.badLine(lossPercent: number(5...40)))
        case 64: return .weather(.doublingLine)
        case 65: return .weather(.reorderingLine)
        case 66..<69: return .weather(.goodLine)
        case 69..<72: return .weather(.replay(number(1...40)))
        case 72: return .flushNAT(one)
        case 73: return .move(one, networks.randomElement(using: &random)!)
        case 74: return .weather(.stopService)
        case 75: return .weather(.startService)
        case 76: return .weather(.corruptService(LyingService.Lie.allCases.randomElement(using: &random)!))
        case 77..<79: return .weather(.cleanService)
        case 79..<82: return .kill(one)
        case 82..<85: return .killSoon(one)
        case 85..<91: return .start(one)
        case 91: return .obstruct(one)
        case 92..<94: return .clear(one)
        default: return .pass(seconds: number(1...60))
        }
    }
}
