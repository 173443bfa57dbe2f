import PinholeWire

/// What was said and offered in a ``RandomWorld``, and thereby what a disk may hold.
struct Ledger {
    private struct Said {
        let text: String
        let id: MessageID
    }

    private var said: [Side: [Said]] = [.alice: [], .bob: []]
    private var texts: [MessageID: String] = [:]
    private var contents: [Side: [String: [UInt8]]] = [.alice: [:], .bob: [:]]
    private var names: [UInt64: String] = [:]
    /// Said or offered, and forgotten by its sender with the disk that it was on.
    private var forgotten: Set<String> = []
    /// Had by its receiver, and gone with the disk that it was on.
    private var lost: Set<String> = []
    /// Taken back before it was confirmed: it may have arrived, or not.
    private var takenBack: Set<String> = []
    /// What was written to streams of bytes, by their names.
    private var streams: [String: [UInt8]] = [:]
    /// The messages that somebody has seen.
    private var seen: [Side: Set<MessageID>] = [.alice: [], .bob: []]
    private var line = 0

    var messages: Int { texts.count }
    var files: Int { names.count }

    mutating func nextLine() -> Int {
        line += 1
        return line
    }

    mutating func said(_ text: String, _ id: MessageID, by side: Side) {
        said[side, default: []].append(Said(text: text, id: id))
        texts[id] = text
    }

    mutating func offered(_ name: String, _ content: [UInt8], _ transfer: UInt64, by side: Side) {
        contents[side, default: [:]][name] = content
        names[transfer] = name
    }

    mutating func tookBack(_ id: MessageID) {
        if let text = texts[id] { takenBack.insert(text) }
    }

    mutating func withdrew(_ transfer: UInt64) {
        if let name = names[transfer] { takenBack.insert(name) }
    }

    mutating func opened(_ name: String, _ content: [UInt8]) { streams[name] = content }

    /// `side` sees what it has; returns the messages up to which the other one is to be told so.
    mutating func sees(_ side: Side, _ disk: Disk) -> [MessageID] {
        let texts = Set(disk.texts)
        var newest: [UInt64: MessageID] = [:]
        for said in said[side.other, default: []] where texts.contains(said.text) {
            seen[side, default: []].insert(said.id)
            newest[said.id.epoch] = said.id
        }
        return newest.values.sorted { $0.epoch < $1.epoch }
    }

    /// The disk of `side` is an older copy of itself from now on.
    mutating func restored(_ side: Side, from disk: Disk, to copy: Disk) {
        let kept = Set(copy.outbox.map(\.id)).union(copy.delivered)
        for said in said[side, default: []] where !kept.contains(said.id) { forgotten.insert(said.text) }
        for transfer in disk.openFiles.keys where copy.openFiles[transfer] == nil {
            if let name = names[transfer] { forgotten.insert(name) }
        }
        lost.formUnion(Set(disk.texts).subtracting(copy.texts))
        lost.formUnion(Set(disk.stored.keys).subtracting(copy.stored.keys))
    }

    /// What is wrong with what `side` has; `other` is the one who sent it.
    func fault(of side: Side, _ disk: Disk) -> String? {
        if Set(disk.texts).count < disk.texts.count { return "\(side) has a message twice: \(disk.texts)" }
        let theirs = said[side.other, default: []].map(\.text)
        var position = theirs.startIndex
        for text in disk.texts {
            guard let found = theirs.firstIndex(of: text) else { return "\(side) has “\(text)”, which nobody said" }
            // Who starts again from an old disk may say again what was lost with the new one.
            if found < position, lost.isEmpty, forgotten.isEmpty {
                return "\(side) has “\(text)” behind what was said later: \(disk.texts)"
            }
            position = max(position, found)
        }
        for (name, content) in disk.stored where contents[side.other]?[name] != content {
            return "\(side) has a file “\(name)” that was not sent so"
        }
        return nil
    }

    /// What `side` was told that the other one has, or has seen, and that is not so.
    func falselyConfirmed(to side: Side, _ peer: Peer, _ theirs: Disk) -> String? {
        for id in peer.disk.delivered {
            // What was taken back and comes again from a backup counts as a repetition, behind what was said after it.
            guard let text = texts[id], !lost.contains(text), !takenBack.contains(text) else { continue }
            guard theirs.texts.contains(text) else { return "“\(text)” of \(side) was confirmed and is not there" }
        }
        for transfer in peer.disk.sentFiles {
            guard let name = names[transfer], !lost.contains(name) else { continue }
            guard theirs.stored[name] != nil else { return "the file “\(name)” was confirmed and is not there" }
        }
        guard let id = peer.reads.first(where: { !seen[side.other, default: []].contains($0) }) else { return nil }
        return "“\(texts[id] ?? "?")” of \(side) counts as read, and nobody saw it"
    }

    /// What is wrong with the streams of bytes that `side` has.
    func fault(of side: Side, streams logs: [ByteStreamLog]) -> String? {
        for log in logs {
            guard let content = streams[log.name] else { return "\(side) has a stream “\(log.name)” of nobody" }
            // The other one writes nothing to a stream that it did not open.
            let expected = log.name.hasPrefix("\(side) ") ? [] : content
            guard expected.starts(with: log.bytes) else { return "\(side) read what “\(log.name)” did not say" }
            if log.end == .fin, log.bytes.count < expected.count { return "“\(log.name)” ended early for \(side)" }
        }
        let names = logs.map(\.name)
        return Set(names).count < names.count ? "\(side) has a stream twice" : nil
    }

    /// What `side` said, and the other one has not in the end.
    func missing(from side: Side, _ theirs: Disk) -> String? {
        let excused = forgotten.union(lost).union(takenBack)
        for said in said[side, default: []] where !excused.contains(said.text) {
            guard theirs.texts.contains(said.text) else { return "“\(said.text)” of \(side) never arrived" }
        }
        for (name, content) in contents[side, default: [:]] where !excused.contains(name) {
            guard theirs.stored[name] == content else { return "the file “\(name)” never arrived" }
        }
        return nil
    }
}
