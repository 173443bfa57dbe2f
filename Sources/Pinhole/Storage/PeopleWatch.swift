import GRDB
import Synchronization

/// Whether contacts or invites changed since somebody looked: opening all of them costs more with each.
final class PeopleWatch: Sendable {
    private let state = Mutex(State())

    private struct State {
        /// Whether this process changed one.
        var isChanged = true
        /// SQLite's number for what other processes changed, whatever it was.
        var foreignVersion: Int64?
    }

    /// Columns that tell who somebody is and how he is served; the others change with each handshake and message.
    private static let columns: Set = [
        "name", "key", "addresses", "services", "presharedKey", "isVerified", "standing", "filePolicy",
    ]

    fileprivate func note() { state.withLock { $0.isChanged = true } }

    /// Whether there was a change since the last call.
    fileprivate func take(_ foreignVersion: Int64?) -> Bool {
        state.withLock { state in
            defer { state = State(isChanged: false, foreignVersion: foreignVersion) }
            return state.isChanged || state.foreignVersion != foreignVersion
        }
    }
}

extension PeopleWatch: TransactionObserver {
    func observes(eventsOfKind kind: DatabaseEventKind) -> Bool {
        switch kind {
        case .insert(let table), .delete(let table): table == "contact" || table == "invite"
        case .update("invite", _): true
        case .update("contact", let columns): !columns.isDisjoint(with: Self.columns)
        case .update: false
        }
    }

    func databaseDidChange(with event: DatabaseEvent) { note() }

    func databaseDidCommit(_ database: Database) {}

    func databaseDidRollback(_ database: Database) {}
}

extension Store {
    /// Whether contacts or invites may have changed since the last call, in this process or another; true the first time.
    func peopleChanged() throws(PinholeError) -> Bool {
        let version = try read { try Int64.fetchOne($0, sql: "PRAGMA data_version") }
        return people.take(version)
    }
}
