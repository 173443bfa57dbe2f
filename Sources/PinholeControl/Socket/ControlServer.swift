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
        var accepting: Task<Void, Never>?
        var connections: [Int: ServerConnection] = [:]
        var next = 0
        var isStopped = false
    }

    package init(_ host: Host, path: String, patience: Patience) {
        (self.host, self.path, self.patience) = (host, path, patience)
    }

    /// Begins to listen. Throws when the socket cannot be made.
    package func start() async throws(PinholeError) {
        try ControlSocket.prepareDirectory(of: path)
        unlink(path)
        let listener: NIOAsyncChannel<LineChannel, Never>
        do {
            listener = try await ServerBootstrap(group: Self.group)
                .serverChannelOption(.backlog, value: 64)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(
                    unixDomainSocketPath: path,
                    childChannelInitializer: { LineChannel.wrap($0, lines: ControlLimits.line) })
        } catch {
            throw PinholeError(
                .cannotWrite, "the control socket \(path) cannot be made: \(error)",
                hint: "without it no other command can use this node")
        }
        // The directory is ours alone, so nobody got in before.
        chmod(path, 0o600)
        let accepting = Task {
            _ = try? await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await channel in connections { group.addTask { await self.serve(channel) } }
                }
            }
        }
        let isStopped = state.withLock { state in
            state.accepting = accepting
            return state.isStopped
        }
        if isStopped { accepting.cancel() }
    }

    /// Tells everybody that this host ends, and gives the path to the next.
    package func stop(_ reason: String) async {
        let (accepting, connections) = state.withLock { state in
            state.isStopped = true
            return (state.accepting, Array(state.connections.values))
        }
        guard let accepting else { return }
        unlink(path)
        await withDiscardingTaskGroup { group in
            for connection in connections { group.addTask { await connection.disconnect(reason) } }
        }
        accepting.cancel()
        await accepting.value
    }

    private func serve(_ channel: LineChannel) async {
        let connection = ServerConnection(channel, host, patience)
        let number: Int? = state.withLock { state in
            guard !state.isStopped, state.connections.count < ControlLimits.connections else { return nil }
            state.next += 1
            state.connections[state.next] = connection
            return state.next
        }
        guard let number else {
            return await connection.refuse("too many programs are connected: \(ControlLimits.connections)")
        }
        host.connected.add(1, ordering: .relaxed)
        defer {
            host.connected.subtract(1, ordering: .relaxed)
            state.withLock { $0.connections[number] = nil }
        }
        guard let peer = await PeerCredentials.of(channel.channel), peer.uid == geteuid() || peer.uid == 0 else {
            return await connection.refuse("the profile is of another user")
        }
        await connection.run()
    }

    /// One thread serves the sockets of a process, on either side.
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
