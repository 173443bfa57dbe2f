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
            let unread = await unread()
            await showHistory(on: screen, without: unread)
            tell("Chat with \(contact.name) (\(verified)). /help shows what you can type.")
            if !unread.isEmpty { tell("\(plural: unread.count, "new message", "new messages"):") }
            await show(unread)
            let typing = typing
            return Keyboard.lines(on: screen) { isEditing in Task { await typing.edited(isEditing) } }
        case .plain:
            let unread = await unread()
            tell("Chat with \(contact.name) (\(verified)). /help shows what you can type.")
            if !unread.isEmpty { tell("\(plural: unread.count, "new message", "new messages"):") }
            await show(unread)
            return Keyboard.lines()
        case .lines, .json:
            await show(unread())
            return Keyboard.lines()
        }
    }

    /// What came and nobody has seen, as events: all of it, also what was stored just before a crash.
    private func unread() async -> [HostEvent] { await unread(from: contact) }

    private func unread(from contact: Contact) async -> [HostEvent] {
        guard !caughtUp.contains(contact.key),
            let all = try? await session.client.unread(from: contact.key, limit: .max)
        else { return [] }
        caughtUp.insert(contact.key)
        return all.compactMap { item in
            guard shownEarlier.insert(MessageReference(item.message)).inserted else { return nil }
            return HostEvent(.message(item.message), contact: contact.name, isVerified: contact.isVerified)
        }
    }

    /// Only what was shown is noted as seen: where nobody reads any more, the rest is for the next time.
    private func show(_ unread: [HostEvent]) async {
        for happening in unread {
            await show(happening, isEarlier: true)
            guard Console.outputFailure == nil else { return }
        }
    }

    /// What somebody else wrote before this chat began, at the first word of theirs in it.
    func showUnread(from key: PublicKey) async {
        guard !caughtUp.contains(key) else { return }
        guard let contact = (try? await session.client.contacts())?.first(where: { $0.key == key }) else { return }
        await show(unread(from: contact))
    }

    /// The end of the conversation so far, as it was left.
    private func showHistory(on screen: Screen, without unread: [HostEvent]) async {
        for message in (try? await session.client.recentMessages(with: contact.key, limit: 10)) ?? [] {
            let reference = MessageReference(message)
            switch message.direction {
            case .incoming:
                guard !shownEarlier.contains(reference) else { continue }
                let line = Format.line(
                    contact.name + (contact.isVerified ? "✓" : ""), message.text, sentAt: message.sentAt,
                    arrivedAt: message.receivedAt, at: message.receivedAt ?? message.sentAt)
                screen.print(Screen.padded("") + line, style: .dim)
            case .outgoing:
                shownEarlier.insert(reference)
                // For a message of one's own the other time is that of its receipt.
                let arrivedAt = message.state == .delivered || message.state == .read ? message.receivedAt : nil
                let line = Format.line(
                    "\("you" as Phrase)", message.text, sentAt: message.sentAt, arrivedAt: arrivedAt, at: message.sentAt
                )
                let mark = Self.mark(message.state)
                switch message.state {
                case .queued, .sent: undelivered.updateValue(screen.print(line, mark: mark), forKey: reference)
                case .delivered: unseen[reference] = screen.print(line, mark: mark)
                case .read, .failed: screen.print(Screen.padded(mark) + line, style: .dim)
                }
            }
        }
    }

    /// What stands before a line of one's own.
    static func mark(_ state: Message.State) -> String {
        switch state {
        case .queued: "·"
        case .sent: "›"
        case .delivered: "✓"
        case .read: "✓✓"
        case .failed: "✗"
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
            tellLines(
                "/send PATH  send a file\n/accept, /refuse  answer an offered file\n"
                    + "/ping  show the path and its round trip time\n/quit  leave (Ctrl-D)\n"
                    + "·  waits here   ›  on its way   ✓  on the other disk   ✓✓  seen   ✗  given up\n"
                    + "//text  a message that begins with a slash\nAlt+Enter  a line break inside a message")
        case let command: complain(Failure(.usage, "there is no command /\(command); /help lists them"))
        }
        return .stay
    }

    private func send(_ line: String) async {
        var text = line
        while text.last?.isNewline == true { text.removeLast() }
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        let notice = Self.noticeOfWaiting(Self.opening(of: text))
        defer { notice.cancel() }
        do throws(PinholeError) {
            let message = try await session.client.send(text, to: contact.key)
            shownEarlier.insert(message)
            switch mode {
            case .screen(let screen):
                let mark = screen.print("\(Format.clock(Format.now)) \("you" as Phrase): \(text)", mark: "·")
                undelivered.updateValue(mark, forKey: message)
                await typing.sent()
            case .plain:
                openings[message] = Self.opening(of: text)
                undelivered.updateValue(nil, forKey: message)
            case .lines: undelivered.updateValue(nil, forKey: message)
            case .json:
                undelivered.updateValue(nil, forKey: message)
                printer.showQueued(message, text, sentAt: Format.now, to: contact)
            }
        } catch {
            complain(Failure(error))
        }
    }

    /// What was typed is stored at once, unless the disk is slow, or the program that serves the profile is gone and
    /// its successor still begins.
    private static func noticeOfWaiting(_ opening: String) -> Task<Void, Never> {
        Task {
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            Console.talk("Not stored yet: “\(opening)”", style: .dim)
        }
    }

    static func opening(of text: String) -> String { text.count > 40 ? text.prefix(39) + "…" : text }

    private func sendFile(_ path: String) {
        guard Paths.isFileOrFolder(path) else {
            let isThere = access(path, F_OK) == 0
            return complain(
                isThere
                    ? Failure(.badData, "\(path) is neither a file nor a folder")
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
            transfer = try await client.sendFile(absolutePath(path), to: key)
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
