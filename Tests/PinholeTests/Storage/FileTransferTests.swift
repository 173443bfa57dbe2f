import Foundation
import Glibc
import PinholeCrypto
import PinholeWire
import TestThreads
import Testing

@testable import Pinhole

@Suite("files on their way", .ownThreads)
struct FileTransferTests {
    let folder: TemporaryDirectory
    /// Five groups, the last of them short.
    let content = (0..<1_200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let group = Limits.fileGroup

    init() throws {
        folder = try TemporaryDirectory()
    }

    private var downloads: String { folder.path("downloads") }

    private func receive(_ sending: Sending) throws -> PartialTransfer {
        try PartialTransfer(sending.offer, sending.key, in: downloads)
    }

    private var received: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: downloads).sorted() }
    }

    private func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: "\(downloads)/\(name)")))
    }

    @Test("a file arrives in pieces of any size, and gets its name only when it is whole", arguments: [1, 77, 65_536])
    func whole(size: Int) throws {
        let sending = try Sending(size == 1 ? Array(content[..<3000]) : content)
        let transfer = try receive(sending)
        let stream = Array(try sending.stream(from: 0).joined())
        for start in stride(from: 0, to: stream.count, by: size) {
            #expect(try received.allSatisfy { $0.hasPrefix(".") })
            try transfer.append(Array(stream[start..<min(start + size, stream.count)]))
        }
        #expect(try sending.place(transfer) == downloads + "/a.bin")
        #expect(try read("a.bin") == Array(content[..<Int(sending.offer.totalSize)]))
        transfer.discard()
        #expect(try received == ["a.bin"])
    }

    // [FIL-16]
    @Test("what is taken up again goes on behind the last verified group, without the source being read again")
    func resume() throws {
        let sending = try Sending(content)
        let pieces = try sending.stream(from: 0)
        do {
            let transfer = try receive(sending)
            for piece in pieces[..<3] { try transfer.append(piece) }
            try transfer.append(Array(pieces[3][..<1000]))
            #expect(transfer.received == UInt64(3 * group + 1000))
        }
        let transfer = try receive(sending)
        #expect(transfer.holdings.groups == 3)
        // Were it read up to there, it would be found to have changed.
        try run("touch", "-d", "2001-01-01", sending.source.path)
        let tree = try sending.source.start(
            after: transfer.holdings, of: sending.offer, sending.key, sending.sent)
        #expect(tree.groups == 3)
        for piece in pieces[3...] { try transfer.append(piece) }
        #expect(try sending.place(transfer) == downloads + "/a.bin")
        #expect(try read("a.bin") == content)
    }

    @Test("a sender whose journal is lost or spoilt reads what it needs again and goes on all the same")
    func senderJournal() throws {
        for spoil in [
            { path in _ = truncate(path, 40) }, { path in _ = truncate(path, 0) },
            { path in try Data(repeating: 7, count: 96).write(to: URL(fileURLWithPath: path)) },
        ] as [(String) throws -> Void] {
            let sending = try Sending(content)
            let transfer = try receive(sending)
            for piece in try sending.stream(from: 0)[..<3] { try transfer.append(piece) }
            try spoil(sending.folder.path("sent/" + sending.key.token))
            #expect(try sending.resume(transfer).group == 3)
            transfer.discard()
        }
    }

    @Test("a receiver that has something else begins anew")  // [FIL-16]
    func otherHoldings() throws {
        let sending = try Sending(content)
        var holdings = FileHoldings(groups: 2, digest: [UInt8](repeating: 1, count: 32))
        func start() throws -> UInt64 {
            try sending.source.start(after: holdings, of: sending.offer, sending.key, sending.sent).groups
        }
        #expect(try start() == 0)
        holdings.groups = .max
        #expect(try start() == 0)
        let transfer = try receive(sending)
        for piece in try sending.stream(from: 0)[..<4] { try transfer.append(piece) }
        try transfer.begin(group: 1)
        #expect(transfer.holdings.groups == 1)
        for piece in try sending.stream(from: 1) { try transfer.append(piece) }
        _ = try sending.place(transfer)
        #expect(try read("a.bin") == content)
        #expect(failure { try transfer.begin(group: 99) }?.code == .badData)
    }

    @Test("after a power cut only what was on the disk counts, and the rest is looked at again")
    func powerCut() throws {
        let sending = try Sending(content)
        let pieces = try sending.stream(from: 0)
        let partial = PartialTransfer.path(sending.key, in: downloads)
        do {
            let transfer = try receive(sending)
            for piece in pieces[..<2] { try transfer.append(piece) }
            try transfer.synchronize()
            for piece in pieces[2..<4] { try transfer.append(piece) }
        }
        // The third group did not reach the disk, though its hash did: zeros are what file systems leave.
        let file = try File(opening: partial + "/0", flags: O_RDWR)
        try file.write([UInt8](repeating: 0, count: 4096).span, at: UInt64(2 * group))
        #expect(try receive(sending).holdings.groups == 2)
        // A header that was torn says nothing: all is looked at again, and is good.
        let journal = try File(opening: partial + "/journal", flags: O_RDWR)
        try journal.write([9, 9, 9].span, at: 10)
        let transfer = try receive(sending)
        #expect(transfer.holdings.groups == 2)
        #expect(try sending.finish(transfer) == downloads + "/a.bin")
        #expect(try read("a.bin") == content)
    }

    @Test("what a disk did not take once is not called safe by asking it again")
    func failedSync() throws {
        let sending = try Sending(content)
        let pieces = try sending.stream(from: 0)
        let partial = PartialTransfer.path(sending.key, in: downloads)
        let transfer = try receive(sending)
        for piece in pieces[..<2] { try transfer.append(piece) }
        try transfer.synchronize()
        for piece in pieces[2..<4] { try transfer.append(piece) }
        // As with a disk that fails, its memory of the file is whole.
        #expect(rename(partial + "/0", partial + "/away") == 0)
        #expect(failure { try transfer.synchronize() } != nil)
        #expect(rename(partial + "/away", partial + "/0") == 0)
        #expect(failure { try transfer.synchronize() } != nil)
        #expect(failure { try transfer.append(pieces[4]) } != nil)
        transfer.release()
        let again = try receive(sending)
        #expect(again.holdings.groups == 2)
        #expect(try sending.finish(again) == downloads + "/a.bin")
        #expect(try read("a.bin") == content)
    }

    @Test("who finds no room for the hashes of what was sent goes on without them")
    func noRoomForHashes() throws {
        let sending = try Sending(content)
        let sent = SentGroups(sending.source.path + "/no/folder")
        let tree = try sending.source.start(
            after: try {
                let transfer = try receive(sending)
                for piece in try sending.stream(from: 0)[..<3] { try transfer.append(piece) }
                return transfer.holdings
            }(), of: sending.offer, sending.key, sent)
        #expect(tree.groups == 3)
    }

    @Test("partial files that somebody removed or cut are found out")
    func tampered() throws {
        for spoil in [{ unlink($0 + "/0") }, { truncate($0 + "/0", 5) }, { unlink($0 + "/manifest") }]
            as [(String) -> Int32]
        {
            let sending = try Sending(content)
            do {
                let transfer = try receive(sending)
                for piece in try sending.stream(from: 0)[..<3] { try transfer.append(piece) }
                try transfer.synchronize()
            }
            _ = spoil(PartialTransfer.path(sending.key, in: downloads))
            let transfer = try receive(sending)
            #expect(transfer.holdings == .none)
            let path = try sending.finish(transfer, .overwrite)
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == content)
            transfer.discard()
        }
    }

    // [FIL-15]
    @Test("damage is found in the group where it is, and nothing of that group counts", arguments: [0, 300_000, -1])
    func damage(place: Int) throws {
        let sending = try Sending(content)
        var pieces = try sending.stream(from: 0)
        let transfer = try receive(sending)
        let index = place < 0 ? pieces.count - 1 : place / group
        pieces[index][place < 0 ? pieces[index].count - 1 : place % group] ^= 1
        let error = failure {
            for piece in pieces { try transfer.append(piece) }
            _ = try transfer.verify()
        }
        #expect(error?.code == .badData)
        #expect(transfer.holdings.groups == min(UInt64(index), sending.offer.groups))
    }

    @Test("more than was offered is refused")
    func tooMuch() throws {
        let sending = try Sending(content)
        let transfer = try receive(sending)
        for piece in try sending.stream(from: 0) { try transfer.append(piece) }
        #expect(failure { try transfer.append([UInt8](repeating: 0, count: 100)) }?.code == .badData)
    }

    @Test("what one contact offered does not go on with another's bytes")
    func otherOffer() throws {
        let sending = try Sending(content)
        let transfer = try receive(sending)
        try transfer.append(try sending.stream(from: 0)[0])
        #expect(try receive(Sending(content)).holdings == .none)
    }

    @Test("one file has one receiver, until that lets go")
    func twice() throws {
        let sending = try Sending(content)
        let transfer = try receive(sending)
        #expect(failure { _ = try receive(sending) }?.code == .cannotWrite)
        transfer.release()
        _ = try receive(sending)
    }

    @Test("sizes that cannot be, or that no disk here has, are refused before a byte comes")
    func impossible() throws {
        let sending = try Sending(content)
        let changes: [(inout FileOffer) -> Void] = [
            { $0.contentSize = .max }, { $0.totalSize = .max }, { $0.manifestSize = .max }, { $0.manifestSize = 0 },
            { $0.entries = .max }, { $0.contentSize = 1 },
        ]
        for change in changes {
            var offer = sending.offer
            change(&offer)
            #expect(failure { _ = try PartialTransfer(offer, sending.key, in: downloads) }?.code == .badData)
        }
        var large = sending.offer
        large.contentSize = 1 << 60
        let error = failure { _ = try PartialTransfer(large, sending.key, in: downloads) }
        #expect(error?.code == .cannotWrite)
        #expect(error?.message.english.hasPrefix("the disk is full") == true)
    }

    @Test("a partial folder that is a link is not followed")
    func plantedLink() throws {
        let sending = try Sending(content)
        let partial = PartialTransfer.path(sending.key, in: downloads)
        try FileManager.default.createDirectory(atPath: folder.path("victim"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: downloads, withIntermediateDirectories: true)
        symlink(folder.path("victim"), partial)
        #expect(failure { _ = try receive(sending) } != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("victim")).isEmpty)
    }

    @Test("a file that changes, shrinks or vanishes while it is sent is found out, also without a new time")
    func changed() throws {
        for (change, code) in [
            ({ truncate($0, 10) }, .badData), ({ unlink($0) }, .noSuchFile), ({ chmod($0, 0o600) }, .badData),
        ] as [((String) -> Int32, PinholeError.Code)] {
            let sending = try Sending(content)
            let fingerprint = sending.source.fingerprint
            _ = change(sending.source.path)
            #expect(failure { _ = try sending.stream(from: 0) }?.code == code)
            #expect((try? FileSource(sending.source.path))?.fingerprint != fingerprint)
        }
    }

    @Test("what cannot be sent is named")
    func unsendable() throws {
        #expect(failure { _ = try FileSource(folder.path("none")) }?.code == .noSuchFile)
        mkfifo(folder.path("pipe"), 0o600)
        #expect(failure { _ = try FileSource(folder.path("pipe")) }?.code == .usage)
    }
}
