import PinholeCore
import PinholeCrypto
import PinholeWire
import Synchronization

/// An offer from a contact, and what came of it.
struct IncomingFile {
    let offer: FileOffer
    let key: FileKey
    var stage = Stage.offered
    var progress = Progress()

    enum Stage {
        /// Nobody has decided.
        case offered
        /// It could not be written down that it is offered; that is tried again.
        case unrecorded
        /// What is here of it is looked for; the last try failed for this reason, if there was one.
        case opening(Opening, after: Phrase?)
        case receiving(FileWriter)
        /// All of it is here and it is getting its name: too late to give it up.
        case finishing(FileWriter)
        /// It cannot be taken at the moment; it is tried again.
        case obstructed(Phrase)
    }

    /// A partial transfer on its way from the disk to the loop, which may not want it any more: then it is let go at once,
    /// so that the next one who opens it is not in the way of himself.
    final class Opening: Sendable {
        private enum State {
            case pending
            case opened(PartialTransfer)
            case over
        }

        private let state = Mutex(State.pending)

        /// Where it was opened.
        func opened(_ transfer: PartialTransfer) {
            let isWanted = state.withLock { state in
                guard case .pending = state else { return false }
                state = .opened(transfer)
                return true
            }
            if !isWanted { transfer.release() }
        }

        /// On the loop: what was opened, once; nil if nobody wants it any more.
        func take() -> PartialTransfer? {
            state.withLock { state in
                defer { state = .over }
                if case .opened(let transfer) = state { return transfer }
                return nil
            }
        }
    }

    var writer: FileWriter? {
        switch stage {
        case .offered, .unrecorded, .opening, .obstructed: nil
        case .receiving(let writer), .finishing(let writer): writer
        }
    }

    /// Nobody wants it any more: nothing more is written.
    func cancel() {
        switch stage {
        case .offered, .unrecorded, .obstructed: break
        case .opening(let opening, _): opening.take()?.release()
        case .receiving(let writer), .finishing(let writer): writer.cancel()
        }
    }

    /// On its queue, when nothing more will be given: others may open it.
    func letGo(isWanted: Bool) {
        switch stage {
        case .offered, .unrecorded, .obstructed: break
        case .opening(let opening, _): opening.take()?.release()
        case .receiving(let writer), .finishing(let writer): writer.settle(isWanted: isWanted)
        }
    }
}
