import Glibc
import PinholeCrypto
import PinholeWire

// What arrives, verified group by group and written where it belongs.

extension PartialTransfer {
    /// Takes some of `bytes`. Returns how many.
    func take(_ bytes: Span<UInt8>, _ state: inout State) throws(PinholeError) -> Int {
        let group = state.tree.groups
        guard group < offer.groups else {
            guard state.trailer.count + bytes.count <= 36 + 4 * Int(offer.entries) else { throw damaged }
            state.trailer += [UInt8](copying: bytes)
            return bytes.count
        }
        let range = offer.range(of: group)
        if state.filled < range.count {
            let count = min(bytes.count, range.count - state.filled)
            let part = bytes.extracting(0..<count)
            if state.hasher == nil { state.hasher = GroupHasher(key, group: group) }
            state.hasher?.update(part)
            try store(part, at: range.lowerBound + UInt64(state.filled), &state)
            state.filled += count
            return count
        }
        let count = min(bytes.count, 32 - state.leaf.count)
        state.leaf += [UInt8](copying: bytes.extracting(0..<count))
        if state.leaf.count == 32 {
            guard let hash = state.hasher?.finalize(), hash == state.leaf else { throw damaged }
            try state.journal.append(hash)
            state.tree.append(hash, key)
            (state.filled, state.hasher, state.leaf) = (0, nil, [])
        }
        return count
    }

    private func store(_ bytes: Span<UInt8>, at position: UInt64, _ state: inout State) throws(PinholeError) {
        var position = position
        var rest = bytes
        let manifestSize = UInt64(offer.manifestSize)
        if position < manifestSize {
            let count = Int(min(UInt64(rest.count), manifestSize - position))
            let file = try File(opening: path + "/manifest", flags: O_RDWR | O_CREAT | O_NOFOLLOW)
            try file.write(rest.extracting(0..<count), at: position)
            state.dirty.insert(file.path)
            position += UInt64(count)
            rest = rest.extracting(count..<rest.count)
            if position == manifestSize { try readManifest(file, &state) }
        }
        var index = state.pieces.index(at: position)
        while !rest.isEmpty {
            guard index < state.pieces.count else { throw damaged }
            let piece = state.pieces[index]
            let skipped = position - piece.start
            let count = Int(min(UInt64(rest.count), piece.count - skipped))
            let file = try open(piece.file, &state)
            try file.file.write(rest.extracting(0..<count), at: piece.offset + skipped)
            position += UInt64(count)
            rest = rest.extracting(count..<rest.count)
            index += 1
        }
    }

    /// The file of an entry, of its whole size already: what is never written are its holes.
    private func open(_ entry: Int, _ state: inout State) throws(PinholeError) -> SharedFile {
        if let open = state.open, open.index == entry { return open.file }
        let handle = SharedFile(try File(opening: path(of: entry), flags: O_RDWR | O_CREAT | O_NOFOLLOW))
        let size = state.manifest?.entries[entry].size ?? 0
        if try handle.file.status().size != size { try handle.file.truncate(to: size) }
        state.open = (entry, handle)
        state.dirty.insert(handle.file.path)
        return handle
    }

    func path(of entry: Int) -> String { "\(path)/\(entry)" }

    func readManifest(_ file: borrowing File, _ state: inout State) throws(PinholeError) {
        let bytes = try file.read(at: 0, count: Int(offer.manifestSize))
        guard let manifest = try? FileManifest(bytes.span, of: offer) else {
            throw PinholeError(.badData, "“\(name)” comes with a list of files that cannot be")
        }
        state.pieces = []
        for (index, entry) in manifest.entries.enumerated() {
            guard case .file(_, let data) = entry.kind else { continue }
            state.pieces.append(data, of: index, from: UInt64(offer.manifestSize))
        }
        state.manifest = manifest
    }
}
