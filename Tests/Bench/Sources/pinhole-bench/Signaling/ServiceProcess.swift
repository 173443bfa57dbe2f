import Glibc
import PinholeCrypto
import PinholeWire
import Signaling

/// The service in a process of its own: this program, started again.
final class ServiceProcess {
    let key: ServiceKey
    let port: UInt16
    /// The address that people give to `pinhole`.
    let text: String
    private let child: Child

    /// On a free port of a place's address.
    init(in place: Place = .loopback) throws {
        child = try Child([Role.signalingService.rawValue, place.address], in: place)
        let words = try child.hear("ready")
        guard words.count == 2, let address = TransportAddress(words[1]) else {
            throw Child.Failure(description: "no signaling service")
        }
        key = try ServiceKey(text: words[0])
        port = address.port
        text = "pinhole-signal://\(words[0])@\(words[1])"
    }

    /// What the kernel says that the process has in memory.
    var residentKilobytes: Int { child.resident / 1024 }
}

extension ServiceProcess {
    /// Serves on a free port of an address until the parent is gone or says so, with rates that a benchmark
    /// does not run into.
    static func serve(_ host: String) throws -> Never {
        var configuration = Configuration(key: .memory(.generate()))
        configuration.listen = ["\(host):0"].compactMap { TransportAddress($0) }
        let rate = RateLimiter.Rate(sustained: 1_000_000)
        configuration.rates.registers = rate
        configuration.rates.registersPerSource = rate
        let server = try SignalingServer(configuration: configuration)
        server.start()
        let parts = server.addressText.dropFirst("pinhole-signal://".count).split(separator: "@")
        say("ready " + parts.joined(separator: " "))
        var signals = sigset_t()
        sigfillset(&signals)
        var signal: Int32 = 0
        sigwait(&signals, &signal)
        exit(0)
    }
}
