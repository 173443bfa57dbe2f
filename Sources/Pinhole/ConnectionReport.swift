/// What was tried to reach a contact the last time, and what came of it.
///
/// Times count from the beginning of the attempt.
public struct ConnectionReport: Sendable {
    /// What came of the attempt.
    public enum Outcome: Sendable {
        /// It is still under way.
        case searching
        /// It led to a session over this path.
        case connected(PathReport)
        /// It led nowhere, for this reason.
        case failed(PinholeError)
    }

    /// What a signaling service was asked, and what it said.
    public struct Inquiry: Hashable, Sendable {
        /// What a service knows of a contact.
        public enum Answer: String, Sendable, CaseIterable {
            /// It said nothing.
            case none
            /// It does not know the contact at the moment.
            case absent
            /// It knows where the contact is.
            case present
        }

        /// Which service.
        public let service: ServiceAddress
        /// How often it was asked.
        public let timesAsked: Int
        /// What it said last.
        public let answer: Answer
        /// When its first answer came.
        public let answered: Duration?

        package init(
            service: ServiceAddress, timesAsked: Int, answer: Answer, answered: Duration?
        ) {
            self.service = service
            self.timesAsked = timesAsked
            self.answer = answer
            self.answered = answered
        }
    }

    /// An address of the contact.
    public struct Address: Hashable, Sendable {
        /// Why nothing was sent to an address.
        public enum Skip: String, Sendable, CaseIterable {
            /// It has no port, or is nobody's in particular.
            case unusable
            /// It means everybody on one of the own networks.
            case broadcast
            /// This machine has no address of that family.
            case noFamily = "no-such-family"
            /// It is that of a signaling service.
            case service
            /// It is this machine's own.
            case own
            /// It is private, and of a network that this machine is not on.
            case otherNetwork = "other-network"
        }

        /// `host:port`.
        public let address: String
        /// How it became known.
        public let kind: PathReport.Kind
        /// How many datagrams were sent there.
        public let datagramsSent: Int
        /// When the first of them was.
        public let firstSent: Duration?
        /// When the first authentic datagram came from there.
        public let answered: Duration?
        /// Why nothing was sent there; nil where something might be.
        public let skip: Skip?

        package init(
            address: String, kind: PathReport.Kind, datagramsSent: Int, firstSent: Duration?, answered: Duration?,
            skip: Skip?
        ) {
            self.address = address
            self.kind = kind
            self.datagramsSent = datagramsSent
            self.firstSent = firstSent
            self.answered = answered
            self.skip = skip
        }
    }

    /// Ports of one IP address that were guessed.
    public struct Guess: Hashable, Sendable {
        /// The IP address.
        public let ip: String
        /// How many of its ports were tried.
        public let ports: Int
        /// From how many sockets of this machine.
        public let sockets: Int
        /// How many datagrams were sent.
        public let datagramsSent: Int
        /// When the first of them was.
        public let firstSent: Duration?
        /// When one of the guesses was answered.
        public let answered: Duration?

        package init(
            ip: String, ports: Int, sockets: Int, datagramsSent: Int, firstSent: Duration?, answered: Duration?
        ) {
            self.ip = ip
            self.ports = ports
            self.sockets = sockets
            self.datagramsSent = datagramsSent
            self.firstSent = firstSent
            self.answered = answered
        }
    }

    /// What the contact says of its NAT.
    public struct PeerNAT: Hashable, Sendable {
        /// How it maps.
        public let mapping: NetworkReport.Mapping
        /// How it filters.
        public let filtering: NetworkReport.Filtering
        /// The end of a sentence that begins with "its network".
        public let sentence: Phrase
        /// When the contact's own word came.
        public let introduced: Duration

        package init(
            mapping: NetworkReport.Mapping, filtering: NetworkReport.Filtering, sentence: Phrase, introduced: Duration
        ) {
            self.mapping = mapping
            self.filtering = filtering
            self.sentence = sentence
            self.introduced = introduced
        }
    }

    /// What came of it.
    public let outcome: Outcome
    /// How long it took, or has taken so far.
    public let duration: Duration
    /// What the services were asked.
    public let inquiries: [Inquiry]
    /// What the contact said of its own network; nil when it said nothing.
    public let peer: PeerNAT?
    /// The contact's addresses that came up.
    public let addresses: [Address]
    /// The ports that were guessed.
    public let guesses: [Guess]

    package init(
        outcome: Outcome, duration: Duration, inquiries: [Inquiry], peer: PeerNAT?, addresses: [Address],
        guesses: [Guess]
    ) {
        self.outcome = outcome
        self.duration = duration
        self.inquiries = inquiries
        self.peer = peer
        self.addresses = addresses
        self.guesses = guesses
    }
}
