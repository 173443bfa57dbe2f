import Foundation
import Glibc
import PinholeWire

/// `pinhole-signaling`, running on the public addresses of a network.
struct SignalingService {
    static let port: UInt16 = 41_414
    let program: Program
    /// `pinhole-signal://pinsrv1…`, without the host.
    private let key: Substring

    init(on network: Network) throws(LabError) {
        let listen = (Network.serviceAddresses.prefix(1) + Network.serviceAddresses6.prefix(1).map { "[\($0)]" })
            .flatMap { ["--listen", "\($0):\(Self.port)"] }
        let seconds = [Network.serviceAddresses[1], Network.serviceAddresses6[1]].flatMap { ["--second-address", $0] }
        let program = try network.start(
            try Binaries.path("pinhole-signaling"), listen + seconds + ["--key", network.directory + "/service.key"],
            named: "pinhole-signaling", on: network.service)
        self.program = program
        let line = try network.reactor.wait(for: "the service to print its address", within: .seconds(10)) {
            program.output.lines.first { $0.hasPrefix("pinhole-signal://") }
        }
        key = line.prefix { $0 != "@" }
    }

    /// Where peers of one family find it.
    func address(_ family: IPAddress.Family) -> String {
        let host = family == .v4 ? Network.serviceAddresses[0] : "[\(Network.serviceAddresses6[0])]"
        return "\(key)@\(host):\(Self.port)"
    }

    /// Where everybody finds it: a name that has addresses of both families.
    var address: String { "\(key)@\(Network.serviceName):\(Self.port)" }

    /// The machine dies: no goodbye.
    func kill() { program.signal(SIGKILL) }
}
