import Glibc
import NIOCore
import NIOPosix
package import Pinhole
import Synchronization

/// The control socket of the process that hosts a profile.
///
/// Whoever holds the profile's lock serves it, so a socket file that is in the way was left by a process that is gone.
package final class ControlServer: Sendable {
    package let path: String
    private let host: Host
    private let patience: Patience
    private let state = Mutex(State())

    private struct State {
        var listener: (any Channel)?
        var connections: [Int: ServerConnection] = [:]
        /// Those who serve them, by the same numbers.
        var serving: [Int: Task<Void, Never>] = [:]
        var next = 0
        /// Why this host ends, once it does.
        var farewell: Farewell?
    }

    package init(_ host: Host, path: String, patience: Patience) {
        (self.host, self.path, self.patience) = (host, path, patience)
    }

    /// Begins to listen. Throws when the socket cannot be made.
    package func start() async throws(PinholeError) {
        try ControlSocket.prepareDirectory(of: path)
        unlink(path)
        do {
            let listener = try await ServerBootstrap(group: Self.group)
                .serverChannelOption(.backlog, value: 64)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { child in
                    LineChannel.wrap(child, lines: ControlLimits.line).map { self.admit($0) }
                }
                .bind(unixDomainSocketPath: path).get()
            state.withLock { $0.listener = listener }
        } catch {
            throw PinholeError(
                .cannotWrite, "the control socket \(path) cannot be made: \(error)",
                hint: "without it no other command can use this node")
        }
        // The directory is ours alone, so nobody got in before.
        chmod(path, 0o600)
    }

    /// Tells everybody that this host ends, and gives the path to the next.
    package func stop(_ reason: Phrase) async {
        let farewell = Farewell(reason, isOfTheHost: true)
        let listener = state.withLock { state in
            state.farewell = farewell
            return state.listener
        }
        guard let listener else { return }
        unlink(path)
        // On the one thread that admits: nobody comes after it.
        try? await listener.close()
        await withDiscardingTaskGroup { group in
            for connection in state.withLock({ Array($0.connections.values) }) {
                group.addTask { await connection.disconnect(farewell) }
            }
        }
        // Who came last is told so, too.
        for task in state.withLock({ Array($0.serving.values) }) { await task.value }
    }

    /// Has a connection served from the moment it is made. In a sequence of connections those that wait when it is cancelled
    /// would be dropped, and a channel that nobody finished brings the process down.
    private func admit(_ channel: LineChannel) {
        state.withLock { state in
            state.next += 1
            let number = state.next
            state.serving[number] = Task {
                await self.serve(channel, as: number)
                self.state.withLock { $0.serving[number] = nil }
            }
        }
    }

    private func serve(_ channel: LineChannel, as number: Int) async {
        let connection = ServerConnection(channel, host, patience)
        let refusal: Farewell? = state.withLock { state in
            if let farewell = state.farewell { return farewell }
            guard state.connections.count < ControlLimits.connections else {
                return Farewell("too many programs are connected: \(ControlLimits.connections)")
            }
            state.connections[number] = connection
            return nil
        }
        if let refusal { return await connection.refuse(refusal) }
        host.connected.add(1, ordering: .relaxed)
        defer {
            host.connected.subtract(1, ordering: .relaxed)
            state.withLock { $0.connections[number] = nil }
        }
        guard let peer = await PeerCredentials.of(channel.channel), peer.uid == geteuid() || peer.uid == 0 else {
            return await connection.refuse(Farewell("the profile is of another user"))
        }
        await connection.run()
    }

    /// One thread serves the sockets of a process, on either side.
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
