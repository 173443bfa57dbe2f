import PinholeCore
import PinholeWire
package import TestSupport

/// What befalls the network and the service of a random world, whoever lives in it.
package enum Weather: Equatable, Sendable {
    // What the network does to the next datagrams.
    case lose(Int), corrupt(Int), delay(Int, milliseconds: Int)
    case badLine(lossPercent: Int), doublingLine, reorderingLine, goodLine
    /// Datagrams that arrived before arrive again, from where they came or from elsewhere.
    case replay(Int)
    case stopService, startService, corruptService(LyingService.Lie), cleanService

    /// How long it is until the next thing happens: some meet what the one before has begun, others what it led to.
    package static let pauses: [Duration] = [
        .zero, .milliseconds(3), .milliseconds(30), .milliseconds(300), .seconds(3),
    ]
}

extension Wire {
    /// Lets `weather` befall `world`, whose datagrams pass here.
    package func happen(_ weather: Weather, in world: World, _ random: inout SeededRandom) {
        switch weather {
        case .lose(let count): lose += count
        case .corrupt(let count): corrupt += count
        case .delay(let count, let milliseconds): delay(count, by: .milliseconds(milliseconds))
        case .badLine(let percent):
            world.link.loss = Double(percent) / 100
            world.link.burst = 2
        case .doublingLine: world.link.duplication = 0.5
        case .reorderingLine:
            world.link.reordering = 0.3
            world.link.reorderingDelay = .milliseconds(50)
        case .goodLine: clear(world)
        case .replay(let count): replay(count, &random)
        case .stopService: world.stopService()
        case .startService: world.startService()
        case .corruptService(let lie):
            places.named(Places.victim)
            world.liar = LyingService(lie, secret: world.serviceSecret, victim: Places.victim)
        case .cleanService: world.liar = nil
        }
    }

    /// The line is as it was in the beginning.
    private func clear(_ world: World) {
        world.link = Link(delay: world.link.delay)
        clear()
    }

    /// The network and the service are as good as they can be.
    package func clearUp(_ world: World) {
        clear(world)
        world.liar = nil
        world.startService()
    }

    private func replay(_ count: Int, _ random: inout SeededRandom) {
        places.named(Places.attacker)
        for _ in 0..<count {
            guard let old = anOldOne(&random) else { return }
            // By an attacker who may send from anywhere.
            let source = random.chance(0.5) ? old.source : Places.attacker
            old.host.receive(old.bytes, .notECT, from: source, by: .main)
        }
    }
}
