import CBench
import Glibc
import PinholeWire

/// One side of the bare loop, which is the bound of throughput.
enum BareProcess {
    /// Header and tag of a datagram, in bytes.
    static let overhead = 29

    /// What the datagrams of a bare loop are like.
    struct Shape: Equatable {
        var size: Int
        var segments = true
        var seals = true
    }

    /// `send|receive OWN-ADDRESS SIZE SEGMENTS SEALS`. The receiver says its address, the sender is told it.
    static func run(_ arguments: [String]) throws -> Never {
        guard arguments.count == 5, let own = TransportAddress(arguments[1] + ":0"), let size = UInt32(arguments[2])
        else { fail("bare loop: \(arguments)") }
        let socket = UDPSocket(host: own.ip.v4Bits)
        guard let bare = bench_bare_create(socket.descriptor, size, arguments[3] == "true", arguments[4] == "true")
        else { fail("bare loop: no datagrams of \(size) bytes") }
        let isSender = arguments[0] == "send"
        if isSender {
            guard let peer = readLine().flatMap({ TransportAddress($0) }) else { fail("bare loop: no peer") }
            socket.connect(to: peer)
        } else {
            say("ready \(TransportAddress(own.ip, port: socket.port))")
        }
        let loop = Loop(bare: bare, isSender: isSender)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                let loop = Unmanaged<Loop>.fromOpaque(argument!).takeRetainedValue()
                if loop.isSender { bench_bare_send(loop.bare) } else { bench_bare_receive(loop.bare) }
                return nil
            }, Unmanaged.passRetained(loop).toOpaque())
        while let line = readLine() {
            guard line == "mark" else { continue }
            let count = bench_bare_datagrams(bare)
            let (sent, received) = isSender ? (count, 0) : (0, count)
            say(Mark.line([bench_bare_bytes(bare), 0, sent, received, count * UInt64(size), UInt64(size)]))
        }
        exit(0)
    }

    private final class Loop {
        let bare: OpaquePointer
        let isSender: Bool

        init(bare: OpaquePointer, isSender: Bool) {
            self.bare = bare
            self.isSender = isSender
        }
    }

    /// Runs the loop over a link and watches it.
    static func measure(_ shape: Shape, over link: any Link, seconds: Double) throws(Child.Failure) -> Flow {
        func start(_ side: String, at place: Place) throws(Child.Failure) -> Child {
            try Child(
                [Role.bare.rawValue, side, place.address, "\(shape.size)", "\(shape.segments)", "\(shape.seals)"],
                in: place)
        }
        let receiver = try start("receive", at: link.far)
        let address = try receiver.hear("ready")
        let sender = try start("send", at: link.near)
        sender.say(address[0])
        pause(0.2)
        return try Flow.watch(sender, receiver, seconds: seconds)
    }
}
