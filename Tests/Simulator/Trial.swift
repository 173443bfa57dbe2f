package import PinholeCore
import PinholeWire

/// One attempt of two peers to meet, in a world of its own.
package struct Trial: Sendable {
    package var cell: Cell
    package var seed: UInt64
    /// The share of datagrams that are lost, from the first one on.
    package var loss = 0.0

    package init(_ cell: Cell, seed: UInt64, loss: Double = 0) {
        self.cell = cell
        self.seed = seed
        self.loss = loss
    }

    package enum Ending: Sendable, Equatable {
        /// The caller's first message was delivered, and answered.
        case connected(after: Duration)
        case failed(UnreachableReason, after: Duration)
        /// One side says that it is connected, but messages do not arrive.
        case mute
        case undecided
    }

    package struct Outcome: Sendable {
        package var seed: UInt64
        package var ending: Ending
        /// What the caller itself says that connecting took.
        package var reported: Duration?
        /// Datagrams that both peers sent from the wish to connect to the ending.
        package var packets: Int
        /// Flows that the attempt made in the NAT that had to hold more of them.
        package var flows: Int

        /// From the wish to connect to the first byte that was delivered.
        package var time: Duration? {
            if case .connected(let time) = ending { time } else { nil }
        }
    }

    /// Nobody waits longer than this for a verdict.
    package static let patience: Duration = .seconds(12)
    /// For registration and the measurement of both NATs.
    private static let preparation: Duration = .seconds(8)

    /// The two, at the moment before one calls the other.
    package func prepare(trace: ((String) -> Void)? = nil) -> (World, caller: Peer, callee: Peer) {
        let world = World(seed: seed)
        world.link.loss = loss
        world.trace = trace
        let one = world.addPeer(number: 1, on: cell.first)
        let other = world.addPeer(number: 2, on: cell.second)
        one.add(other)
        other.add(one)
        one.useService()
        other.useService()
        let waiting = [(one, cell.first), (other, cell.second)].filter { $0.1 != .blocked }
        world.run(for: Self.preparation) {
            waiting.allSatisfy { peer, type in
                peer.isRegistered && peer.behavior != nil
                    && (type != .mapped || peer.endpoint.mappedAddress(.v4) != nil)
            }
        }
        // Nobody calls in step with the registration.
        world.run(for: .milliseconds(Int64.random(in: 500...1500, using: &world.random)))
        return seed.isMultiple(of: 2) ? (world, one, other) : (world, other, one)
    }

    package func run(trace: ((String) -> Void)? = nil) -> Outcome {
        ReplayableRandom.run(seed: seed) {
            let (world, caller, callee) = prepare(trace: trace)
            return meet(world, caller, callee)
        }
    }

    private func meet(_ world: World, _ caller: Peer, _ callee: Peer) -> Outcome {
        let begin = world.now
        let packets = caller.sentCount + callee.sentCount
        let nats = [caller, callee].flatMap(\.interfaces).compactMap(\.nat)
        let flows = nats.map(\.flowsMade)
        // The message waits for the session, so that the first byte is delivered as early as it can be.
        caller.send("ping", to: callee)
        world.run(for: Self.patience) { !callee.texts.isEmpty || !caller.failures.isEmpty }
        let time = world.now - begin
        var ending = Ending.undecided
        if !callee.texts.isEmpty {
            callee.send("pong", to: caller)
            let isAnswered = world.run(for: .seconds(4)) { !caller.texts.isEmpty }
            ending = isAnswered ? .connected(after: time) : .mute
        } else if let reason = caller.failures.first {
            ending = .failed(reason, after: time)
        } else if !caller.connections.isEmpty || !callee.connections.isEmpty {
            ending = .mute
        }
        return Outcome(
            seed: seed, ending: ending, reported: caller.connections.last?.connectTime,
            packets: caller.sentCount + callee.sentCount - packets,
            flows: zip(nats, flows).map { $0.flowsMade - $1 }.max() ?? 0)
    }
}

extension Trial.Ending: CustomStringConvertible {
    package var description: String {
        switch self {
        case .connected(let time): "connected after \(format(time))"
        case .failed(.noDirectPath(let own, let peer), let time):
            "no direct path after \(format(time)): \(own.mapping)/\(own.filtering) × \(peer.mapping)/\(peer.filtering)"
        case .failed(let reason, let time): "\(reason) after \(format(time))"
        case .mute: "connected, but messages do not arrive"
        case .undecided: "no verdict"
        }
    }
}
