package import Pinhole

/// One thing that a process which hosts a profile can be asked for, by its own command or over the control socket.
///
/// A method may be run twice: a client whose host went away before it answered asks the next one, and a host runs a call
/// again whose node was replaced. What adds something therefore takes a token, which its parameters invent where none is
/// given, or finds that it is there already.
package protocol Method: Sendable {
    associatedtype Params: Codable & Sendable
    associatedtype Result: Codable & Sendable

    /// As the command line names it: `message.send`.
    static var name: String { get }
    /// What it does, in a sentence.
    static var summary: String { get }
    /// What the members of `Params` and `Result` mean, by name.
    static var notes: [String: String] { get }

    /// Whether it may: not so where bytes that were taken cannot be taken again.
    static var isRepeatable: Bool { get }

    static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Result
}

extension Method {
    package static var isRepeatable: Bool { true }
}

/// No parameters, or nothing to say.
package struct Nothing: Codable, Hashable, Sendable {
    package init() {}
}

/// What a method runs with.
package struct Call: Sendable {
    package let host: Host
    /// Where the call came from; nil for the process's own.
    package let caller: (any Caller)?
    private let proceed: @Sendable () -> Void

    package init(_ host: Host, from caller: (any Caller)? = nil, proceed: @escaping @Sendable () -> Void = {}) {
        self.host = host
        self.caller = caller
        self.proceed = proceed
    }

    package var profile: Profile { host.profile }

    /// The running node; throws where the profile was opened without one.
    package func node() throws(PinholeError) -> Node { try host.node() }

    /// The contact of a name or a key.
    package func contact(_ name: String) throws(PinholeError) -> Contact { try host.contact(name) }

    /// The calls of one connection run one after the other, so that messages keep their order. One that only waits from
    /// now on lets the others go.
    package func letOthersProceed() { proceed() }
}

/// Who made a call, for methods that send more than an answer.
package protocol Caller: Sendable {
    /// Sends events as they come, until the caller goes.
    func forward(_ events: AsyncStream<HostEvent>)

    /// Sends the events of the log after a cursor as fast as they are read, until the caller goes.
    func forward(_ log: EventLog, after cursor: Int64)

    /// From now on speaks this language.
    func speak(_ language: Language)
}

/// All that there is.
package enum Methods {
    package static let all: [any Method.Type] =
        [RPCDiscover.self, RPCLanguage.self, NodeStatus.self]
        + network + messages + delivery + outbox + files + pipes + contacts + invites + history + historyPages + events
}
