import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole listen`: everything that contacts send, until a signal.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Stay reachable; print messages and take files from all contacts.",
        discussion: """
            Runs until Ctrl-C or SIGTERM. Each message is a line on stdout, each received file a line with its path; \
            with --json each event is an object on a line of its own.

            Example:
              $ pinhole listen --downloads ~/in
              14:02 alice: got the report, thanks
              14:05 alice sent photo.jpg: /home/bob/in/photo.jpg
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    @Flag(help: "Print every event as JSON, one a line.")
    var json = false

    @Flag(help: "With --json: print the progress of files too.")
    var progress = false

    func run() async throws {
        let policy = (try Settings(network, global: global).accept ?? .all).filePolicy
        let (json, progress) = (json, progress)
        do {
            try await Session.run(network, global: global, as: "listen", policy: policy) { session in
                let addresses = try await session.client.status().addresses
                if json {
                    JSON.show(["event": "listening", "addresses": .array(addresses.map { .string($0) })])
                } else {
                    Console.talk("Listening on \(addresses.joined(separator: ", ")). Ctrl-C ends.", style: .dim)
                }
                var listener = Listener(
                    client: session.client, json: json, showsProgress: progress, policy: policy)
                await listener.showUnread()
                for await event in session.events { await listener.handle(event) }
            }
        } catch let failure as Failure where [.interrupted, .terminated].contains(failure.status) {
            // A signal is how listening ends.
        }
    }
}

/// What `listen` prints.
private struct Listener {
    let client: Client
    let json: Bool
    let policy: NodeConfiguration.FilePolicy
    private let seen: Seen
    private var shownEarlier: Set<MessageReference> = []
    private var printer: EventPrinter
    private var attempts = Attempts()
    private var offers: [TransferReference: (name: String, progress: Progress?)] = [:]

    init(client: Client, json: Bool, showsProgress: Bool, policy: NodeConfiguration.FilePolicy) {
        self.client = client
        self.json = json
        self.policy = policy
        seen = Seen(client)
        printer = EventPrinter(showsProgress: showsProgress)
    }

    /// What came and nobody has seen, also what was stored just before a crash.
    mutating func showUnread() async {
        while let next = try? await client.unread(), !next.isEmpty {
            let news = next.filter { shownEarlier.insert(MessageReference($0.message)).inserted }
            for item in news {
                let contact = try? await client.contacts().first { $0.key == item.message.contact }
                let happening = HostEvent(
                    .message(item.message), contact: item.contact, isVerified: contact?.isVerified ?? false)
                show(happening, isEarlier: true)
                guard Console.outputFailure == nil else { return }
                await seen.show(MessageReference(item.message))
            }
            await seen.settle()
            if news.isEmpty { break }
        }
    }

    mutating func handle(_ happening: HostEvent) async {
        if case .fileOffered(let transfer, let key, _, _) = happening.event {
            return show(happening, policy: await answer(transfer, of: key))
        }
        guard case .message(let message) = happening.event else { return show(happening) }
        guard shownEarlier.remove(MessageReference(message)) == nil else { return }
        show(happening)
        guard Console.outputFailure == nil else { return }
        await seen.show(MessageReference(message))
    }

    /// A node of this process takes files by itself; another one may wait for an answer. What was decided for a contact
    /// holds there as here; where that cannot be known nothing is taken unasked. Returns what holds.
    private func answer(_ transfer: TransferReference, of key: PublicKey) async -> NodeConfiguration.FilePolicy {
        guard let contacts = try? await client.contacts() else { return .ask }
        let decided = contacts.first { $0.key == key }?.filePolicy ?? policy
        if decided == .accept, !client.isHosting { try? await client.accept(transfer) }
        return decided
    }

    private mutating func show(
        _ happening: HostEvent, isEarlier: Bool = false, policy: NodeConfiguration.FilePolicy = .accept
    ) {
        let event = happening.event
        if json {
            printer.show(happening, isEarlier: isEarlier)
            return
        }
        guard attempts.isNews(event) else { return }
        switch event {
        case .message(let message):
            Console.result(verbatim: Format.message(message, from: happening.name, isVerified: happening.isVerified))
        case .fileOffered(let transfer, _, let name, let size):
            // What becomes of it the node decides, by what it knows of the contact too: the next event tells.
            offers[transfer] = (name, nil)
            guard policy == .ask else { break }
            Console.talk(
                "\(happening.name) offers \(name) (\(Format.size(size))): 'pinhole files accept' takes it."
            )
        case .fileBegan(let transfer, let file, let done, let total) where transfer.direction == .incoming:
            let progress = offers[transfer]?.progress ?? Progress("\(file) from \(happening.name)", size: total)
            progress.begin(at: done, of: total)
            offers[transfer] = (file, progress)
        case .fileProgress(let transfer, let done, let total):
            offers[transfer]?.progress?.update(done: done, total: total)
        case .fileReceived(let transfer, let path):
            let offer = offers.removeValue(forKey: transfer)
            offer?.progress?.finish("complete")
            let contact = happening.name
            Console.result(
                "\(Format.clock(Format.now)) \(contact) sent \(offer?.name ?? Paths.name(of: path)): \(path)")
        case .fileFailed(let transfer, let reason):
            let offer = offers.removeValue(forKey: transfer)
            switch offer {
            case (_, let progress?)?: progress.finish("not complete: \(reason)")
            case (let name, nil)?: Console.talk("\(name) from \(happening.name) was not taken: \(reason)")
            case nil: Console.talk("A file is not complete: \(reason)")
            }
        default:
            if let words = EventWords(happening).talk { Console.talk(words, style: .dim) }
        }
    }
}
