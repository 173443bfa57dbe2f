import GRDB

/// The database's tables. A migration that has been released never changes.
///
/// Numbers of 64 bits are stored as SQLite's signed ones with the same bits. What tells of people is sealed by the
/// ``Vault``: a column that is found by such a value has its tag.
enum Schema {
    static func migrator(_ identity: Identity, _ vault: Vault) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: version1)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: version2)
        }
        migrator.registerMigration("contact services") { database in
            try database.execute(sql: contactServices)
        }
        migrator.registerMigration("networks") { database in
            try database.execute(sql: networks)
        }
        migrator.registerMigration("sealed") { database in
            try seal(database, identity, vault)
        }
        migrator.registerMigration("events") { database in
            try database.execute(sql: events)
        }
        migrator.registerMigration("history") { database in
            try database.execute(sql: history)
            try Store.index(database, vault)
        }
        migrator.registerMigration("transfers") { database in
            try database.execute(sql: transfers)
        }
        migrator.registerMigration("delivery") { database in
            try database.execute(sql: delivery)
        }
        migrator.registerMigration("trust") { database in
            try database.execute(sql: trust)
        }
        migrator.registerMigration("sealed networks") { database in
            try database.execute(sql: sealedNetworks)
        }
        migrator.registerMigration("trusted time") { database in
            try database.execute(sql: trustedTime)
        }
        migrator.registerMigration("standing before") { database in
            try database.execute(sql: standingBefore)
        }
        migrator.registerMigration("sendings") { database in
            try database.execute(sql: sendings)
            try sealTokens(database, vault)
        }
        migrator.registerMigration("ended transfers") { database in
            try database.execute(sql: endedTransfers)
        }
        migrator.registerMigration("transfer tokens") { database in
            try database.execute(sql: transferTokens)
        }
        migrator.registerMigration("events of transfers") { database in
            try database.execute(sql: eventsOfTransfers)
        }
        return migrator
    }

    private static let trustedTime = """
        ALTER TABLE history ADD COLUMN trustedAt INTEGER;  -- the last time that a retention went by
        UPDATE history SET trustedAt = sightedAt;
        """

    static let delivery = """
        ALTER TABLE message ADD COLUMN failure TEXT;          -- why it failed
        ALTER TABLE message ADD COLUMN token TEXT;            -- of who asked for it, so that it is accepted once
        CREATE UNIQUE INDEX messageToken ON message (contact, token) WHERE token IS NOT NULL;
        CREATE INDEX messageUnread ON message (contact, id) WHERE direction = 'incoming' AND state = 'delivered';
        ALTER TABLE contact ADD COLUMN lastSeen INTEGER;      -- when a session was last up, unix milliseconds
        """

    private static let trust = """
        ALTER TABLE contact ADD COLUMN standing BLOB;      -- sealed: what keeps the two from talking, if anything

        CREATE TABLE invite (
            id INTEGER PRIMARY KEY,
            details BLOB NOT NULL                 -- sealed: the line, for whom it is, and who used it
        ) STRICT;
        """

    private static let standingBefore = """
        ALTER TABLE contact ADD COLUMN standingBefore BLOB;  -- sealed as standing is: of who is blocked, until he is not
        """

    private static let sendings = """
        CREATE TABLE sending (                    -- what was accepted for a contact, also when the message itself is gone
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            epoch INTEGER NOT NULL,
            counter INTEGER NOT NULL,
            tokenTag BLOB CHECK (length(tokenTag) = 16),  -- of who asked for it, so that it is accepted once
            message INTEGER REFERENCES message (id) ON DELETE SET NULL,
            state TEXT,                           -- how far the message had come when it was removed
            UNIQUE (contact, epoch, counter)
        ) STRICT;
        CREATE UNIQUE INDEX sendingToken ON sending (contact, tokenTag) WHERE tokenTag IS NOT NULL;
        CREATE INDEX sendingMessage ON sending (message) WHERE message IS NOT NULL;
        CREATE INDEX sendingRemoved ON sending (id) WHERE message IS NULL;
        """

    private static let endedTransfers = """
        ALTER TABLE transfer ADD COLUMN endedAt INTEGER;  -- unix milliseconds; of earlier versions' it is not known
        UPDATE transfer SET endedAt = createdAt WHERE state IN ('done', 'refused', 'failed');
        CREATE INDEX transferMissed ON transfer (contact, id) WHERE NOT isOutgoing AND state IN ('refused', 'failed');
        """

    private static let transferTokens = """
        CREATE TABLE transferToken (              -- of those who asked for a transfer, so that it is begun once
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            tag BLOB NOT NULL CHECK (length(tag) = 16),
            transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
            UNIQUE (contact, tag)
        ) STRICT;
        CREATE INDEX transferTokenTransfer ON transferToken (transfer);
        """

    /// A list of transfers asks of each why it ended; a contact's events are as many as its messages.
    private static let eventsOfTransfers = """
        CREATE INDEX eventTransfer ON event (contact, number) WHERE number IS NOT NULL;
        """

    private static let version1 = """
        CREATE TABLE contact (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            foldedName TEXT NOT NULL UNIQUE,      -- what makes two names the same
            key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
            addresses TEXT NOT NULL,              -- host:port, one a line
            isVerified INTEGER NOT NULL CHECK (isVerified IN (0, 1)),
            presharedKey BLOB CHECK (length(presharedKey) = 32),
            ownTimestamp INTEGER NOT NULL DEFAULT 0,            -- of the newest HELLO sent
            authenticatedTimestamp INTEGER NOT NULL DEFAULT 0,  -- of the newest HELLO authenticated
            epoch INTEGER NOT NULL,               -- of the outbox to this contact, random
            lastCounter INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        CREATE TABLE message (
            id INTEGER PRIMARY KEY,
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            direction TEXT NOT NULL CHECK (direction IN ('incoming', 'outgoing')),
            epoch INTEGER NOT NULL,
            counter INTEGER NOT NULL CHECK (counter > 0),
            body BLOB NOT NULL,                   -- UTF-8, which may hold NUL: TEXT would end there
            sentAt INTEGER NOT NULL,
            receivedAt INTEGER,
            state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'delivered', 'read', 'failed')),
            UNIQUE (contact, direction, epoch, counter)
        ) STRICT;
        CREATE INDEX messageHistory ON message (contact, id);
        CREATE INDEX messagePending ON message (contact, id) WHERE direction = 'outgoing' AND state IN ('queued', 'sent');

        CREATE TABLE transfer (
            id INTEGER PRIMARY KEY,
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            direction TEXT NOT NULL CHECK (direction IN ('incoming', 'outgoing')),
            number INTEGER NOT NULL,
            name TEXT NOT NULL,
            size INTEGER NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            path TEXT,                            -- the source; or the received file, once it has its name
            state TEXT NOT NULL CHECK (state IN ('offered', 'accepted', 'done', 'refused', 'failed')),
            createdAt INTEGER NOT NULL,
            UNIQUE (contact, direction, number)
        ) STRICT;
        """

    private static let version2 = """
        CREATE TABLE owner (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            key BLOB NOT NULL CHECK (length(key) = 32)  -- public: whose contacts and messages these are
        ) STRICT;
        """

    private static let contactServices = """
        ALTER TABLE contact ADD COLUMN services TEXT NOT NULL DEFAULT '';  -- pinhole-signal://…, one a line
        """

    /// What earlier versions began they sent in another way, so that none of it can go on.
    private static let transfers = """
        DROP TABLE transfer;
        CREATE TABLE transfer (
            id INTEGER PRIMARY KEY,
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            isOutgoing INTEGER NOT NULL CHECK (isOutgoing IN (0, 1)),
            number INTEGER NOT NULL,
            details BLOB NOT NULL,                -- sealed: the offer, what the source was, and the path
            state TEXT NOT NULL CHECK (state IN ('offered', 'accepted', 'done', 'refused', 'failed')),
            createdAt INTEGER NOT NULL,
            UNIQUE (contact, isOutgoing, number)
        ) STRICT;
        CREATE INDEX transferUnfinished ON transfer (contact, id) WHERE state IN ('offered', 'accepted');
        ALTER TABLE contact ADD COLUMN filePolicy TEXT;  -- null: as configured
        """

    private static let networks = """
        CREATE TABLE network (                    -- one that this machine was on
            id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
            family INTEGER NOT NULL CHECK (family IN (4, 6)),
            behavior INTEGER NOT NULL,            -- as in an introduction: mapping and filtering
            allocation INTEGER NOT NULL,          -- how external ports are given away, and those that were seen
            delta INTEGER NOT NULL,
            low INTEGER NOT NULL,
            high INTEGER NOT NULL,
            last INTEGER NOT NULL,
            hairpins INTEGER CHECK (hairpins IN (0, 1)),
            lifetime INTEGER,                     -- ms that an idle mapping lived, and after which it was gone
            lifetimeLimit INTEGER,
            time INTEGER NOT NULL,
            lifetimeTime INTEGER NOT NULL         -- 0: it was never measured
        ) STRICT;

        CREATE TABLE strategy (                   -- a way through two NATs that worked
            network BLOB NOT NULL CHECK (length(network) = 16),
            contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
            peerNetwork BLOB NOT NULL CHECK (length(peerNetwork) = 16),
            strategy INTEGER NOT NULL,
            time INTEGER NOT NULL,
            UNIQUE (network, contact, peerNetwork)
        ) STRICT;
        """

    private static let events = """
        CREATE TABLE event (
            cursor INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            contact INTEGER REFERENCES contact (id) ON DELETE CASCADE,
            message INTEGER REFERENCES message (id) ON DELETE CASCADE,
            direction TEXT,                       -- of the transfer
            number INTEGER,                       -- of the transfer
            detail BLOB                           -- sealed
        ) STRICT;
        CREATE INDEX eventContact ON event (contact) WHERE contact IS NOT NULL;
        CREATE INDEX eventMessage ON event (message) WHERE message IS NOT NULL;

        CREATE TABLE consumer (
            nameTag BLOB NOT NULL UNIQUE CHECK (length(nameTag) = 16),
            name BLOB NOT NULL,                   -- sealed
            cursor INTEGER NOT NULL,              -- the last event that it acknowledged
            seenAt INTEGER NOT NULL
        ) STRICT;
        """

    /// What was learned before is learned again: the identifiers of networks could be guessed.
    private static let sealedNetworks = """
        DELETE FROM network;
        DELETE FROM strategy;
        ALTER TABLE network ADD COLUMN name BLOB;   -- sealed; id is its tag
        ALTER TABLE strategy ADD COLUMN names BLOB; -- sealed: of both networks; network and peerNetwork are tags
        """

    private static let history = """
        CREATE TABLE searchBlock (                -- the folded texts of 1024 messages in a row
            bucket INTEGER PRIMARY KEY,
            content BLOB NOT NULL                 -- sealed
        ) STRICT;

        CREATE TABLE history (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            indexed INTEGER NOT NULL,             -- the buckets below it have their blocks
            sightedAt INTEGER,                    -- when the clock was looked at for the retention
            uptime INTEGER,                       -- ms since the start of the machine, then
            boot INTEGER                          -- which start that was
        ) STRICT;
        INSERT INTO history (id, indexed) VALUES (1, 0);

        ALTER TABLE consumer ADD COLUMN since INTEGER NOT NULL DEFAULT 0;  -- the cursor that it began with
        """
}
