import Pinhole

/// Which events of the log a client has told of. Where its host ends before it could tell all that it had stored, the
/// client finds the rest in the log, by the next host; and it tells nothing twice.
struct ToldEvents {
    /// Events told since the log was at ``place``, and those since it was at `nextPlace`.
    private var older: Set<Name> = []
    private var newer: Set<Name> = []
    /// A cursor: of what the log has behind it, everything that was told is remembered here. nil until it is known.
    private(set) var place: Int64?
    private var nextPlace: Int64?
    /// Events found in the log, which the host may be about to tell as well.
    private var found: Set<Name> = []

    /// How many events are remembered before the place moves on.
    static let limit = 2000

    private enum Name: Hashable {
        case message(LoggedEvent.Kind, MessageReference)
        case transfer(LoggedEvent.Kind, TransferReference)
        case contact(LoggedEvent.Kind, PublicKey)
    }

    /// A host tells of an event. Returns whether it is to be passed on: not where it was found already.
    mutating func hears(_ event: NodeEvent) -> Bool {
        guard let name = Self.name(of: event) else { return true }
        guard found.remove(name) == nil else { return false }
        newer.insert(name)
        return true
    }

    /// The log has an event. Returns whether it is to be passed on: not where it was told.
    mutating func finds(_ event: NodeEvent) -> Bool {
        guard let name = Self.name(of: event), !older.contains(name), newer.insert(name).inserted else { return false }
        found.insert(name)
        return true
    }

    /// Whether so many were told that the log must be asked where it is, for ``settle(at:)``.
    mutating func turns() -> Bool {
        guard newer.count >= Self.limit, let nextPlace else { return false }
        (older, place) = (newer, nextPlace)
        (newer, self.nextPlace, found) = ([], nil, [])
        return true
    }

    /// The newest event of the log, asked for after the last turn.
    mutating func settle(at cursor: Int64) {
        nextPlace = nextPlace ?? cursor
        place = place ?? cursor
    }

    /// nil for events that no log has.
    private static func name(of event: NodeEvent) -> Name? {
        switch event {
        case .message(let message): .message(.message, MessageReference(message))
        case .queued(let message, _, _): .message(.queued, message)
        case .delivered(let message): .message(.delivered, message)
        case .read(let message): .message(.read, message)
        case .failed(let message, _): .message(.failed, message)
        case .fileOffered(let transfer, _, _, _): .transfer(.fileOffered, transfer)
        case .fileReceived(let transfer, _): .transfer(.fileReceived, transfer)
        case .fileSent(let transfer): .transfer(.fileSent, transfer)
        case .fileFailed(let transfer, _): .transfer(.fileFailed, transfer)
        case .contactRequested(let request, _): .contact(.contactRequest, request.key)
        case .serviceUp, .serviceDown, .connecting, .connected, .pathChanged, .disconnected, .unreachable, .sent,
            .typing, .presence, .identityElsewhere, .fileBegan, .fileWaiting, .fileProgress, .inviteAnswered, .notice:
            nil
        }
    }
}
