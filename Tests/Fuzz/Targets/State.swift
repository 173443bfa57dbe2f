extension FuzzTarget {
    /// What keeps state: the input is a list of things that happen, in virtual time.
    static let state: [FuzzTarget] = [
        intervals, reassembly, transport, session, handshake, strangers, signalingClient, service, records, journal,
    ]
}
