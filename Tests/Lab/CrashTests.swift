import Foundation
import Pinhole
import TestSupport
import Testing

extension Laboratory {
    /// Two people write to each other over a bad line while their programs are killed, at any moment and without a word.
    /// Afterwards both disks and all that was shown must agree.
    @Suite("kill -9 in the middle of a conversation")
    struct CrashTests {
        private static let kills = Requirements.isFull ? 200 : 20
        /// Of each of the two.
        private static let messages = Requirements.isFull ? 10_000 : 500
        private static let seed = ProcessInfo.processInfo.environment["LAB_SEED"].flatMap(UInt64.init) ?? 1

        @Test("nothing is lost, doubled or out of order, and what was shown as delivered is on the other disk")
        func kill() async throws {
            try await Network.run([.home, .home]) { network in
                let service = try SignalingService(on: network)
                try network.lag.set("loss=5%")
                let (first, second) = try Peer.pair(at: network.sites, of: network, service: service.address)
                let began = ContinuousClock.now
                let (alice, bob) = (try Survivor(first, to: second), try Survivor(second, to: first))
                try Self.talk(alice, bob, on: network)
                try Self.waitForEmptyOutboxes(alice, bob, on: network)
                for talker in [alice, bob] { try talker.finish() }
                let time = ContinuousClock.now - began
                let again = try Self.compare(alice, to: bob) + Self.compare(bob, to: alice)
                print(
                    "kill -9: seed \(Self.seed), \(Self.kills) kills during \(alice.queued.count) + \(bob.queued.count) "
                        + "messages in \(time.components.seconds) s; \(again) shown again as earlier ones")
            }
        }

        /// Lets both write until all is said and done.
        private static func talk(_ alice: Survivor, _ bob: Survivor, on network: Network) throws {
            var random = SeededRandom(seed: seed)
            var kills = 0
            var next = ContinuousClock.now + .seconds(2)
            let limit = Duration.seconds(60 + 4 * Self.kills)
            _ = try network.reactor.wait(for: "all messages to be written (seed \(seed))", within: limit) {
                for talker in [alice, bob] {
                    try talker.read()
                    // The messages are spread over all kills.
                    if talker.queued.count * (Self.kills + 1) < Self.messages * (kills + 1) { talker.speak(2) }
                }
                if kills == Self.kills {
                    return [alice, bob].allSatisfy { $0.queued.count >= Self.messages } ? true : nil
                }
                guard ContinuousClock.now >= next else { return nil }
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    for talker in [alice, bob] { try talker.kill() }
                    for talker in [alice, bob] { try talker.startAgain() }
                case 1...4: try kill(alice, beside: bob)
                default: try kill(bob, beside: alice)
                }
                kills += 1
                tell(kills, alice, bob)
                next = .now + .milliseconds(Int64.random(in: 50...1600, using: &random))
                return nil
            }
        }

        /// It takes minutes, and whoever waits wants to know for what.
        private static func tell(_ kills: Int, _ alice: Survivor, _ bob: Survivor) {
            guard kills % 10 == 0 else { return }
            print(
                "kill -9: \(kills) of \(Self.kills), \(alice.queued.count) + \(bob.queued.count) messages queued, "
                    + "\(alice.delivered.count) + \(bob.delivered.count) delivered")
        }

        private static func kill(_ victim: Survivor, beside other: Survivor) throws {
            try victim.kill()
            try other.read()
            // What the other was told by now was told before the end.
            let missing = other.delivered.subtracting(try victim.stored())
            #expect(missing.isEmpty, "seed \(seed): shown as delivered, and not on the disk: \(missing.sorted())")
            try victim.startAgain()
        }

        private static func waitForEmptyOutboxes(_ alice: Survivor, _ bob: Survivor, on network: Network) throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while true {
                let waiting = try [alice, bob].map { talker in
                    let outcome = try talker.peer.run(["outbox", "list", "--json"])
                    return outcome.output.split(separator: "\n").count
                }
                if waiting == [0, 0] { return }
                guard ContinuousClock.now < deadline else {
                    throw LabError("\(waiting) messages wait still (seed \(seed))\n\(network.reactor.lastWords)")
                }
                try network.pass(.milliseconds(200))
            }
        }

        /// Compares what one has sent with what the other has. Returns how many messages were shown more than once.
        private static func compare(_ sender: Survivor, to receiver: Survivor) throws -> Int {
            let sent = try sender.disk().outgoing
            let received = try receiver.disk().incoming
            let name = "seed \(seed), \(sender.peer.name) to \(receiver.peer.name)"
            #expect(sent.map(\.id) == received.map(\.id), "\(name): both disks hold the same in the same order")
            #expect(sent.map(\.text) == received.map(\.text), "\(name): with the same texts")
            #expect(Set(sent.map(\.id)).count == sent.count, "\(name): no message is there twice")
            let numbers = sent.compactMap { Int($0.text.split(separator: " ").dropFirst().first ?? "") }
            #expect(numbers.count == sent.count && zip(numbers, numbers.dropFirst()).allSatisfy(<), "\(name): in order")
            #expect(Set(sender.queued).isSubset(of: sent.map(\.id)), "\(name): what was shown as queued was sent")
            #expect(sent.allSatisfy { $0.state == .delivered || $0.state == .read }, "\(name): all is confirmed")
            // What was shown: all of it, in order; more than once only in other programs, and marked as such.
            for program in receiver.shown {
                #expect(Set(program.map(\.id)).count == program.count, "\(name): a program shows a message once")
            }
            let all = receiver.shown.joined()
            let unmarked = all.filter { !$0.isEarlier }.map(\.id)
            #expect(Set(unmarked).count == unmarked.count, "\(name): nothing is shown as new twice")
            var known: Set<String> = []
            let first = all.filter { known.insert($0.id).inserted }
            #expect(first.map(\.id) == received.map(\.id), "\(name): all was shown, in order")
            #expect(first.map(\.text) == received.map(\.text), "\(name): as it was written")
            return all.count - first.count
        }
    }
}
