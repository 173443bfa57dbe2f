import PinholeCore
import PinholeWire

/// Where this machine is: what is another when it moves to another network.
struct Surroundings: Equatable {
    let interfaces: [InterfaceAddress]
    let ports: [IPAddress.Family: UInt16]
    /// The addresses from which the rest of the world is reached.
    private let preferred: [IPAddress]

    /// What is told of them to others: while it stays, names lead where they led.
    struct Standpoint: Equatable {
        let local: [LocalAddress]
        let ports: [IPAddress.Family: UInt16]
    }

    /// Those of the moment.
    init(of loop: any DatagramShell) {
        interfaces = loop.interfaces
        preferred = IPAddress.Family.allCases.compactMap { loop.preferredAddress($0) }
        var ports: [IPAddress.Family: UInt16] = [:]
        for family in IPAddress.Family.allCases { ports[family] = loop.localPort(family) }
        self.ports = ports
    }

    /// The addresses that may be told, the preferred ones first.
    func localAddresses(allowsLoopback: Bool) -> [LocalAddress] {
        Interfaces.candidates(interfaces, preferred: preferred, allowsLoopback: allowsLoopback)
            .map { LocalAddress($0.ip, prefixLength: $0.prefixLength) }
    }
}
