package import PinholeWire

/// What is around the protocol: a thread of its own, datagrams in and out. ``DatagramLoop`` has sockets,
/// ``MemoryNetwork`` has none.
package protocol DatagramShell: AnyObject, Sendable {
    /// The time of every timer.
    var now: Instant { get }
    /// The calendar: milliseconds since 1970, UTC.
    var unixMilliseconds: UInt64 { get }
    /// The addresses that this side has at this moment.
    var interfaces: [InterfaceAddress] { get }
    /// The address from which the rest of the world is reached.
    func preferredAddress(_ family: IPAddress.Family) -> IPAddress?
    /// The local port of an address family; nil when there is none.
    func localPort(_ family: IPAddress.Family) -> UInt16?

    /// Starts to drive the delegate. Returns false, and does nothing, where it was started or stopped before.
    @discardableResult
    func start(_ delegate: any LoopDelegate) throws(SocketError) -> Bool
    /// Whether what is given to `perform` will run: after `start`, until `stop`.
    var isRunning: Bool { get }
    /// Runs `work` on the loop, in the order of the calls, and drains afterwards; what is given before `start` waits
    /// for it. Returns false, and does not run it, once the loop has been stopped.
    @discardableResult
    func perform(_ work: @escaping @Sendable () -> Void) -> Bool
    /// Runs what was given to `perform`, drains once more, and waits until the loop has ended.
    func stop()

    // On the loop's thread:

    /// Sends datagrams that lie back to back, each `size` bytes but for the last, which may be shorter.
    func send(_ run: Span<UInt8>, of size: Int, _ ecn: ECNCodepoint, over route: Route)
    /// Opens extra sockets and returns their ports; nil stands for one that is not to be had.
    func open(_ ids: [SocketID], _ family: IPAddress.Family) -> [UInt16?]
    /// Closes extra sockets.
    func close(_ ids: [SocketID])
    /// Hears beacons on the interfaces with these indices, and on no others.
    func listenForBeacons(on interfaces: Set<UInt32>)
    /// Says a beacon from an address of ours to the network of the interface with that index.
    func sendBeacon(_ bytes: [UInt8], from ip: IPAddress, through interface: UInt32)
}

extension DatagramShell {
    package var now: Instant { MonotonicClock.now }

    package var unixMilliseconds: UInt64 { WallClock.unixMilliseconds }
}

extension DatagramLoop: DatagramShell {
    package var interfaces: [InterfaceAddress] { Interfaces.current() }

    package func preferredAddress(_ family: IPAddress.Family) -> IPAddress? { Interfaces.preferredAddress(family) }
}
