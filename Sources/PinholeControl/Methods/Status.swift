import Glibc
package import Pinhole

package enum NodeStatus: Method {
    package struct Result: Codable, Sendable {
        package let version: String
        package let pid: Int32
        package let role: String
        package let profile: String
        package let key: String
        package let startedAt: String
        package let addresses: [String]
        package let services: [Service]
        package let sessions: [String]
        package let online: [String]
        package let connections: Int
    }

    package struct Service: Codable, Sendable {
        package let address: String
        package let answers: Bool
    }

    package static let name = "status"
    package static let summary = "Says which process has the profile open, and since when."
    package static let notes = [
        "version": "The version of the program.", "pid": "Its process.", "role": "The command that it runs.",
        "profile": "The profile's directory.", "key": "Your public key.", "startedAt": "Since when it runs.",
        "addresses": "The addresses of its UDP sockets.", "services": "The signaling services.",
        "address": "The service's address.", "answers": "Whether it answers.",
        "sessions": "The contacts to whom there is a session.",
        "online": "The contacts who are there now, as far as anybody tells.",
        "connections": "How many programs are connected to it.",
    ]

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Result {
        let presence = (try? await call.node().presence()) ?? [:]
        func name(_ key: PublicKey) -> String { call.host.contact(with: key)?.name ?? key.text }
        return Result(
            version: ControlVersion.program, pid: getpid(), role: call.host.role,
            profile: call.profile.directory, key: call.profile.identity.publicKey.text,
            startedAt: Timestamp.text(call.host.startedAt),
            addresses: (try? call.node().localAddresses) ?? [],
            services: call.host.services.map { Service(address: "\($0.address)", answers: $0.answers) },
            sessions: call.host.sessions.map(name).sorted(),
            online: presence.filter(\.value.isOnline).keys.map(name).sorted(),
            connections: call.host.connections)
    }
}

package enum ControlVersion {
    package static let program = "0.1.0"
}
