package import Pinhole
import Synchronization

/// A process that hosts a profile: its node, and the socket by which others use it.
package final class Hosting: Sendable {
    package let host: Host
    private let server: ControlServer?
    private let current: Mutex<Node>
    private let serving = Mutex<Task<Result<Void, PinholeError>, Never>?>(nil)

    /// The node that runs now.
    package var node: Node { current.withLock(\.self) }

    /// Takes the profile's lock; nothing runs yet. Without a path no other process can use the node.
    package init(
        profile: Profile, configuration: NodeConfiguration, role: String, socket path: String?
    ) throws(PinholeError) {
        let node = try Node(profile: profile, configuration: configuration)
        host = Host(profile: profile, node: node, role: role, startedAt: Timestamp.now)
        server = path.map { [host] in ControlServer(host, path: $0) }
        current = Mutex(node)
    }

    /// Starts the node, and then the socket, which must not delay it.
    package func start(_ tell: @escaping @Sendable (PinholeError) -> Void = { _ in }) {
        node.start()
        guard let server else { return }
        let serving = Task { () -> Result<Void, PinholeError> in
            do throws(PinholeError) {
                try await server.start()
                return .success(())
            } catch {
                tell(error)
                return .failure(error)
            }
        }
        self.serving.withLock { $0 = serving }
    }

    /// Waits until the socket is there.
    func served() async throws(PinholeError) { try await serving.withLock(\.self)?.value.get() }

    /// Runs a node with another configuration in the place of the present one; calls wait meanwhile.
    package func restart(_ configuration: NodeConfiguration) async throws(PinholeError) {
        host.suspend()
        await node.stop()
        do throws(PinholeError) {
            let node = try Node(profile: host.profile, configuration: configuration)
            current.withLock { $0 = node }
            host.resume(with: node)
            node.start()
        } catch {
            host.end()
            throw error
        }
    }

    /// Gives the socket to the next host, says goodbye and releases the lock.
    package func stop() async {
        _ = await serving.withLock(\.self)?.value
        await server?.stop("the process that ran the node has ended")
        await node.stop()
        host.end()
    }
}
