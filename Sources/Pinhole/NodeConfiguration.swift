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

    /// The signaling services to register with; without any, only contacts with known addresses can be reached.
    public var services: [ServiceAddress]
    /// What services that are not open to everybody want to see, at most 255 bytes of UTF-8; empty for open ones.
    public var serviceToken: String
    /// The UDP port of both address families; 0 lets the system choose.
    public var port: UInt16
    /// Where received files go. It is created when the first file arrives.
    public var downloadDirectory: String
    /// What happens to an offered file.
    public var filePolicy: FilePolicy
    /// Whether contacts on the same local network are found by beacons, which needs no service.
    public var usesLocalNetwork: Bool
    /// Whether this network's router is asked to forward a port to this node (PCP, NAT-PMP, UPnP); never with
    /// ``allowsLoopback``.
    public var mapsPorts: Bool
    /// Whether loopback addresses are used and accepted: for demonstrations and tests on one machine.
    public var allowsLoopback: Bool

    /// A configuration; the defaults suit a person behind a home router who wants to see files before taking them.
    public init(
        services: [ServiceAddress] = [],
        serviceToken: String = "",
        port: UInt16 = 0,
        downloadDirectory: String,
        filePolicy: FilePolicy = .ask,
        usesLocalNetwork: Bool = true,
        mapsPorts: Bool = true,
        allowsLoopback: Bool = false
    ) {
        self.services = services
        self.serviceToken = serviceToken
        self.port = port
        self.downloadDirectory = downloadDirectory
        self.filePolicy = filePolicy
        self.usesLocalNetwork = usesLocalNetwork
        self.mapsPorts = mapsPorts
        self.allowsLoopback = allowsLoopback
    }
}
