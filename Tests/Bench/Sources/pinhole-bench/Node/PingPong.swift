import CBench
import Glibc
import PinholeWire

/// The two sides of a raw UDP ping-pong.
enum PingPong {
    /// `OWN-ADDRESS`; says where it answers.
    static func reply(_ arguments: [String]) -> Never {
        guard let own = arguments.first.flatMap({ IPAddress($0) }) else { fail("no address to answer at") }
        let socket = UDPSocket(host: own.v4Bits)
        say("ready \(TransportAddress(own, port: socket.port))")
        bench_reply(socket.descriptor)
        exit(0)
    }

    /// `OWN-ADDRESS PEER SIZE COUNT`; says the nanoseconds of each.
    static func ping(_ arguments: [String]) -> Never {
        guard arguments.count == 4, let own = IPAddress(arguments[0]), let peer = TransportAddress(arguments[1]),
            let size = UInt32(arguments[2]), let count = Int(arguments[3])
        else { fail("ping: \(arguments)") }
        let socket = UDPSocket(host: own.v4Bits)
        socket.connect(to: peer)
        var times = [UInt64](repeating: 0, count: count)
        guard bench_ping(socket.descriptor, size, UInt32(count), &times) == UInt32(count) else {
            fail("raw datagrams were lost")
        }
        say("times " + times.map { "\($0)" }.joined(separator: " "))
        exit(0)
    }
}
