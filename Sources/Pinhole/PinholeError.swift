/// What went wrong, in one sentence, and what a person can do about it.
public struct PinholeError: Error, Sendable, Codable {
    /// The kind of failure, for programs that act on it.
    public enum Code: String, Sendable, CaseIterable, Codable {
        /// The caller asked for something that has no meaning.
        case usage
        /// A key, or a name that belongs to one, cannot be accepted.
        case badKey
        /// Stored or received data is damaged.
        case badData
        /// A file that was named does not exist.
        case noSuchFile
        /// No signaling service answers.
        case unreachableService
        /// Pinhole contradicts itself.
        case bug
        /// A file or a database cannot be written.
        case cannotWrite
        /// The peer did not answer.
        case peerOffline
        /// The time that the caller gave ran out before anything was decided.
        case timedOut
        /// A contact's key is not the one that is known.
        case keyChanged
        /// The passphrase does not open the identity.
        case wrongPassphrase
        /// A file's place or its permissions are not what they must be.
        case configuration
        /// The peer is there, and no direct path to it was found.
        case noDirectPath
        /// Another program has the UDP port.
        case portInUse
        /// Another process runs with the same identity.
        case identityInUse
        /// The machine has no more open files or memory to give at the moment.
        case exhausted
        /// Anything else.
        case other
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence without a full stop, beginning in lower case.
    public let message: Phrase
    /// What to do next, if there is something.
    public let hint: Phrase?

    /// With ``Code/noDirectPath``: what the two networks are like that cannot be connected.
    public let networks: Networks?

    /// Two networks without a direct path between them.
    public struct Networks: Hashable, Sendable, Codable {
        /// What a NAT does.
        public struct NAT: Hashable, Sendable, Codable {
            /// How it maps.
            public let mapping: NetworkReport.Mapping
            /// How it filters.
            public let filtering: NetworkReport.Filtering
        }

        /// In front of this machine.
        public let own: NAT
        /// In front of the contact.
        public let peer: NAT
    }

    /// An error with its sentence and, where there is one, a way out.
    public init(_ code: Code, _ message: Phrase, hint: Phrase? = nil, networks: Networks? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.networks = networks
    }
}

extension PinholeError: CustomStringConvertible {
    /// The sentence and the hint on one line, in the language of the locale.
    public var description: String { "\(phrase)" }

    /// The sentence and the hint in one.
    public var phrase: Phrase {
        hint.map { "\(message); hint: \($0)" } ?? message
    }
}
