package import Pinhole
import Synchronization

/// A process that hosts a profile: its node, and the socket by which others use it.
package final class Hosting: Sendable {
    package let host: Host
    private let server: ControlServer?
    private let current: Mutex<(node: Node, configuration: NodeConfiguration)>
    private let isStopping = Atomic(false)
    private let serving = Mutex<Task<Result<Void, PinholeError>, Never>?>(nil)
    /// The last of those who change which node runs, one after the other.
    private let change = Mutex<Task<Void, Never>?>(nil)

    /// The node that runs now.
    package var node: Node { current.withLock(\.node) }

    /// Takes the profile's lock; nothing runs yet. Without a path no other process can use the node.
    package init(
        profile: Profile, configuration: NodeConfiguration, role: String, socket path: String?,
        patience: Patience = Patience()
    ) throws(PinholeError) {
        let node = try Node(profile: profile, configuration: configuration)
        host = Host(profile: profile, node: node, role: role, startedAt: Timestamp.now)
        server = path.map { [host] in ControlServer(host, path: $0, patience: patience) }
        current = Mutex((node, configuration))
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
    ///
    /// Where that one cannot start, one with the present configuration comes back before the error is thrown; and where
    /// that cannot either, it is tried again every second until it can, or ``stop()``.
    package func restart(_ configuration: NodeConfiguration) async throws(PinholeError) {
        try await inTurn {
            do throws(PinholeError) {
                return .success(try await self.replace(configuration))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    private func inTurn(
        _ body: @escaping @Sendable () async -> Result<Void, PinholeError>
    ) async -> Result<Void, PinholeError> {
        let task = change.withLock { last in
            let before = last
            let task = Task {
                await before?.value
                return await body()
            }
            last = Task { _ = await task.value }
            return task
        }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func replace(_ configuration: NodeConfiguration) async throws(PinholeError) {
        guard !isStopping.load(ordering: .relaxed) else { return }
        let (node, present) = current.withLock(\.self)
        host.suspend()
        await node.stop()
        do throws(PinholeError) {
            try run(configuration)
        } catch {
            try await comeBack(present)
            throw error
        }
    }

    private func run(_ configuration: NodeConfiguration) throws(PinholeError) {
        let node = try Node(profile: host.profile, configuration: configuration)
        current.withLock { $0 = (node, configuration) }
        host.resume(with: node)
        node.start()
    }

    private func comeBack(_ configuration: NodeConfiguration) async throws(PinholeError) {
        while true {
            do throws(PinholeError) {
                return try run(configuration)
            } catch {
                host.fail(error)
                let isWanted = (try? await Task.sleep(for: .seconds(1))) != nil
                guard isWanted, !isStopping.load(ordering: .relaxed) else { throw error }
            }
        }
    }

    /// Gives the socket to the next host, says goodbye and releases the lock.
    package func stop() async {
        isStopping.store(true, ordering: .relaxed)
        _ = await serving.withLock(\.self)?.value
        await server?.stop("the process that ran the node has ended")
        _ = await inTurn {
            await self.node.stop()
            return .success(())
        }
        host.end()
    }
}
