import CBench
import Glibc
import PinholeCrypto
import PinholeWire
import Signaling

/// The signaling service's two promises: 100,000 peers with ten tags each in 150 MB, and 0.6 of the refreshes per second
/// that a bare echo of the same datagrams reaches.
enum SignalingBench {
    private static let peers = 100_000
    private static let tagsPerPeer = 10
    private static let refreshes = 200_000
    private static let window: UInt32 = 128
    private static let rounds = 7

    static func run() throws {
        let service = try ServiceProcess()
        print("| service process | registered | tags | resident |")
        print("|---|---|---|---|")
        print("| at start | 0 | 0 | \(megabytes(service.residentKilobytes)) |")
        let registered = try register(at: service)
        let resident = service.residentKilobytes
        print("| filled | \(registered) | \(registered * tagsPerPeer) | \(megabytes(resident)) |")
        try measureRefreshes(at: service)
    }

    /// Registers all peers, each with tags of its own: the worst case, as no two share an entry.
    private static func register(at service: ServiceProcess) throws -> Int {
        var registered = 0
        // One source may hold 1,024 registrations, so the peers come from many loopback addresses.
        for host in 0..<UInt32((peers + 999) / 1000) {
            let socket = UDPSocket(host: 0x7f01_0001 + host << 8)
            socket.connect(to: service.port)
            for _ in 0..<min(1000, peers - registered) {
                let tags = (0..<tagsPerPeer).map { _ in
                    TagEntry(
                        tag: RendezvousTag(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)),
                        side: .lo, watch: false)
                }
                if Peer(service: service.key, socket: socket, tags: tags) != nil { registered += 1 }
            }
        }
        return registered
    }

    /// Alternates service and echo, with the same client and datagrams of the same size both ways.
    private static func measureRefreshes(at service: ServiceProcess) throws {
        let echo = UDPSocket()
        let echoPort = echo.port
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                bench_echo(Int32(truncatingIfNeeded: Int(bitPattern: argument)))
                return nil
            }, UnsafeMutableRawPointer(bitPattern: Int(echo.descriptor)))

        var ratios: [Double] = []
        print("")
        print("| round | echo, answers/s | service, refreshes/s | ratio |")
        print("|---|---|---|---|")
        for round in 1...rounds {
            let echoed = load(port: echoPort, datagrams: [UInt8](repeating: 0, count: refreshes * datagramSize))
            let socket = UDPSocket()
            socket.connect(to: service.port)
            guard let peer = Peer(service: service.key, socket: socket, tags: []) else {
                print("the service does not register the load generator")
                return
            }
            let refreshed = load(socket: socket, datagrams: peer.refreshes(refreshes, size: datagramSize))
            ratios.append(refreshed / echoed)
            print("| \(round) | \(Int(echoed)) | \(Int(refreshed)) | \(hundredths(refreshed / echoed)) |")
        }
        ratios.sort()
        print(
            "\nratio: median \(hundredths(ratios[rounds / 2])), from \(hundredths(ratios[0])) to "
                + "\(hundredths(ratios[rounds - 1])); \(datagramSize) bytes each way, \(window) unanswered at most")
    }

    /// What REGISTERED takes over IPv4; REFRESH is padded to it.
    private static let datagramSize = 63

    private static func load(port: UInt16, datagrams: [UInt8]) -> Double {
        let socket = UDPSocket()
        socket.connect(to: port)
        return load(socket: socket, datagrams: datagrams)
    }

    private static func load(socket: UDPSocket, datagrams: [UInt8]) -> Double {
        var nanoseconds: UInt64 = 0
        let answered = bench_load(
            socket.descriptor, datagrams, UInt32(datagramSize), UInt32(datagrams.count / datagramSize), window,
            &nanoseconds)
        return Double(answered) * 1e9 / Double(max(nanoseconds, 1))
    }

    private static func megabytes(_ kilobytes: Int) -> String {
        "\(kilobytes / 1024) MB"
    }

    private static func hundredths(_ value: Double) -> String {
        let number = Int((value * 100).rounded())
        return "\(number / 100).\(number % 100 < 10 ? "0" : "")\(number % 100)"
    }
}

/// A client that has registered.
private struct Peer {
    private let keys: SignalingClientKeys
    private let registration: UInt64

    init?(service: ServiceKey, socket: UDPSocket, tags: [TagEntry]) {
        keys = SignalingClientKeys(service: service)
        var body = RegisterBody(cookie: [UInt8](repeating: 0, count: 16), token: [], tags: tags)
        socket.send(keys.register(body))
        guard let first = socket.receive(), let challenge = keys.openChallenge(first.span) else { return nil }
        body.cookie = challenge.cookie
        socket.send(keys.register(body))
        guard let second = socket.receive(), let frames = keys.open(second.span) else { return nil }
        var reader = ByteReader(frames.span)
        guard case .registered(let registered)? = try? SignalingReply(&reader) else { return nil }
        registration = registered.registration
    }

    /// Sealed REFRESHes of `size` bytes, one behind the other.
    func refreshes(_ count: Int, size: Int) -> [UInt8] {
        let padding = size - SignalingLayout.clientHeader - AEAD.tagSize - 1
        let frames = [0x01] + [UInt8](repeating: 0, count: padding)
        var datagrams: [UInt8] = []
        datagrams.reserveCapacity(count * size)
        for _ in 0..<count { datagrams += keys.seal(frames, registration: registration) }
        return datagrams
    }
}
