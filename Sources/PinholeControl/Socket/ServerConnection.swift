import NIOCore
import Pinhole
import Synchronization

/// One program that is connected to the control socket.
final class ServerConnection: Caller {
    private let channel: LineChannel
    private let host: Host
    private let patience: Patience
    private let queue: LineQueue
    private let turnstile = Turnstile(places: ControlLimits.calls)
    /// What passes events on; nil once the connection has ended.
    private let forwards = Mutex<[Task<Void, Never>]?>([])
    private let language = Mutex(Language.current)
    /// Nothing more is answered.
    private let isLeaving = Atomic(false)

    init(_ channel: LineChannel, _ host: Host, _ patience: Patience) {
        (self.channel, self.host, self.patience) = (channel, host, patience)
        queue = LineQueue(limit: patience.unread)
    }

    /// Answers until the other side has gone, or was disconnected.
    func run() async {
        await exchange { lines in
            await withDiscardingTaskGroup { calls in
                do {
                    for try await line in lines {
                        // What comes after a goodbye is read, so that it is no reset, and nothing else.
                        guard !self.isLeaving.load(ordering: .relaxed) else { continue }
                        guard case .text(let text) = line else {
                            self.answer(.unknown, .failure(.request("a line has at most \(ControlLimits.line) bytes")))
                            self.sayGoodbye(Farewell("a line was too long"))
                            continue
                        }
                        await self.begin(text, in: &calls)
                        await self.queue.room()
                    }
                } catch {
                    // The connection is broken: there is nobody to tell.
                }
            }
            // Who has said all may still listen.
            for forward in self.forwards.withLock(\.self) ?? [] { await forward.value }
        }
    }

    func refuse(_ farewell: Farewell) async {
        await exchange { lines in
            self.sayGoodbye(farewell)
            do {
                for try await _ in lines {}
            } catch {
                // It has gone without reading why.
            }
        }
    }

    /// Ends the connection from this side.
    func disconnect(_ farewell: Farewell) async {
        sayGoodbye(farewell)
        _ = try? await channel.channel.closeFuture.get()
    }

    // MARK: Both directions

    /// Runs `read` beside what writes the queue; the connection ends when `read` has and everything is written.
    private func exchange(
        _ read: @escaping @Sendable (NIOAsyncChannelInboundStream<Line>) async -> Void
    ) async {
        let (queue, channel) = (queue, channel.channel)
        let (closed, closing) = AsyncStream.makeStream(of: Never.self)
        channel.closeFuture.whenComplete { _ in closing.finish() }
        try? await self.channel.executeThenClose { inbound, outbound in
            await withTaskGroup(of: End.self) { group in
                group.addTask {
                    await queue.write(to: channel)
                    return .written
                }
                group.addTask {
                    await read(inbound)
                    queue.finish()
                    return .read
                }
                group.addTask {
                    for await _ in closed {}
                    return .closed
                }
                // Where everything is written, or the other side is gone, nobody waits for an answer. A goodbye is the
                // end of what we say, and the other side then hangs up in its own time.
                var (hasRead, hasWritten) = (false, false)
                loop: for await end in group {
                    let isLeaving = self.isLeaving.load(ordering: .relaxed)
                    switch end {
                    case .read: hasRead = true
                    case .written:
                        hasWritten = true
                        if isLeaving { outbound.finish() }
                    case .closed: break loop
                    }
                    if hasWritten && (hasRead || !isLeaving) { break loop }
                }
                group.cancelAll()
                let forwards = self.forwards.withLock { tasks in
                    defer { tasks = nil }
                    return tasks ?? []
                }
                forwards.forEach { $0.cancel() }
            }
        }
    }

    private enum End { case read, written, closed }

    /// Nothing follows. Who reads what is left gets it all, however slowly; who stops is cut off.
    private func sayGoodbye(_ words: Farewell) {
        isLeaving.store(true, ordering: .relaxed)
        queue.finish(words.json(in: language.withLock(\.self)).buffer)
        let (channel, queue, farewell) = (channel.channel, queue, patience.farewell)
        Task {
            var left: Int
            repeat {
                left = queue.unwritten
                try? await Task.sleep(for: farewell)
            } while channel.isActive && 0 < queue.unwritten && queue.unwritten < left
            channel.close(promise: nil)
        }
    }

    // MARK: Calls

    /// Starts what a line asks for, and returns when the next may begin.
    private func begin(_ text: ByteBuffer, in calls: inout DiscardingTaskGroup) async {
        let json: JSON
        do {
            json = try JSON(parsing: text.readableBytesView)
        } catch {
            return answer(.unknown, .failure(.parse("this line is not JSON, or too deep")))
        }
        let (signal, proceed) = AsyncStream.makeStream(of: Never.self)
        switch json {
        case .array(let batch):
            guard !batch.isEmpty else { return answer(.unknown, .failure(.request("a batch is not empty"))) }
            guard batch.count <= ControlLimits.batch else {
                return answer(.unknown, .failure(.request("a batch has at most \(ControlLimits.batch) calls")))
            }
            calls.addTask {
                let answers = await self.answers(to: batch) { proceed.finish() }
                proceed.finish()
                if !answers.isEmpty { self.send(.array(answers)) }
            }
        case .object, .string, .integer, .number, .bool, .null, .unknown:
            calls.addTask {
                let answer = await self.answer(to: json) { proceed.finish() }
                proceed.finish()
                if let answer { self.send(answer) }
            }
        }
        for await _ in signal {}
    }

    private func answers(to batch: [JSON], proceed: @escaping @Sendable () -> Void) async -> [JSON] {
        let answers = BatchAnswers(to: batch)
        await withDiscardingTaskGroup { group in
            for (index, json) in batch.enumerated() {
                let (signal, next) = AsyncStream.makeStream(of: Never.self)
                group.addTask {
                    let answer = await self.answer(to: json) { next.finish() }
                    next.finish()
                    if let answer { answers.keep(answer, at: index) }
                }
                for await _ in signal {}
            }
            proceed()
        }
        return answers.inOrder
    }

    /// The answer to one call; nil for a notification.
    private func answer(to json: JSON, proceed: @escaping @Sendable () -> Void) async -> JSON? {
        await turnstile.enter()
        defer { turnstile.leave() }
        let request: RPC.Request
        do throws(RPC.Failure) {
            request = try RPC.Request(json)
        } catch {
            return RPC.response(RPC.Request.id(of: json), error)
        }
        let call = Call(host, from: self, proceed: proceed)
        let result = await Speech.$language.withValue(language.withLock(\.self)) {
            await Methods.run(request, in: call)
        }
        guard let id = request.id else { return nil }
        return switch result {
        case .success(let result): RPC.response(id, result)
        case .failure(let failure): RPC.response(id, failure)
        }
    }

    private func answer(_ id: JSON, _ result: Result<JSON, RPC.Failure>) {
        switch result {
        case .success(let value): send(RPC.response(id, value))
        case .failure(let failure): send(RPC.response(id, failure))
        }
    }

    private func send(_ json: JSON) {
        var line = json.buffer
        if line.readableBytes > ControlLimits.answer { line = RPC.tooLong(json["id"] ?? .unknown).buffer }
        if !queue.add(line) { sayGoodbye(tooSlow) }
    }

    // MARK: Caller

    func forward(_ events: AsyncStream<HostEvent>) {
        follow { [self] in
            for await event in events {
                let json = Speech.$language.withValue(language.withLock(\.self)) { event.json }
                guard queue.add(RPC.notification(Methods.event, json).buffer) else {
                    return sayGoodbye(tooSlow)
                }
            }
        }
    }

    func forward(_ log: EventLog, after cursor: Int64) {
        follow { [self] in
            var cursor = cursor
            while !Task.isCancelled {
                guard let events = try? await log.next(after: cursor, limit: 32, until: .now + .seconds(3600))
                else { return sayGoodbye(Farewell("the events cannot be read")) }
                for event in events {
                    await queue.room()
                    guard queue.add(RPC.notification(Methods.event, event.json).buffer) else {
                        return sayGoodbye(tooSlow)
                    }
                    cursor = event.cursor ?? cursor
                }
            }
        }
    }

    /// Passes events on until the connection ends; not at all where it has.
    private func follow(_ pass: @escaping @Sendable () async -> Void) {
        let isTooMuch = forwards.withLock { tasks in
            guard let count = tasks?.count, count < ControlLimits.calls else { return tasks != nil }
            tasks?.append(Task { await pass() })
            return false
        }
        if isTooMuch { sayGoodbye(Farewell("it follows the events more than \(ControlLimits.calls) times")) }
    }

    func speak(_ language: Language) { self.language.withLock { $0 = language } }

    private var tooSlow: Farewell { Farewell("too slow: more than \(patience.unread) bytes wait to be read") }
}
