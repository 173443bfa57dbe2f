package import Pinhole

extension Methods {
    static let pipes: [any Method.Type] = [PipeRun.self]
}

/// Carries bytes between a contact's pipe and a process of this machine.
package enum PipeRun: Method {
    package struct Params: Codable, Sendable {
        let contact: String
        let socket: String
        let timeout: Double?

        package init(contact: PublicKey, socket: String, timeout: Duration) {
            (self.contact, self.socket, self.timeout) = (contact.text, socket, timeout.milliseconds / 1000)
        }
    }

    package struct Result: Codable, Sendable {
        package let sent: UInt64
        package let received: UInt64
    }

    package static let name = "pipe.run"
    package static let summary =
        "Carries bytes to and from the pipe of a contact until both directions have ended and arrived."
    package static let notes = Notes.contact.merging(Notes.timeout) { $1 }.merging([
        "socket":
            "A Unix socket of the caller's. It is connected to twice: the first connection is read to its end and "
            + "sent, to the second is written what comes, and a byte read from it says that all of that was taken. "
            + "Shut down the writing of the first one at the end, and close it when the answer is there: what is "
            + "closed before counts as broken off.",
        "sent": "Bytes that the contact has taken.", "received": "Bytes that came.",
    ]) { $1 }

    package static let isRepeatable = false

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result {
        let (contact, node) = (try call.contact(params.contact), try call.node())
        call.letOthersProceed()
        let source = try PipeEnd(connectedTo: params.socket)
        let sink = try PipeEnd(connectedTo: params.socket)
        let pipe = Pipe(node: node, contact: contact, patience: Seconds.duration(params.timeout, or: 60))
        do {
            return try await withTaskCancellationHandler {
                try await pipe.run(from: source, into: sink)
            } onCancel: {
                source.shutDown()
                sink.shutDown()
            }
        } catch {
            throw (error as? PinholeError) ?? PinholeError(.other, "the pipe was interrupted: \(error)")
        }
    }
}

/// Both directions of a pipe; each is a stream of its own, opened by the side that writes.
private struct Pipe {
    let node: Node
    let contact: Contact
    let patience: Duration

    private static let name = "pinhole.pipe"
    private static let piece = 256 * 1024

    /// Both directions. The first that fails ends the other, which may be waiting for bytes that do not come.
    func run(from source: PipeEnd, into sink: PipeEnd) async throws -> PipeRun.Result {
        try await withThrowingTaskGroup(of: (sent: UInt64, received: UInt64).self) { group in
            group.addTask { (try await send(from: source), 0) }
            group.addTask { (0, try await receive(into: sink)) }
            var (sent, received): (UInt64, UInt64) = (0, 0)
            do {
                for try await part in group {
                    sent += part.sent
                    received += part.received
                }
            } catch {
                group.cancelAll()
                source.shutDown()
                sink.shutDown()
                throw error
            }
            return PipeRun.Result(sent: sent, received: received)
        }
    }

    /// Returns once the contact's side has taken everything.
    private func send(from source: PipeEnd) async throws -> UInt64 {
        let stream = try await open()
        var sent: UInt64 = 0
        while let bytes = try await source.read(upTo: Self.piece) {
            do throws(PinholeError) {
                try await stream.write(bytes)
            } catch {
                throw broken(error)
            }
            sent += UInt64(bytes.count)
        }
        // What was cut off here must not look whole there.
        guard !Task.isCancelled, !source.isClosed else {
            stream.cancel()
            throw PinholeError(.other, "the program that wrote into the pipe is gone, perhaps before its end")
        }
        do throws(PinholeError) {
            try await stream.finish()
            // Nothing comes back but the end, when all of it was taken.
            while try await stream.read() != nil {}
        } catch {
            throw broken(error)
        }
        return sent
    }

    /// What it means that the contact gave the stream up.
    private func broken(_ error: PinholeError) -> PinholeError {
        guard error.code == .other else { return error }
        return PinholeError(
            .peerOffline, "\(contact.name)'s side of the pipe ended before everything was read",
            hint: "see what reads there, and run both sides again")
    }

    private func receive(into sink: PipeEnd) async throws -> UInt64 {
        var received: UInt64 = 0
        for await stream in await node.streams(named: Self.name, from: contact.key) {
            do {
                while let bytes = try await stream.read() {
                    try await sink.write(bytes)
                    received += UInt64(bytes.count)
                }
                try await sink.finish()
                try await stream.finish()
            } catch {
                stream.cancel()
                throw error
            }
            return received
        }
        throw PinholeError(.other, Task.isCancelled ? "it was cancelled" : "the node is not running")
    }

    /// Opens the stream as soon as the contact's side of the pipe is there.
    private func open() async throws -> ByteStream {
        let start = ContinuousClock.now
        while true {
            do throws(PinholeError) {
                try await node.connect(to: contact.key, timeout: max(patience - (.now - start), .seconds(1)))
                let stream = try await node.openStream(Self.name, to: contact.key)
                try await stream.accepted()
                return stream
            } catch {
                switch error.code {
                case .peerOffline, .other, .timedOut:
                    guard .now - start < patience else {
                        guard error.code == .other else { throw error }
                        throw PinholeError(
                            .peerOffline, "\(contact.name) is there, and has no pipe open to you",
                            hint: "on \(contact.name)'s side: pinhole pipe YOUR-NAME")
                    }
                    try await Task.sleep(for: .milliseconds(200))
                case .usage, .badKey, .badData, .noSuchFile, .unreachableService, .bug, .cannotWrite, .keyChanged,
                    .wrongPassphrase, .configuration, .noDirectPath, .portInUse, .identityInUse, .exhausted:
                    throw error
                }
            }
        }
    }
}
