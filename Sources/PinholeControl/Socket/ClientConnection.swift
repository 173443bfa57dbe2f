import Glibc
import NIOCore
import NIOPosix
import Pinhole
import Synchronization

/// A connection to the process that hosts the profile.
package final class ClientConnection: Sendable {
    /// What becomes of a call.
    enum CallError: Error {
        case failed(RPC.Failure)
        /// The host has gone; what became of the call is unknown.
        case lost
        case cancelled
    }

    private let channel: LineChannel
    private let queue = LineQueue(limit: .max)
    private let state = Mutex(State())
    let events: AsyncStream<HostEvent>
    private let event: AsyncStream<HostEvent>.Continuation

    private typealias Waiting = AsyncStream<Result<JSON, RPC.Failure>>.Continuation

    private struct State {
        var next: Int64 = 0
        var waiting: [Int64: Waiting] = [:]
        var isOpen = true
        var farewell: Farewell?
    }

    private let openedAt = ContinuousClock.now

    /// What the host has said before it hung up; nil where it said nothing.
    var farewell: Farewell? { state.withLock(\.farewell) }

    /// How long it has been since the connection was made.
    var age: Duration { .now - openedAt }

    /// Connects to a control socket; nil where nobody of ours serves it.
    package static func open(_ path: String) async -> ClientConnection? {
        guard access(path, F_OK) == 0, path.utf8.count <= ControlSocket.maximumPathLength else { return nil }
        guard
            let channel = try? await ClientBootstrap(group: ControlServer.group)
                .connect(
                    unixDomainSocketPath: path,
                    channelInitializer: { LineChannel.wrap($0, lines: ControlLimits.unread) })
        else { return nil }
        guard let peer = await PeerCredentials.of(channel.channel), peer.uid == geteuid() else {
            _ = try? await channel.executeThenClose { _, _ in }
            return nil
        }
        return ClientConnection(channel)
    }

    private init(_ channel: LineChannel) {
        self.channel = channel
        (events, event) = AsyncStream.makeStream()
        Task { await run() }
    }

    func close() { channel.channel.close(promise: nil) }

    private func run() async {
        let (queue, channel) = (queue, channel.channel)
        try? await self.channel.executeThenClose { inbound, _ in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await queue.write(to: channel)
                }
                group.addTask {
                    do {
                        for try await line in inbound {
                            guard case .text(let text) = line else { break }
                            self.take(text)
                        }
                    } catch {
                        // The host has gone.
                    }
                }
                await group.next()
                group.cancelAll()
            }
        }
        let waiting = state.withLock { state in
            state.isOpen = false
            defer { state.waiting.removeAll() }
            return state.waiting.values
        }
        queue.finish()
        waiting.forEach { $0.finish() }
        event.finish()
    }

    private func take(_ text: ByteBuffer) {
        guard let json = try? JSON(parsing: text.readableBytesView) else { return }
        guard let id = json["id"]?.whole else {
            switch (json["method"]?.text, json["params"]) {
            case (Methods.event, let params?): if let event = HostEvent(params) { self.event.yield(event) }
            case (Farewell.method, let params?): state.withLock { $0.farewell = Farewell(params) }
            default: break
            }
            return
        }
        guard let waiting = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
        waiting.yield(json["error"].map { .failure(RPC.Failure($0)) } ?? .success(json["result"] ?? .unknown))
        waiting.finish()
    }

    /// Asks without waiting for an answer.
    func notify(_ method: String, _ params: JSON) {
        queue.add(RPC.notification(method, params).buffer)
    }

    func call(_ method: String, _ params: JSON) async throws(CallError) -> JSON {
        let (answers, waiting) = AsyncStream.makeStream(of: Result<JSON, RPC.Failure>.self)
        let begun: Result<Int64, CallError> = state.withLock { state in
            guard state.isOpen else { return .failure(.lost) }
            let id = state.next + 1
            let line = RPC.request(id, method, params).buffer
            // The host would hang up, and the same be tried again with the next.
            guard line.readableBytes <= ControlLimits.line else {
                let error = PinholeError(.usage, "this is longer than \(ControlLimits.line) bytes")
                return .failure(.failed(RPC.Failure(error)))
            }
            state.next = id
            state.waiting[id] = waiting
            // Under the lock, so that calls leave in the order in which they are made.
            queue.add(line)
            return .success(id)
        }
        let id = try begun.get()
        for await answer in answers {
            do throws(RPC.Failure) {
                return try answer.get()
            } catch {
                throw .failed(error)
            }
        }
        let wasWaiting = state.withLock { $0.waiting.removeValue(forKey: id) != nil }
        throw wasWaiting && Task.isCancelled ? .cancelled : .lost
    }
}
