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
        package let connections: Int
    }

    package static let name = "status"
    package static let summary = "Says which process has the profile open, and since when."
    package static let notes = [
        "version": "The version of the program.", "pid": "Its process.", "role": "The command that it runs.",
        "profile": "The profile's directory.", "key": "Your public key.", "startedAt": "Since when it runs.",
        "addresses": "The addresses of its UDP sockets.", "connections": "How many programs are connected to it.",
    ]

    package static func run(_ params: Nothing, in call: Call) async throws(PinholeError) -> Result {
        Result(
            version: ControlVersion.program, pid: getpid(), role: call.host.role,
            profile: call.profile.directory, key: call.profile.identity.publicKey.text,
            startedAt: Timestamp.text(call.host.startedAt),
            addresses: call.host.isNetworked ? try call.node().localAddresses : [],
            connections: call.host.connections)
    }
}

package enum ControlVersion {
    package static let program = "0.1.0"
}
