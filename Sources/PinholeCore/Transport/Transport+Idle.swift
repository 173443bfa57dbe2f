/// A session that is silent holds little, whatever it carried before.
extension Transport {
    /// Gives back memory that was kept for what comes next. To be called when nothing came for a while; it does nothing
    /// while something is under way.
    package mutating func giveBack() {
        spares = []
        guard sent.isEmpty else { return }
        // With them goes what was given up: after so long it arrives no more.
        sent = SentPackets()
        scratch = []
        spurious = []
        control.giveBack()
        events.giveBack()
        for index in sendStreams.values.indices { sendStreams.values[index].giveBack() }
        for index in receiveStreams.values.indices { receiveStreams.values[index].giveBack() }
    }

    /// Bytes that are reserved for packets, frames and the streams' data.
    var reserved: Int {
        let packets = sent.reserved + (scratch.capacity + spurious.capacity) * MemoryLayout<SentPacket>.stride
        let outgoing = sendStreams.values.reduce(0) { $0 + $1.reserved }
        let incoming = receiveStreams.values.reduce(0) { $0 + $1.reserved }
        let spare = spares.reduce(0) { $0 + $1.capacity }
        return packets + control.reserved + events.reserved + outgoing + incoming + spare
    }
}
