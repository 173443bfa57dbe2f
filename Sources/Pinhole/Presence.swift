import Synchronization

/// Whether a contact is there, as far as anybody tells.
public struct Presence: Hashable, Sendable {
    /// Whether a session is up, a service knows the contact at the moment, or it was heard on the local network.
    public let isOnline: Bool
    /// Whether a session is up: then it is certain.
    public let isConnected: Bool
    /// When a session was last up, unix milliseconds by this machine's clock at that time; nil if there never was one.
    public let lastSeen: UInt64?

    /// A contact as it was found.
    public init(isOnline: Bool, isConnected: Bool, lastSeen: UInt64?) {
        (self.isOnline, self.isConnected, self.lastSeen) = (isOnline, isConnected, lastSeen)
    }
}

/// The contacts whose session is up, as other threads see it. What is sent to them is on its way when it is stored.
final class LiveSessions: Sendable {
    private let keys = Mutex<Set<PublicKey>>([])

    func contains(_ key: PublicKey) -> Bool { keys.withLock { $0.contains(key) } }
    func insert(_ key: PublicKey) { _ = keys.withLock { $0.insert(key) } }
    func remove(_ key: PublicKey) { _ = keys.withLock { $0.remove(key) } }
}
