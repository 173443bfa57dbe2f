/// What is asked of the history: the newest messages, or those before a place in it, all or those that contain words.
public struct HistoryQuery: Sendable {
    /// With whom; nil is everybody.
    public var contact: PublicKey?
    /// Words that a message must contain, all of them, in any order; what stands in double quotes is looked for as it
    /// is. Neither case nor accents make a difference.
    public var text: String?
    /// Only what stands before this place: ``HistoryPage/before`` of the page that follows.
    public var before: Int64?
    /// Only what was sent or received before this time, in Unix milliseconds by this machine's clock.
    public var until: UInt64?
    /// How many messages a page has at most.
    public var limit: Int

    /// Everything; ``limit`` messages of it at a time.
    public init(
        contact: PublicKey? = nil, text: String? = nil, before: Int64? = nil, until: UInt64? = nil, limit: Int = 50
    ) {
        self.contact = contact
        self.text = text
        self.before = before
        self.until = until
        self.limit = limit
    }
}

/// A message and its place in the history.
public struct HistoryEntry: Identifiable, Hashable, Sendable {
    /// Later messages have higher places, and none is given twice.
    public let place: Int64
    /// The message.
    public let message: Message

    /// The place.
    public var id: Int64 { place }
}

/// Some messages of the history, the oldest first.
public struct HistoryPage: Hashable, Sendable {
    /// The messages.
    public let entries: [HistoryEntry]
    /// Where the page before this one ends; nil where there is none.
    public let before: Int64?
}

extension Profile {
    /// A page of the history: the newest messages that answer the query, the oldest of them first.
    public func history(_ query: HistoryQuery) throws(PinholeError) -> HistoryPage {
        try store.history(query)
    }

    /// The next messages after a place, oldest first: 0 is before the first. This is how all of it is read, page by page.
    public func history(
        after place: Int64, with contact: PublicKey? = nil, limit: Int = 1000
    ) throws(PinholeError) -> [HistoryEntry] {
        try store.history(after: place, with: contact, limit: limit)
    }

    /// Removes messages from the disk so that nothing can bring them back, and returns how many there were. What has not
    /// been delivered yet stays: it is cancelled in the outbox. Records of finished file transfers go too, but not the
    /// files.
    ///
    /// - Parameters:
    ///   - contact: With whom; nil is everybody.
    ///   - time: Only what was sent or received before it, in Unix milliseconds; nil is everything.
    public func purgeHistory(with contact: PublicKey? = nil, before time: UInt64? = nil) throws(PinholeError) -> Int {
        try store.purge(with: contact, before: time)
    }
}
