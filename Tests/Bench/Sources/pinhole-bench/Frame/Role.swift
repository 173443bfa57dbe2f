import CBench
import CEmulator
import Glibc

/// What this program does when it is not what a person starts: one process of a measurement.
enum Role: String {
    /// `inside NETWORK[@CORE] …`: goes into the network of a process, and to a core, and becomes what follows.
    case inside
    /// `program NAME …`: becomes another program.
    case program
    /// Holds a network namespace until it is told to end, or the bench is gone, and then ends all that runs in it.
    case holdNetwork = "hold-network"
    /// The line between two networks.
    case emulator
    /// A peer with its loop, told what to do on stdin.
    case node
    /// Many peers of one node.
    case crowd
    /// One side of the bare loop.
    case bare
    /// The signaling service, on an address.
    case signalingService = "signaling-service"
    /// The side of the raw ping-pong that answers.
    case reply
    /// The side that asks.
    case ping

    /// Plays the role, and ends the process.
    func play(_ arguments: [String]) throws -> Never {
        switch self {
        case .inside:
            guard arguments.count > 1, bench_die_with_parent() == 0 else { fail("no parent") }
            let place = arguments[0].split(separator: "@")
            if let holder = Int32(place[0]), bench_enter_network(holder) != 0 { fail("no network \(holder)") }
            if place.count > 1, let core = Int32(place[1]), bench_stay_on_core(core) != 0 { fail("no core \(core)") }
            guard let role = Role(rawValue: arguments[1]) else { fail("no role \(arguments[1])") }
            try role.play(Array(arguments.dropFirst(2)))
        case .program:
            var words = arguments.map { strdup($0) }
            words.append(nil)
            execvp(arguments[0], words)
            fail("cannot start \(arguments[0])")
        case .holdNetwork:
            let status = bench_new_network()
            guard status == 0 else { fail("no network namespace: \(String(cString: strerror(-status)))") }
            bench_outlive_parent()
            say("ready")
            while readLine() != nil {}
            // Servers leave processes behind that nobody waits for.
            bench_kill_network()
            exit(0)
        case .emulator:
            var words = (["link-emulator"] + arguments).map { strdup($0) }
            exit(emulator_main(Int32(words.count), &words))
        case .node: try NodeProcess.run(arguments)
        case .crowd: try Crowd.run(arguments)
        case .bare: try BareProcess.run(arguments)
        case .reply: PingPong.reply(arguments)
        case .ping: PingPong.ping(arguments)
        case .signalingService: try ServiceProcess.serve(arguments.first ?? Place.loopback.address)
        }
    }
}

/// Says to the bench why this process cannot go on.
func fail(_ reason: String) -> Never {
    say("failed \(reason)")
    exit(1)
}
