import Foundation
import GRDB

// The history, read: pages of it, and search.

extension Store {
    func history(_ query: HistoryQuery) throws(PinholeError) -> HistoryPage {
        let contact = try query.contact.map { key throws(PinholeError) in try row(of: key) }
        let before = try end(query)
        guard let text = query.text else {
            return try page(contact, before: before, limit: query.limit)
        }
        guard let words = SearchWords(text) else {
            throw PinholeError(.usage, "there is nothing to search for", hint: "give a word, or several")
        }
        return try search(words, contact, before: before, limit: query.limit)
    }

    /// The first place that the query does not want any more.
    private func end(_ query: HistoryQuery) throws(PinholeError) -> Int64 {
        let before = query.before ?? .max
        guard let time = query.until else { return before }
        // Places are in the order of arrival, which is that of the clock but for its jumps.
        let last =
            try read { database in
                try Int64.fetchOne(
                    database, sql: "SELECT id FROM message WHERE storedAt < ? ORDER BY storedAt DESC, id DESC LIMIT 1",
                    arguments: [Int64(clamping: time)])
            } ?? 0
        return last < before ? last + 1 : before
    }

    private func row(of key: PublicKey) throws(PinholeError) -> Int64 {
        try read { try contactID(key, $0) }
    }

    private func page(_ contact: Int64?, before: Int64, limit: Int) throws(PinholeError) -> HistoryPage {
        let limit = max(0, min(limit, Self.maxPage))
        let found = try read { database in
            try rows(
                "message.id < ?" + (contact == nil ? "" : " AND message.contact = ?"),
                [before] + (contact.map { [$0] } ?? []), order: "DESC", limit: limit + 1, database)
        }
        return page(found, limit: limit)
    }

    /// `found` has one more than the limit where there is a page before it; the newest first.
    private func page(_ found: [HistoryEntry], limit: Int) -> HistoryPage {
        let entries = Array(found.prefix(limit).reversed())
        return HistoryPage(entries: entries, before: found.count > limit ? entries.first?.place : nil)
    }

    func history(
        after place: Int64, with contact: PublicKey?, limit: Int
    ) throws(PinholeError) -> [HistoryEntry] {
        let contact = try contact.map { key throws(PinholeError) in try row(of: key) }
        return try read { database in
            try rows(
                "message.id > ?" + (contact == nil ? "" : " AND message.contact = ?"),
                [place] + (contact.map { [$0] } ?? []), order: "ASC", limit: max(0, min(limit, Self.maxPage)), database)
        }
    }

    /// What is not wanted is in memory one by one.
    func rows(
        _ condition: String, _ arguments: [Int64], order: String, limit: Int, _ database: Database,
        where isWanted: (HistoryEntry) -> Bool = { _ in true }
    ) throws -> [HistoryEntry] {
        var keys: [Int64: PublicKey] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT contact.key, message.* FROM message JOIN contact ON contact.id = message.contact
                WHERE \(condition) ORDER BY message.id \(order) LIMIT \(limit)
                """, arguments: StatementArguments(arguments))
        var entries: [HistoryEntry] = []
        while let row = try rows.next() {
            let contact: Int64 = try row.decode(forColumn: "contact")
            let key = try keys[contact] ?? PublicKey(sealed: row, contact, vault)
            keys[contact] = key
            let entry = HistoryEntry(
                place: try row.decode(forColumn: "id"), message: try Message(row, contact: key, vault))
            if isWanted(entry) { entries.append(entry) }
        }
        return entries
    }

    /// The most messages that one call gives.
    private static let maxPage = 10_000
}

// MARK: Search

extension Store {
    private func search(
        _ words: SearchWords, _ contact: Int64?, before: Int64, limit: Int
    ) throws(PinholeError) -> HistoryPage {
        let limit = max(0, min(limit, Self.maxPage))
        var (found, indexed) = try read { database in
            let indexed = try Self.indexed(database)
            let tail = try rows(
                "message.id < ? AND message.id >= ?" + (contact == nil ? "" : " AND message.contact = ?"),
                [before, SearchBlock.firstRow(of: indexed)] + (contact.map { [$0] } ?? []), order: "DESC", limit: -1,
                database, where: { words.matches($0) })
            return (tail, indexed)
        }
        // Some blocks at a time, so that messages that come meanwhile do not wait for the whole search.
        indexed = min(indexed, SearchBlock.bucket(of: max(before, 1) - 1) + 1)
        while indexed > 0, found.count <= limit {
            let blocks = try blocks(below: indexed)
            guard let last = blocks.last else { break }
            let hits = try Self.search(blocks, words, contact, vault).filter { $0.row < before }
            for chunk in stride(from: 0, to: hits.count, by: 500) where found.count <= limit {
                found += try messages(at: hits[chunk..<min(chunk + 500, hits.count)], words)
            }
            indexed = last.bucket
        }
        return page(found, limit: limit)
    }

    /// A message in which all words are, or of which the block does not know that.
    private struct Hit {
        let row: Int64
        let isCertain: Bool
    }

    /// The rows that match, the newest first. Both cores search.
    private static func search(
        _ blocks: [(bucket: Int64, sealed: Data)], _ words: SearchWords, _ contact: Int64?, _ vault: Vault
    ) throws(PinholeError) -> [Hit] {
        let results = concurrently(blocks.count) { index throws(PinholeError) in
            let block = try open(blocks[index].sealed, blocks[index].bucket, vault)
            let hits: [Hit] =
                block.rows(matching: words, contact: contact).map { Hit(row: $0, isCertain: true) }
                + block.rowsWithoutText(contact: contact).map { Hit(row: $0, isCertain: false) }
            return hits.sorted { $0.row > $1.row }
        }
        var hits: [Hit] = []
        for result in results { hits += try result.get() }
        return hits
    }

    private static func concurrently<Value: Sendable>(
        _ count: Int, _ body: @Sendable (Int) throws(PinholeError) -> Value
    ) -> [Result<Value, PinholeError>] {
        [Result<Value, PinholeError>](unsafeUninitializedCapacity: count) { results, initialized in
            nonisolated(unsafe) let base = results.baseAddress
            DispatchQueue.concurrentPerform(iterations: count) { index in
                base?.advanced(by: index).initialize(to: Result { () throws(PinholeError) in try body(index) })
            }
            initialized = count
        }
    }

    /// The next blocks, the newest first: as many as are small enough together, and one at least.
    private func blocks(below bucket: Int64) throws(PinholeError) -> [(bucket: Int64, sealed: Data)] {
        try read { database -> [(bucket: Int64, sealed: Data)] in
            let sizes = try Row.fetchCursor(
                database,
                sql: """
                    SELECT bucket, length(content) AS size FROM searchBlock WHERE bucket < ?
                    ORDER BY bucket DESC LIMIT ?
                    """, arguments: [bucket, Self.blocksAtOnce])
            var first: Int64?
            var room = Self.bytesAtOnce
            while let row = try sizes.next() {
                let size = try row.decode(Int?.self, forColumn: "size") ?? 0
                guard first == nil || size <= room else { break }
                room -= min(size, room)
                first = try row.decode(Int64.self, forColumn: "bucket")
            }
            guard let first else { return [] }
            return try Row.fetchAll(
                database,
                sql: "SELECT bucket, content FROM searchBlock WHERE bucket < ? AND bucket >= ? ORDER BY bucket DESC",
                arguments: [bucket, first]
            ).map { (try $0.decode(forColumn: "bucket"), try $0.decode(forColumn: "content")) }
        }
    }

    /// The messages of these hits; those that are not certain only where the words are in them.
    private func messages(at hits: ArraySlice<Hit>, _ words: SearchWords) throws(PinholeError) -> [HistoryEntry] {
        guard !hits.isEmpty else { return [] }
        let marks = Array(repeating: "?", count: hits.count).joined(separator: ", ")
        let uncertain = Set(hits.filter { !$0.isCertain }.map(\.row))
        return try read { database in
            try rows(
                "message.id IN (\(marks))", hits.map(\.row), order: "DESC", limit: -1, database,
                where: { !uncertain.contains($0.place) || words.matches($0) })
        }
    }

    private static func open(_ sealed: Data, _ bucket: Int64, _ vault: Vault) throws(PinholeError) -> SearchBlock {
        guard let block = SearchBlock(bucket: bucket, bytes: try vault.open(sealed, for: .searchBlock(bucket))) else {
            throw PinholeError(.bug, "the search index cannot be read")
        }
        return block
    }

    /// About ten megabytes of chat …
    private static let blocksAtOnce = 64
    /// … and no more than this, of long messages.
    private static let bytesAtOnce = 16 << 20
}

extension SearchWords {
    fileprivate func matches(_ entry: HistoryEntry) -> Bool { matches(SearchText.folded(entry.message.text)) }
}

// MARK: Keeping what is searched

extension Store {
    /// All buckets below this one have their blocks; the messages of the others are opened one by one.
    private static func indexed(_ database: Database) throws -> Int64 {
        let indexed = try Int64.fetchOne(database, sql: "SELECT indexed FROM history") ?? 0
        guard indexed >= 0 else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        return indexed
    }

    /// Makes the blocks of all buckets that are full. Call it in each transaction that stores messages.
    static func index(_ database: Database, _ vault: Vault) throws {
        let newest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM message") ?? 0
        let full = SearchBlock.bucket(of: newest)
        let indexed = try indexed(database)
        guard indexed < full else { return }
        for bucket in indexed..<full {
            try write(makeBlock(of: bucket, database, vault), database, vault)
        }
        try database.execute(sql: "UPDATE history SET indexed = ?", arguments: [full])
    }

    /// The block of a bucket, of the messages that are there. They are opened one by one: 1024 of them can be long.
    ///
    /// What damage left in one keeps nobody from storing others: it is in the block without its text.
    private static func makeBlock(of bucket: Int64, _ database: Database, _ vault: Vault) throws -> SearchBlock {
        var entries: [SearchBlock.Entry] = []
        var room = SearchBlock.capacity
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM message WHERE id >= ? AND id < ? ORDER BY id",
            arguments: [SearchBlock.firstRow(of: bucket), SearchBlock.firstRow(of: bucket + 1)])
        while let row = try rows.next() {
            guard let contact = try? row.decode(Int64.self, forColumn: "contact") else { continue }
            let folded = (try? body(row, vault)).map { SearchText.folded(String(decoding: $0, as: UTF8.self)) } ?? []
            let text = folded.count <= room ? folded : SearchBlock.missing
            room -= min(text.count, room)
            entries.append(
                SearchBlock.Entry(row: try row.decode(forColumn: "id"), contact: contact, text: text))
        }
        return SearchBlock(bucket: bucket, entries)
    }

    private static func body(_ row: Row, _ vault: Vault) throws -> [UInt8] {
        try vault.open(row.decode(forColumn: "body"), for: try Message.bodyPlace(row))
    }

    private static func write(_ block: SearchBlock, _ database: Database, _ vault: Vault) throws {
        guard !block.isEmpty else {
            return try database.execute(sql: "DELETE FROM searchBlock WHERE bucket = ?", arguments: [block.bucket])
        }
        try database.execute(
            sql: "REPLACE INTO searchBlock (bucket, content) VALUES (?, ?)",
            arguments: [block.bucket, vault.seal(block.encoded, for: .searchBlock(block.bucket))])
    }

    /// Removes from the blocks what is no message any more. Call it in the transaction that deletes messages, with the
    /// buckets they were in.
    func forget(inBuckets buckets: some Sequence<Int64>, _ database: Database) throws {
        for bucket in buckets {
            let sealed = try Data.fetchOne(
                database, sql: "SELECT content FROM searchBlock WHERE bucket = ?", arguments: [bucket])
            guard let sealed else { continue }
            let rows = try Int64.fetchSet(
                database, sql: "SELECT id FROM message WHERE id >= ? AND id < ?",
                arguments: [SearchBlock.firstRow(of: bucket), SearchBlock.firstRow(of: bucket + 1)])
            guard let block = try? Self.open(sealed, bucket, vault) else {
                // It is damaged, and would keep what is in it from being deleted for ever.
                try Self.write(try Self.makeBlock(of: bucket, database, vault), database, vault)
                continue
            }
            let entries = block.entries(where: rows.contains)
            try Self.write(SearchBlock(bucket: bucket, entries), database, vault)
        }
    }
}

extension Vault.Place {
    static func searchBlock(_ bucket: Int64) -> Self { Self("searchBlock.content", bucket) }
}
