import PinholeCrypto
import PinholeWire
import Simulator
import Testing

@testable import PinholeCore

/// A contact that offers files and takes them back at once: nothing of it is ever open, and all costs the disk something.
@Suite("offers that are taken back at once")
struct RevokedOfferTests {
    // [STR-11]
    @Test("are read no faster than the disk notes them, and go on when it does")
    func flood() throws {
        let siege = try Siege(seed: 561)
        siege.bob.notesFiles = false
        siege.bob.answersOffers = false
        let count = 2000
        var writer = ByteWriter()
        let hash = [UInt8](repeating: 1, count: 32)
        for transfer in 0..<UInt64(count) {
            let offer = FileOffer(transfer: transfer, salt: hash, contentSize: 1, totalSize: 1, name: "x")
            writer.append(RecordReader.framed(FileRecord.offer(offer).encoded))
            writer.append(RecordReader.framed(FileRecord.refuse(transfer: transfer, reason: .cancelled).encoded))
        }
        let bytes = writer.bytes
        for start in stride(from: 0, to: bytes.count, by: 1000) {
            let data = Array(bytes[start..<min(start + 1000, bytes.count)])
            siege.send([.stream(StreamFrame(id: StreamID.control, offset: UInt64(start), data: data, fin: false))])
            siege.run(for: .milliseconds(1), step: .milliseconds(1))
        }
        siege.run(for: .seconds(1))
        // What was read at once when there was still room: 4 KiB.
        let waiting = told(siege)
        #expect(waiting.offers.count + waiting.ends <= Limits.maxUnnoted + 110, "\(waiting)")
        siege.expectUnharmed()
        // The disk has time again.
        siege.bob.notesFiles = true
        for transfer in waiting.offers { siege.bob.endpoint.offerNoted(transfer, from: siege.key, at: siege.world.now) }
        for _ in 0..<waiting.ends { siege.bob.endpoint.refusalNoted(from: siege.key, at: siege.world.now) }
        siege.bob.drain()
        siege.run(for: .seconds(1))
        let all = told(siege)
        #expect(all.offers.count == count && all.ends == count && siege.verdicts == [])
    }

    private func told(_ siege: Siege) -> (offers: [UInt64], ends: Int) {
        let offers = siege.bob.events.compactMap { event -> UInt64? in
            if case .fileOffered(let offer, _) = event { offer.transfer } else { nil }
        }
        let ends = siege.bob.events.count { if case .fileRefused = $0 { true } else { false } }
        return (offers, ends)
    }

    @Test("keep their places until the application has noted that they are over")
    func places() {
        var files = IncomingFiles()
        var refused = 0
        for transfer in 0..<UInt64(Limits.maxOffers) {
            if files.offered(transfer) != nil { refused += 1 }
            files.offerNoted(transfer)
            _ = files.remove(transfer)
            files.ended()
        }
        #expect(refused == 0)
        let refusal = files.offered(5000)
        #expect(refusal == .tooMany)
        // Another session changes nothing about that.
        files.sessionBegan()
        let again = files.offered(5000)
        #expect(again == .tooMany && files.isFull)
        files.endNoted()
        let isTaken = files.offered(5000) == nil
        #expect(isTaken)
    }

    @Test("a receipt for what does not wait, or does not any more, means nothing")
    func receipts() {
        var outbox = Outbox()
        let ids = (1...3 as ClosedRange<UInt64>).map { MessageID(epoch: 1, counter: $0) }
        for id in ids { outbox.enqueue(ChatMessage(id: id, time: 0, body: []), isReleased: true) }
        // A message that is accepted twice waits once.
        outbox.enqueue(ChatMessage(id: ids[0], time: 0, body: []), isReleased: true)
        let unknown = outbox.remove(MessageID(epoch: 2, counter: 1))
        let removed = ids.map { outbox.remove($0) }
        let again = ids.map { outbox.remove($0) }
        let isEmpty = outbox.isEmpty
        #expect(!unknown && removed == [true, true, true] && again == [false, false, false] && isEmpty)
    }
}
