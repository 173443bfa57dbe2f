import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// `pinhole demo`: the whole thing on one machine, with nothing configured.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Try everything on this machine: a service, a second peer, throwaway keys.",
        discussion: """
            Starts a signaling service and a second peer on the loopback interface, with keys in a temporary directory \
            that is removed afterwards. You chat with the second peer over the real protocol; it repeats what you \
            write and keeps what you send with /send. Nothing of yours is read or changed, and nothing leaves this \
            machine.

            With --script nobody is asked: the whole story is told on standard output, and the exit code says \
            whether all of it worked.

            Example:
              $ pinhole demo
              $ pinhole demo --script
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Flag(help: "Tell the whole story without asking, then exit.")
    var script = false

    func run() async throws {
        let isInteractive =
            Console.isTerminal(STDIN_FILENO) && Console.isTerminal(STDOUT_FILENO)
        let script = script
        Signals.install()
        let world = try DemoWorld()
        let outcome: Result<Void, any Error>
        do {
            try await untilInterrupted {
                if script {
                    try await race(
                        { try await DemoScript(world: world).run() },
                        {
                            try await Task.sleep(for: .seconds(60))
                            throw Failure(.other, "the demonstration did not get on within a minute")
                        })
                } else {
                    try await Self.chat(in: world, mode: isInteractive ? .atTerminal : .lines)
                }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        Console.screen?.close()
        await world.close()
        try outcome.get()
    }

    private static func chat(in world: DemoWorld, mode: Conversation.Mode) async throws {
        world.start()
        let echo = Task { [friend = world.friend] in await DemoEcho(peer: friend).run() }
        defer { echo.cancel() }
        Console.talk("A signaling service runs at \(world.service).", style: .dim)
        Console.talk("Whatever you write comes back from the second peer; /send FILE sends it a file.", style: .dim)
        Console.talk("Everything is in \(world.directory) and goes away when you leave.", style: .dim)
        let contact = try await world.you.session.contact(named: DemoWorld.friendName)
        let conversation = Conversation(
            session: world.you.session, contact: contact, mode: mode, accept: .all, isVerbose: false,
            left: Leftovers())
        try await conversation.run(patience: .seconds(20), lingering: .milliseconds(500))
    }
}
