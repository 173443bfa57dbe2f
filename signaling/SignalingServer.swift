import Glibc
import PinholeCrypto
package import PinholeWire
import Synchronization

/// A signaling service on its own thread: what `pinhole-signaling` runs, and `pinhole demo` embeds.
package final class SignalingServer: Sendable {
    private enum State {
        case ready(ServerLoop)
        case running(pthread_t)
        case stopped
    }

    private let state: Mutex<State>
    /// A pipe: what is written to its end stops the loop, which waits at its beginning.
    private let stopPipe: (beginning: Int32, end: Int32)
    private let topology: Topology
    private let keyText: String
    private let addressHost: String?

    /// Reads or makes the key, and binds all sockets; from then on clients' datagrams wait. `log` is called with lines of
    /// text, without IP addresses, on the service's thread, and `onFailure` there when it can serve no longer.
    package init(
        configuration: Configuration, log: @escaping @Sendable (String) -> Void = { _ in },
        onFailure: @escaping @Sendable () -> Void = {}
    ) throws(ServerError) {
        try configuration.validate()
        let secret = try configuration.secret()
        let access = try configuration.serviceAccess()
        let sockets = try ServerSockets.open(configuration)
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else { throw ServerError(.unavailable, "there is no pipe: \(errorText())") }
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        topology = sockets.topology
        keyText = secret.publicKey.text
        addressHost = configuration.addressHost
        stopPipe = (pipe[0], pipe[1])
        let service = Service(
            secret: secret, access: access, capacity: configuration.capacity, rates: configuration.rates,
            topology: sockets.topology, seed: randomBytes(72))
        let loop = try ServerLoop(
            service: service, sockets: sockets, stopDescriptor: pipe[0], log: log, onFailure: onFailure)
        state = Mutex(.ready(loop))
    }

    deinit {
        stop()
        close(stopPipe.beginning)
        close(stopPipe.end)
    }

    /// The program's: that of all programs here.
    package static let version = "0.1.0"

    /// The bound addresses, the main ones first.
    package var listenAddresses: [TransportAddress] {
        topology.sockets.sorted { $0.portIndex < $1.portIndex }.map(\.address)
    }

    /// The ports, the main one first.
    package var boundPorts: [UInt16] {
        var ports: [UInt16] = []
        for address in listenAddresses where !ports.contains(address.port) { ports.append(address.port) }
        return ports
    }

    /// `pinhole-signal://pinsrv1…@host:port`.
    package var addressText: String {
        let main = topology.sockets.filter { $0.portIndex == 0 && !$0.isSecond }.map(\.address)
        return Self.addressText(key: keyText, host: addressHost, listen: main)
    }

    /// Begins to serve; once.
    package func start() {
        state.withLock { state in
            guard case .ready(let loop) = state else { return }
            var thread = pthread_t()
            let context = Unmanaged.passRetained(loop).toOpaque()
            let result = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<ServerLoop>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context)
            precondition(result == 0, "the system has no thread for the service")
            state = .running(thread)
        }
    }

    /// Tells the clients, closes the sockets, and returns when both are done.
    package func stop() {
        state.withLock { state in
            if case .running(let thread) = state {
                var byte: UInt8 = 0
                _ = write(stopPipe.end, &byte, 1)
                pthread_join(thread, nil)
            }
            state = .stopped
        }
    }

    /// The address of a service with this key that listens at `listen`; without a `host`, at an address of this machine.
    static func addressText(key: String, host: String?, listen: [TransportAddress]) -> String {
        let port = listen.first?.port ?? Configuration.defaultPort
        if let host {
            let shown = IPAddress(host).map { "\(TransportAddress($0, port: port))" } ?? "\(host):\(port)"
            return "pinhole-signal://\(key)@\(shown)"
        }
        let named = listen.first { !$0.ip.isUnspecified }?.ip
        let families = Set(listen.map(\.family))
        let address =
            named ?? LocalAddresses.current().first { families.contains($0.family) } ?? IPAddress(v4: 0x7f00_0001)
        return "pinhole-signal://\(key)@\(TransportAddress(address, port: port))"
    }
}

extension Configuration {
    fileprivate func secret() throws(ServerError) -> ServiceSecret {
        switch key {
        case .file(let path): try SecretFile.key(at: path)
        case .memory(let secret): secret
        }
    }

    fileprivate func serviceAccess() throws(ServerError) -> Service.Access {
        switch tokenFile {
        case let file? where access == .token: .token(try SecretFile.token(at: file))
        case _: .open
        }
    }

    /// Reads the secret files as a start does, so that it fails here as it would there; a missing key is not made.
    package func checkSecrets() throws(ServerError) {
        if case .file(let path) = key { _ = try SecretFile.existingKey(at: path) }
        _ = try serviceAccess()
    }

    /// The address that a service with this configuration will print; its key is made when there is none.
    package func printedAddress() throws(ServerError) -> String {
        SignalingServer.addressText(key: try secret().publicKey.text, host: addressHost, listen: listen)
    }
}
