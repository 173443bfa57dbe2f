import Glibc

/// Why the loop could not get its sockets.
package enum SocketError: Error, Equatable, Sendable {
    /// Another program is bound to the port.
    case portInUse(UInt16)
    /// The port needs a privilege that this process does not have.
    case notPermitted(UInt16)
    /// Neither address family gives a socket; the errno.
    case unavailable(Int32)
}

extension SocketError {
    /// The sentence for a person.
    package var pinholeError: PinholeError {
        switch self {
        case .portInUse(let port):
            PinholeError(
                .portInUse, "UDP port \(port) is in use by another program",
                hint: "stop that program, or choose another port (0: any)")
        case .notPermitted(let port):
            PinholeError(
                .configuration, "UDP port \(port) may not be bound by this user", hint: "choose a port above 1023")
        case .unavailable(let code):
            PinholeError(
                PinholeError.isExhaustion(code) ? .exhausted : .other, "no UDP socket can be opened: \(errorText(code))"
            )
        }
    }
}

/// The system's words for an errno, beginning in lower case.
func errorText(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
}
