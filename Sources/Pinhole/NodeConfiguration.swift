/// What a ``Node`` may be told; everything else it decides itself.
public struct NodeConfiguration: Sendable {
    /// What happens to a file that a contact offers.
    public enum FilePolicy: String, Sendable, CaseIterable {
        /// Every offered file is taken.
        case accept
        /// Each offer waits for ``Node/accept(_:)`` or ``Node/refuse(_:)``.
        case ask
        /// Every offer is declined.
        case refuse
    }

    /// What happens to a file whose name something in the download folder has.
    public enum ExistingFilePolicy: String, Sendable, CaseIterable {
        /// The new one gets a number: `photo (2).jpg`.
        case rename
        /// The new one is declined.
        case skip
        /// The new one takes the place of a file; a folder takes in what is new. A folder never gives way to a file.
        case overwrite
    }

    /// The signaling services to register with; without any, only contacts with known addresses can be reached.
    public var services: [ServiceAddress]
    /// What services that are not open to everybody want to see, at most 255 bytes of UTF-8; empty for open ones.
    public var serviceToken: String
    /// The UDP port of both address families; 0 lets the system choose.
    public var port: UInt16
    /// Where received files go. It is created when the first file arrives.
    public var downloadDirectory: String
    /// What those whose invites are used here are told that this person is called; empty: nothing. Of more than 128 bytes
    /// of UTF-8 they are told the first characters.
    public var name: String
    /// Whether whoever uses an invite of one's own becomes a contact at once, without a person's answer.
    public var acceptsInvited: Bool
    /// What happens to an offered file of a contact for whom nothing else is decided.
    public var filePolicy: FilePolicy
    /// What happens to a file whose name something in the download folder has.
    public var existingFilePolicy: ExistingFilePolicy
    /// Whether contacts on the same local network are found by beacons, which needs no service.
    public var usesLocalNetwork: Bool
    /// Whether this network's router is asked to forward a port to this node (PCP, NAT-PMP, UPnP); never with
    /// ``allowsLoopback``.
    public var mapsPorts: Bool
    /// How long messages stay on the disk once they were delivered, or seen.
    public var history: HistoryPolicy
    /// Whether contacts are told when their messages were seen.
    public var sendsReadReceipts: Bool
    /// Whether contacts are told when this person types to them, and this person when they do.
    public var tellsTyping: Bool
    /// Whether loopback addresses are used and accepted: for demonstrations and tests on one machine.
    public var allowsLoopback: Bool

    /// A configuration; the defaults suit a person behind a home router who wants to see files before taking them.
    public init(
        services: [ServiceAddress] = [],
        serviceToken: String = "",
        port: UInt16 = 0,
        downloadDirectory: String,
        name: String = "",
        acceptsInvited: Bool = false,
        filePolicy: FilePolicy = .ask,
        existingFilePolicy: ExistingFilePolicy = .rename,
        usesLocalNetwork: Bool = true,
        mapsPorts: Bool = true,
        history: HistoryPolicy = .keep,
        sendsReadReceipts: Bool = true,
        tellsTyping: Bool = true,
        allowsLoopback: Bool = false
    ) {
        self.services = services
        self.serviceToken = serviceToken
        self.port = port
        self.downloadDirectory = downloadDirectory
        self.name = name
        self.acceptsInvited = acceptsInvited
        self.filePolicy = filePolicy
        self.existingFilePolicy = existingFilePolicy
        self.usesLocalNetwork = usesLocalNetwork
        self.mapsPorts = mapsPorts
        self.history = history
        self.sendsReadReceipts = sendsReadReceipts
        self.tellsTyping = tellsTyping
        self.allowsLoopback = allowsLoopback
    }
}
