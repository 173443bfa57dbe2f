import Glibc
import PinholeCrypto
import PinholeWire

@testable import Pinhole

extension FuzzTarget {
    private static let content = [UInt8](repeating: 7, count: Limits.fileGroup + 100)
    private static let manifestOfContent: [UInt8] = {
        let size = UInt64(content.count)
        let entry = FileManifest.Entry(
            kind: .file(size: size, data: [0..<size]), mode: 0o644, seconds: 1, nanoseconds: 2, path: "")
        return FileManifest([entry]).encoded
    }()
    private static let contentOffer: FileOffer = {
        let manifest = manifestOfContent
        return FileOffer(
            transfer: 1, salt: [UInt8](repeating: 1, count: 32), entries: 1, manifestSize: UInt32(manifest.count),
            contentSize: UInt64(manifest.count + content.count), totalSize: UInt64(content.count), name: "x")
    }()
    private static let fileKey = FileKey(sender: alice.publicKey, receiver: bob.publicKey, offer: contentOffer)
    /// In memory: what is tried is what is read, not the disk. It is there while an input is tried.
    private static let folder = "/dev/shm/pinhole-fuzz-\(getpid())"

    /// What a crash or another hand left of a transfer: a journal and files that may be anything. Nothing counts as here
    /// that is not verified, and the transfer can go on.
    static let journal = FuzzTarget(
        name: "journal", maxLength: 512,
        samples: {
            func journal(_ safe: UInt64, leaves: [[UInt8]]) -> [UInt8] {
                var writer = ByteWriter()
                writer.append(Array("PINFILE1".utf8))
                writer.u64(safe)
                writer.append(fileKey.mac(writer.bytes))
                writer.zeros(16)
                for leaf in leaves { writer.append(leaf) }
                return writer.bytes
            }
            let whole = manifestOfContent + content
            let leaf = fileKey.leaf(whole.span.extracting(0..<Limits.fileGroup), group: 0)
            return [
                [0] + journal(0, leaves: []), [1] + journal(1, leaves: [leaf]), [1] + journal(0, leaves: [leaf, leaf]),
                [2] + journal(.max, leaves: [leaf]), [3] + journal(1, leaves: [leaf]),
            ]
        }
    ) { bytes in
        guard let kind = bytes.first else { return }
        let path = PartialTransfer.path(fileKey, in: folder)
        Folder.removeTree(folder)
        mkdir(folder, 0o700)
        mkdir(path, 0o700)
        defer { Folder.removeTree(folder) }
        func leave(_ bytes: [UInt8], _ name: String) {
            guard let file = try? File(opening: "\(path)/\(name)", flags: O_WRONLY | O_CREAT) else { return }
            try? file.write(bytes.span, at: 0)
        }
        // The MAC keeps others out, and the fuzzer too: half of the headers are given a right one.
        var journal = Array(bytes.dropFirst())
        if kind & 4 != 0, journal.count >= 48 {
            journal.replaceSubrange(16..<48, with: fileKey.mac(Array(journal.prefix(16))))
        }
        leave(journal, "journal")
        if kind & 1 != 0 { leave(manifestOfContent, "manifest") }
        if kind & 2 != 0 { leave(Array(content.prefix(Limits.fileGroup)), "0") }
        let transfer: PartialTransfer
        do throws(PinholeError) {
            transfer = try PartialTransfer(contentOffer, fileKey, in: folder)
        } catch {
            return
        }
        defer { transfer.release() }
        let groups = transfer.holdings.groups
        must(groups <= contentOffer.groups, "\(groups) groups of \(contentOffer.groups)")
        must(transfer.received <= contentOffer.contentSize, "more than there is")
        // The rest comes, and then it must be whole.
        do throws(PinholeError) {
            try transfer.begin(group: groups)
            let whole = manifestOfContent + content
            for group in groups..<contentOffer.groups {
                let range = contentOffer.range(of: group)
                let part = Array(whole[Int(range.lowerBound)..<Int(range.upperBound)])
                try transfer.append(part + fileKey.leaf(part.span, group: group))
            }
        } catch {
            fatalError("broken: a transfer that cannot go on: \(error)")
        }
        must(transfer.holdings.groups == contentOffer.groups, "a transfer that did not end")
    }
}
