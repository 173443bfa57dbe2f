import Logging
import Pinhole
import ServiceLifecycle
import Testing
import UnixSignals

@Suite("Example: a node among other services", .timeLimit(.minutes(10)))
struct ServiceExample {
    @Test("shuts down gracefully with its group")
    func group() async throws {
        let node = try Node(identity: .generate(), network: MemoryNetwork())
        let logger = Logger(label: "example") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(services: [node], gracefulShutdownSignals: [.sigterm], logger: logger)
        let running = Task { try await group.run() }
        let events = node.events()
        await group.triggerGracefulShutdown()
        try await running.value
        // The node has stopped: its events have ended.
        for await _ in events {}
        await #expect(throws: PinholeError.self) { try await node.networkReport(timeout: .zero) }
    }

    /// Compiled, so that it stays true; it ends with a signal.
    func main(_ node: Node) async throws {
        // begin: service
        let group = ServiceGroup(
            services: [node], gracefulShutdownSignals: [.sigterm], logger: Logger(label: "my-program"))
        try await group.run()
        // end
    }
}
