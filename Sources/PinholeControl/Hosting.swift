package import Pinhole

/// A process that hosts a profile: its node, and the socket by which others use it.
package final class Hosting: Sendable {
    package let host: Host
    package let node: Node
    private let server: ControlServer?

    /// Takes the profile's lock; nothing runs yet. Without a path no other process can use the node.
    package init(
        profile: Profile, configuration: NodeConfiguration, role: String, socket path: String?
    ) throws(PinholeError) {
        node = try Node(profile: profile, configuration: configuration)
        host = Host(profile: profile, node: node, role: role, startedAt: Timestamp.now)
        server = path.map { [host] in ControlServer(host, path: $0) }
    }

    /// Starts the node, and then the socket, which must not delay it.
    package func start(_ tell: @escaping @Sendable (PinholeError) -> Void = { _ in }) {
        node.start()
        guard let server else { return }
        Task {
            do throws(PinholeError) {
                try await server.start()
            } catch {
                tell(error)
            }
        }
    }

    /// Gives the socket to the next host, says goodbye and releases the lock.
    package func stop() async {
        await server?.stop("the process that had the profile open has ended")
        await node.stop()
    }
}
