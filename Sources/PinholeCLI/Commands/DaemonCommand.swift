import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole daemon`: the node of a profile, for as long as it is wanted.
struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Stay reachable in the background, for other commands and for programs.",
        discussion: """
            Runs in the foreground until SIGTERM or Ctrl-C. Other commands with the same profile use its node; programs \
            do by the control socket (pinhole rpc, pinhole events). Where another command has the node already, the \
            daemon takes it over when that one leaves. SIGHUP reads the configuration again. Each message is given to \
            the hook of the configuration, if there is one:
              [hooks]
              message = ["/home/bob/bin/answer", "--brief"]

            Example:
              $ pinhole daemon &
              $ systemctl --user enable --now pinhole
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Network options") var network: NodeOptions

    func run() async throws {
        let settings = try Settings(network, global: global)
        let policy = (settings.accept ?? .all).filePolicy
        let hangups = Signals.hangups()
        defer {
            ServiceManager.stopping()
            ChildProcess.endAll()
        }
        do {
            try await Session.run(network, global: global, as: "daemon", policy: policy) { session in
                try await serve(session, settings, hangups)
            }
        } catch let failure as Failure where [.interrupted, .terminated].contains(failure.status) {
            // A signal is how serving ends.
        }
    }

    private func serve(_ session: Session, _ settings: Settings, _ hangups: AsyncStream<Void>) async throws {
        let host = try await session.client.status()
        if !session.client.isHosting {
            guard host.role != Self.role else {
                throw Failure(.other, "a daemon runs with this profile already (pid \(Int(host.pid)))")
            }
            Console.talk(
                "'\(host.role)' (pid \(Int(host.pid))) runs the node; this daemon takes over when it ends.", style: .dim
            )
        }
        let hooks = Hooks(session.client, of: global.profileDirectory, command: settings.messageHook)
        ServiceManager.ready("serving \(host.profile)")
        Console.talk("Serving \(host.profile). Ctrl-C ends.", style: .dim)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.log(session.events) }
            group.addTask { await hooks.run() }
            group.addTask { for await _ in hangups { await reload(session, hooks) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// A configuration that cannot be used changes nothing.
    private func reload(_ session: Session, _ hooks: Hooks) async {
        ServiceManager.reloading()
        defer { ServiceManager.ready("serving") }
        do {
            let settings = try Settings(network, global: global)
            let configuration = settings.nodeConfiguration(
                policy: (settings.accept ?? .all).filePolicy, allowsLoopback: network.allowLoopback)
            // Also for the node that this process makes when another one's ends.
            let former = session.configuration.change(to: configuration)
            do {
                try await session.client.hosting?.restart(configuration)
            } catch {
                session.configuration.change(to: former)
                throw error
            }
            await hooks.change(to: settings.messageHook)
            Console.talk("The configuration was read again.", style: .dim)
        } catch {
            let failure = Failure(error) ?? Failure(.other, "\(error)")
            Console.talk("The configuration was not read again: \(failure.message)", style: .error)
        }
    }

    /// What happened, and nothing of what was said.
    private static func log(_ events: AsyncStream<HostEvent>) async {
        var attempts = Attempts()
        for await event in events where attempts.isNews(event.event) {
            if let words = EventWords(event).talk { Console.talk(words, style: .dim) }
        }
    }

    private static let role = "pinhole daemon"
}
