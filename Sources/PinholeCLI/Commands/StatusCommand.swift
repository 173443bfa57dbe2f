import ArgumentParser
import Pinhole
import PinholeControl

/// `pinhole status`: who runs the node.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show which process runs the node of your profile, and what it is connected to.",
        discussion: """
            Starts nothing: where no process runs the node, it says so.

            Example:
              $ pinhole status
              Node      pinhole daemon (pid 812), since 20 Nov 14:02
              Service   pinhole-signal://pinsrv1…@signal.example.org:41414 answers
              Sessions  bob, carol
              Online    bob, carol, dave
              Programs  2 connected
            """)

    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try global.requireProfile()
        guard let client = await Client.attached(to: global.controlSocket) else {
            if json { return JSON.show(["running": false, "profile": .string(global.profileDirectory)]) }
            return Console.result("No process runs the node of \(global.profileDirectory).")
        }
        let status = try await client.status()
        await client.stop()
        guard !json else {
            return JSON.show((JSON(encoding: status).members ?? [:]).merging(["running": true]) { $1 })
        }
        let since = Timestamp.milliseconds(status.startedAt).map { Format.clock($0) } ?? "?"
        Console.result("Node      \(status.role) (pid \(Int(status.pid))), since \(since)")
        for service in status.services {
            Console.result(
                service.answers
                    ? "Service   \(service.address) answers" : "Service   \(service.address) does not answer")
        }
        Console.result(
            status.sessions.isEmpty ? "Sessions  none" : "Sessions  \(status.sessions.joined(separator: ", "))")
        Console.result(
            status.online.isEmpty ? "Online    nobody" : "Online    \(status.online.joined(separator: ", "))")
        Console.result("Programs  \(status.connections) connected")
    }
}
