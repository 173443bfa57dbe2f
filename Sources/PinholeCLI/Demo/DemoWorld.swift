import FoundationEssentials
import Glibc
import Pinhole
import PinholeControl
import PinholeCrypto
import PinholeWire
import Signaling

/// A signaling service and two peers on loopback, with keys that nobody will miss.
final class DemoWorld: Sendable {
    static let friendName = "echo"

    let directory: String
    let service: ServiceAddress
    let you: DemoPeer
    let friend: DemoPeer
    private let server: SignalingServer

    init() throws {
        let directory = try Folder.makeTemporary("pinhole-demo")
        do {
            let server = try Self.makeServer()
            let service = try ServiceAddress(server.addressText)
            let yourProfile = try Profile.create(at: directory + "/you", passphrase: nil)
            let friendProfile = try Profile.create(at: directory + "/" + Self.friendName, passphrase: nil)
            try yourProfile.add(Contact(name: Self.friendName, key: friendProfile.identity.publicKey))
            try friendProfile.add(Contact(name: "you", key: yourProfile.identity.publicKey))
            you = try Self.makePeer(yourProfile, service, downloads: directory + "/you/received")
            friend = try Self.makePeer(friendProfile, service, downloads: directory + "/echo/received")
            self.server = server
            self.service = service
            self.directory = directory
        } catch {
            try? FileManager.default.removeItem(atPath: directory)
            throw error
        }
    }

    /// Starts the service and both peers.
    func start() {
        server.start()
        friend.session.client.start()
        you.session.client.start()
    }

    func stopService() { server.stop() }

    /// Ends everything and removes the directory, also when the script failed half-way.
    func close() async {
        let (you, friend) = (you, friend)
        try? await race(
            {
                await you.session.client.stop()
                await friend.session.client.stop()
            },
            { try await Task.sleep(for: .seconds(3)) })
        server.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func makePeer(
        _ profile: Profile, _ service: ServiceAddress, downloads: String
    ) throws -> DemoPeer {
        let configuration = NodeConfiguration(
            services: [service], downloadDirectory: downloads, filePolicy: .accept, usesLocalNetwork: false,
            allowsLoopback: true)
        let hosting = try Hosting(profile: profile, configuration: configuration, role: "pinhole demo", socket: nil)
        let session = Session(client: Client(local: hosting), configuration: NodeConfigurationBox(configuration))
        return DemoPeer(profile: profile, node: hosting.node, session: session)
    }

    private static func makeServer() throws(Failure) -> SignalingServer {
        var configuration = Configuration(key: .memory(.generate()))
        configuration.listen = [TransportAddress(IPAddress(v4: 0x7f00_0001), port: 0)]
        do throws(ServerError) {
            return try SignalingServer(configuration: configuration)
        } catch {
            throw Failure(.cannotWrite, "the service cannot be started: \(error.message)")
        }
    }
}

/// One of the two people.
struct DemoPeer: Sendable {
    let profile: Profile
    let node: Node
    let session: Session
}

/// The second peer of the demonstration: says hello, repeats what it hears, and thanks for files.
struct DemoEcho: Sendable {
    let peer: DemoPeer

    func run() async {
        for await event in peer.session.events {
            switch event.event {
            case .message(let message): await say(Self.answer(to: message.text), to: message.contact)
            case .fileReceived(let transfer, let path):
                await say("got \(Paths.name(of: path)), thank you", to: transfer.contact)
            default: break
            }
        }
    }

    static func answer(to text: String) -> String { "you said: \(text)" }

    private func say(_ text: String, to key: PublicKey) async {
        _ = try? await peer.node.send(text, to: key)
    }
}
