import Glibc
import Pinhole
import PinholeControl

/// What the person types.
extension Conversation {
    func open() async -> AsyncStream<String> {
        let verified: Phrase = contact.isVerified ? "verified" : "not verified yet"
        switch mode {
        case .screen(let screen):
            screen.open()
            await showHistory(on: screen)
            tell("Chat with \(contact.name) (\(verified)). /help shows what you can type.")
            return Keyboard.lines(on: screen)
        case .lines, .json: return Keyboard.lines()
        }
    }

    /// The end of the conversation so far, as it was left.
    private func showHistory(on screen: Screen) async {
        for message in (try? await session.client.recentMessages(with: contact.key, limit: 10)) ?? [] {
            let time = Format.clock(message.receivedAt ?? message.sentAt)
            switch (message.direction, message.state) {
            case (.incoming, _):
                screen.print("  \(time) \(contact.name)\(contact.isVerified ? "✓" : ""): \(message.text)", style: .dim)
            case (.outgoing, .delivered), (.outgoing, .read):
                screen.print("✓ \(Format.clock(message.sentAt)) you: \(message.text)", style: .dim)
            case (.outgoing, .failed):
                screen.print("✗ \(Format.clock(message.sentAt)) you: \(message.text)", style: .dim)
            case (.outgoing, .queued), (.outgoing, .sent):
                let mark = screen.print("\(Format.clock(message.sentAt)) you: \(message.text)", mark: "·")
                let reference = MessageReference(
                    contact: message.contact, epoch: message.epoch, counter: message.counter)
                undelivered.updateValue(mark, forKey: reference)
            }
        }
    }

    func handle(line: String) async -> Outcome {
        guard line.hasPrefix("/"), !line.hasPrefix("//") else {
            await send(line.hasPrefix("//") ? String(line.dropFirst()) : line)
            return .stay
        }
        let words = line.dropFirst().split(separator: " ", maxSplits: 1)
        let argument = words.count > 1 ? words[1].drop { $0 == " " } : ""
        switch words.first ?? "" {
        case "send" where !argument.isEmpty: sendFile(Paths.expand(String(argument)))
        case "send": complain(Failure(.usage, "/send needs the path of a file"))
        case "accept": answerOffer(accepting: true)
        case "refuse": answerOffer(accepting: false)
        case "ping": ping()
        case "quit", "q": return .leave
        case "help":
            tell(
                "/send PATH  send a file\n/accept, /refuse  answer an offered file\n"
                    + "/ping  show the path and its round trip time\n/quit  leave (Ctrl-D)\n"
                    + "//text  a message that begins with a slash\nAlt+Enter  a line break inside a message")
        case let command: complain(Failure(.usage, "there is no command /\(command); /help lists them"))
        }
        return .stay
    }

    private func send(_ line: String) async {
        var text = line
        while text.last?.isNewline == true { text.removeLast() }
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        do throws(PinholeError) {
            let message = try await session.client.send(text, to: contact.key)
            switch mode {
            case .screen(let screen):
                let mark = screen.print("\(Format.clock(Format.now)) you: \(text)", mark: "·")
                undelivered.updateValue(mark, forKey: message)
            case .lines: undelivered.updateValue(nil, forKey: message)
            case .json:
                undelivered.updateValue(nil, forKey: message)
                printer.showQueued(message, text, to: contact)
            }
        } catch {
            complain(Failure(error))
        }
    }

    private func sendFile(_ path: String) {
        guard Paths.isRegularFile(path) else {
            let isThere = access(path, F_OK) == 0
            return complain(
                isThere
                    ? Failure(.badData, "\(path) is not a regular file")
                    : Failure(.noSuchFile, "there is no file \(path)")
            )
        }
        let name = Paths.name(of: path)
        var status = stat()
        let size = stat(path, &status) == 0 ? UInt64(clamping: status.st_size) : 0
        let (client, key, input) = (session.client, contact.key, input)
        transfers += 1
        background.append(Self.delivery(of: path, name: name, size: size, to: key, by: client, telling: input))
    }

    /// A function of its own, since the compiler cannot follow the task's captures where it is also stored.
    private static func delivery(
        of path: String, name: String, size: UInt64, to key: PublicKey, by client: Client,
        telling input: AsyncStream<Input>.Continuation
    ) -> Task<Void, Never> {
        Task {
            let (transfer, failure) = await deliver(path, to: key, by: client) {
                input.yield(.transferStarted($0, name: name, size: size))
            }
            input.yield(.transferEnded(transfer, name: name, size: size, failure))
        }
    }

    private static func deliver(
        _ path: String, to key: PublicKey, by client: Client, onStart: @Sendable (TransferReference) -> Void
    ) async -> (TransferReference?, Failure?) {
        let transfer: TransferReference
        do throws(PinholeError) {
            transfer = try await client.sendFile(Paths.whole(path), to: key)
        } catch {
            return (nil, Failure(error))
        }
        onStart(transfer)
        do throws(PinholeError) {
            try await finish(transfer, of: client)
            return (transfer, nil)
        } catch {
            return (transfer, Failure(error))
        }
    }

    /// Waits through the times when the contact is away, for as long as the chat lasts.
    private static func finish(_ transfer: TransferReference, of client: Client) async throws(PinholeError) {
        while true {
            do throws(PinholeError) {
                return try await client.finished(transfer, timeout: nil)
            } catch {
                switch error.code {
                case .peerOffline, .timedOut, .unreachableService, .noDirectPath:
                    guard (try? await Task.sleep(for: .seconds(1))) != nil else { throw error }
                default: throw error
                }
            }
        }
    }

    private func answerOffer(accepting: Bool) {
        guard !offers.isEmpty else { return complain(Failure(.usage, "no file waits for an answer")) }
        let offer = offers.removeFirst()
        if !accepting { incoming[offer.transfer] = nil }
        let client = session.client
        Task {
            if accepting {
                try await client.accept(offer.transfer)
            } else {
                try await client.refuse(offer.transfer)
            }
        }
        tell(accepting ? "\(offer.name) accepted." : "\(offer.name) refused.")
    }

    private func ping() {
        let (client, key, input) = (session.client, contact.key, input)
        Task {
            do throws(PinholeError) {
                input.yield(.pong(.success(try await client.ping(key, timeout: .seconds(15)))))
            } catch {
                input.yield(.pong(.failure(Failure(error))))
            }
        }
    }
}
