package import Pinhole

// The calls of commands, with the words of the library.

extension Client {
    package func contacts() async throws(PinholeError) -> [Contact] {
        try await call(ContactList.self, Nothing()).contacts.compactMap(\.contact)
    }

    package func status() async throws(PinholeError) -> NodeStatus.Result { try await call(NodeStatus.self, Nothing()) }

    package func connect(to key: PublicKey, timeout: Duration) async throws(PinholeError) -> PathReport {
        try await call(NetConnect.self, ReachParams(contact: key.text, timeout: timeout)).path.report
    }

    package func ping(_ key: PublicKey, timeout: Duration) async throws(PinholeError) -> PingReport {
        try await call(NetPing.self, ReachParams(contact: key.text, timeout: timeout)).report
    }

    package func networkReport(
        _ stage: NetworkReport.Stage = .complete, timeout: Duration
    ) async throws(PinholeError) -> NetworkReport {
        try await call(NetCheck.self, NetCheck.Params(stage: stage, timeout: timeout)).report
    }

    package func report(of key: PublicKey) async throws(PinholeError) -> ConnectionReport? {
        try await call(NetReport.self, NetReport.Params(contact: key.text)).attempt?.report
    }

    /// Accepts a message: when this returns it is on disk.
    package func send(_ text: String, to key: PublicKey) async throws(PinholeError) -> MessageReference {
        let message = try await call(MessageSend.self, MessageSend.Params(to: key.text, text: text))
        guard let reference = message.reference else { throw Self.nonsense }
        return reference
    }

    /// Notes that somebody has seen a message.
    package func markRead(_ message: MessageReference) async throws(PinholeError) {
        _ = try await call(MessageRead.self, MessageRead.Params(message))
    }

    /// The messages that nobody has seen, the oldest first: at least `limit` of them, or all.
    package func unread(from key: PublicKey? = nil, limit: Int = 1000) async throws(PinholeError) -> [(
        message: IncomingMessage, contact: String
    )] {
        var all: [(message: IncomingMessage, contact: String)] = []
        var after: Int64? = 0
        while let place = after, all.count < limit {
            let page = try await call(MessageUnread.self, MessageUnread.Params(from: key?.text, after: place))
            all += page.messages.compactMap { item in item.message.map { ($0, item.contact) } }
            after = page.after
        }
        return all
    }

    package func setTyping(_ isTyping: Bool, to key: PublicKey) async throws(PinholeError) {
        _ = try await call(MessageTyping.self, MessageTyping.Params(to: key.text, typing: isTyping))
    }

    package func delivered(_ message: MessageReference, timeout: Duration) async throws(PinholeError) {
        _ = try await call(MessageWait.self, MessageWait.Params(message, timeout: timeout))
    }

    /// Offers a file by its whole path.
    package func sendFile(_ path: String, to key: PublicKey) async throws(PinholeError) -> TransferReference {
        let transfer = try await call(FileSend.self, FileSend.Params(to: key.text, path: path))
        guard let reference = transfer.reference else { throw Self.nonsense }
        return reference
    }

    package func finished(_ transfer: TransferReference, timeout: Duration?) async throws(PinholeError) {
        _ = try await call(FileWait.self, FileWait.Params(transfer, timeout: timeout))
    }

    package func accept(_ transfer: TransferReference) async throws(PinholeError) {
        _ = try await call(FileAccept.self, TransferShape(transfer))
    }

    package func refuse(_ transfer: TransferReference) async throws(PinholeError) {
        _ = try await call(FileRefuse.self, TransferShape(transfer))
    }

    package func cancel(_ transfer: TransferReference) async throws(PinholeError) {
        _ = try await call(FileCancel.self, TransferShape(transfer))
    }

    /// The newest messages with a contact, the oldest of them first.
    package func recentMessages(with key: PublicKey, limit: Int) async throws(PinholeError) -> [Message] {
        try await call(HistoryRecent.self, HistoryRecent.Params(contact: key.text, limit: limit))
            .messages.compactMap(\.message)
    }

    private static let nonsense = PinholeError(.bug, "the host of the profile gave a name that cannot be read")
}
