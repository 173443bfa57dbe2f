import Pinhole
import PinholeControl

/// What the node reports.
extension Conversation {
    func handle(_ happening: HostEvent) async {
        let event = happening.event
        let knownProblem = lastProblem
        if case .unreachable(contact.key, let error) = event { lastProblem = error }
        if case .connected(contact.key, _) = event { lastProblem = nil }
        if case .message(let message) = event {
            // What is noted of a message is noted of all before it, which must have been shown, too.
            await showUnread(from: message.contact)
            // It may be among those that were shown at the beginning.
            if shownEarlier.remove(MessageReference(message)) == nil { await show(happening, isEarlier: false) }
            return
        }
        if case .queued(let message, let text, let sentAt) = event {
            if shownEarlier.remove(message) == nil, message.contact == contact.key { showOwn(message, text, sentAt) }
            return
        }
        if case .json = mode {
            if case .delivered(let message) = event { undelivered[message] = nil }
            if case .failed(let message, _) = event { undelivered[message] = nil }
            switch event {
            // Transfers that this chat began are reported by ``handleEnd(of:_:_:_:)``, with their names.
            case .fileSent(let transfer), .fileFailed(let transfer, _):
                if transfer.direction == .incoming { printer.show(happening) }
            default: printer.show(happening)
            }
            if case .fileOffered(let transfer, let key, let name, _) = event {
                answer(transfer, name, await acceptance(of: key))
            }
            return
        }
        switch event {
        case .sent(let message):
            if case .screen(let screen) = mode, let mark = undelivered[message] ?? nil {
                screen.change(mark, to: Self.mark(.sent), isFinal: false)
            }
        case .delivered(let message):
            guard let mark = undelivered.removeValue(forKey: message) else { break }
            if case .plain = mode, let opening = openings[message] { tell("Delivered: “\(opening)”") }
            guard case .screen(let screen) = mode, let mark else { break }
            if screen.change(mark, to: Self.mark(.delivered), isFinal: false) {
                unseen[message] = mark
            } else {
                tell("Delivered: an earlier message.")
            }
        case .read(let message):
            if case .plain = mode, let opening = openings.removeValue(forKey: message) { tell("Seen: “\(opening)”") }
            guard let mark = unseen.removeValue(forKey: message), case .screen(let screen) = mode else { break }
            screen.change(mark, to: Self.mark(.read))
        case .failed(let message, _):
            openings[message] = nil
            if let mark = undelivered.removeValue(forKey: message), case .screen(let screen) = mode, let mark {
                screen.change(mark, to: Self.mark(.failed))
            }
            if let words = EventWords(happening).talk { tell(words) }
        case .typing(contact.key, let isTyping):
            isPeerTyping = isTyping
            settlePrompt()
        case .typing: break
        // Of a contact that is connected the connection tells.
        case .presence where !isVerbose: break
        case .identityElsewhere:
            if let words = EventWords(happening).talk { Console.talk(words, style: .error) }
        case .fileOffered(let transfer, let key, let name, let size):
            incoming[transfer] = name
            let accept = await acceptance(of: key)
            answer(transfer, name, accept)
            tell(
                accept == .ask
                    ? "\(happening.name) offers \(name) (\(Format.size(size))): /accept or /refuse"
                    : "\(happening.name) sends \(name) (\(Format.size(size))) …")
        case .fileProgress(let transfer, let done, let total): showProgress(of: transfer, done, total)
        case .fileReceived(let transfer, let path):
            let name = incoming.removeValue(forKey: transfer) ?? Paths.name(of: path)
            settlePrompt()
            result("\(Format.clock(Format.now)) \(happening.name) sent \(name): \(path)")
        case .fileFailed(let transfer, let reason):
            guard transfer.direction == .incoming else { break }
            offers.removeAll { $0.transfer == transfer }
            settlePrompt()
            let name: Phrase = incoming.removeValue(forKey: transfer).map { "\($0)" } ?? "A file"
            tell("\(name) is not complete: \(reason)")
        case .fileSent: break
        case .serviceUp where !isVerbose, .pathChanged where !isVerbose: break
        case .connecting where !isVerbose:
            // The node goes on trying; a person needs to hear it once.
            if !hasSaidConnecting { tell("Connecting to \(contact.name) …") }
            hasSaidConnecting = true
        case .unreachable(contact.key, let error):
            guard knownProblem?.message != error.message else { break }
            // Two people who start at the same moment connect within a second.
            let input = input
            Task {
                try? await Task.sleep(for: .seconds(2))
                input.yield(.stillUnreachable(error))
            }
        default: if let words = EventWords(happening).talk { tell(words) }
        }
    }

    /// What this person said to the contact beside this chat: by another command, or in another chat.
    private func showOwn(_ message: MessageReference, _ text: String, _ sentAt: UInt64) {
        let line = "\(Format.clock(sentAt)) \("you" as Phrase): \(text)"
        switch mode {
        case .screen(let screen): undelivered.updateValue(screen.print(line, mark: "·"), forKey: message)
        case .plain:
            result(line)
            openings[message] = Self.opening(of: text)
            undelivered.updateValue(nil, forKey: message)
        case .json: printer.showQueued(message, text, sentAt: sentAt, to: contact)
        // There each line is one that came.
        case .lines: break
        }
    }

    /// A message, in the form of this chat; then it is noted as seen.
    func show(_ happening: HostEvent, isEarlier: Bool) async {
        guard case .message(let message) = happening.event else { return }
        if case .json = mode {
            printer.show(happening, isEarlier: isEarlier)
        } else {
            result(Format.message(message, from: happening.name, isVerified: happening.isVerified))
        }
        // What is noted of one is noted of all before it: where those are not known nothing is.
        guard Console.outputFailure == nil, caughtUp.contains(message.contact) else { return }
        await seen.show(MessageReference(message))
    }

    /// What becomes of a contact's file: what was decided for the contact goes before what holds for this chat.
    private func acceptance(of key: PublicKey) async -> AcceptPolicy {
        // Where that cannot be known nothing is taken unasked.
        guard let contacts = try? await session.client.contacts() else { return .ask }
        return contacts.first { $0.key == key }?.filePolicy.map { AcceptPolicy($0) } ?? accept
    }

    /// A node of this process answers by itself where nobody is asked; another one may wait for it.
    private func answer(_ transfer: TransferReference, _ name: String, _ accept: AcceptPolicy) {
        switch accept {
        case .ask: offers.append((transfer, name))
        case .all:
            let client = session.client
            if !client.isHosting { Task { try? await client.accept(transfer) } }
        case .none: break
        }
    }

    func handleStart(of transfer: TransferReference, _ name: String, _ size: UInt64) {
        outgoing[transfer] = (name, size)
        printer.name(transfer, name, size: size)
        if case .json = mode { return }
        tell("Sending \(name) (\(Format.size(size))) …")
    }

    func handleEnd(of transfer: TransferReference?, _ name: String, _ size: UInt64, _ failure: Failure?) {
        transfers -= 1
        if let transfer { outgoing[transfer] = nil }
        if case .json = mode {
            if let transfer {
                let end = failure.map { NodeEvent.fileFailed(transfer, reason: $0.message) } ?? .fileSent(transfer)
                printer.show(HostEvent(end, contact: contact.name, isVerified: contact.isVerified))
            } else {
                complain(failure ?? Failure(.other, "\(name) was not sent"))
            }
            if firstFailure == nil { firstFailure = failure }
            return
        }
        settlePrompt()
        if let failure {
            complain(Failure(failure.status, "\(name) was not delivered: \(failure.message)"))
        } else {
            tell("\(contact.name) has \(name) (\(Format.size(size))), verified.")
        }
    }

    func handle(_ pong: Result<PingReport, Failure>) {
        switch (pong, mode) {
        case (.success(let report), .json):
            JSON.show([
                "event": "pong", "contact": .string(contact.name), "rttMs": .milliseconds(report.rtt),
                "path": .path(report.path),
            ])
        case (.success(let report), _): tell(PingCommand.words(report, from: contact.name))
        case (.failure(let failure), _): complain(failure)
        }
    }

    /// The progress stands in the prompt, where it disturbs nobody.
    private func showProgress(of transfer: TransferReference, _ done: UInt64, _ total: UInt64) {
        guard case .screen(let screen) = mode, let name = outgoing[transfer]?.name ?? incoming[transfer] else { return }
        let now = ContinuousClock.now
        if let lastProgress, now - lastProgress < .milliseconds(250) { return }
        lastProgress = now
        let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
        let short = name.count > 24 ? name.prefix(23) + "…" : name
        screen.setPrompt("[\(short) \(percent) %] > ")
    }

    private func settlePrompt() {
        guard case .screen(let screen) = mode else { return }
        let words: Phrase = isPeerTyping ? "\(contact.name) is typing … > " : "> "
        screen.setPrompt("\(words)")
    }
}
