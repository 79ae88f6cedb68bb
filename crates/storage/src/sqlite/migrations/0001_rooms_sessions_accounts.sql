-- Rooms and their logs, sessions and what they are in, accounts.
-- Times are milliseconds since 1970; ids of 64 unsigned bits are kept with their bits as they are.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- `name_key` is the name without its case. `last_seq` is the log's end, `last_activity` the time of the last message.
CREATE TABLE room (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL,
    name_key      TEXT    NOT NULL UNIQUE,
    description   TEXT    NOT NULL,
    is_active     INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at    INTEGER NOT NULL,
    last_seq      INTEGER NOT NULL DEFAULT 0,
    last_activity INTEGER
) STRICT;

-- A room's log. Kinds: 1 posted (the message has the event's own seq), 2 edited and 3 deleted (`target` is the
-- message's seq), 4 room (the room's state after it). Seqs of a room are 1, 2, 3… without holes.
CREATE TABLE event (
    room_id     INTEGER NOT NULL REFERENCES room (id),
    seq         INTEGER NOT NULL CHECK (seq > 0),
    kind        INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
    target      INTEGER CHECK (target < seq),
    at          INTEGER NOT NULL,
    name        TEXT,
    description TEXT,
    is_active   INTEGER,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

-- `content` is the present text; NULL once the message is deleted. Each has the event that posted it, and so a room;
-- `papo doctor` looks, so that storing a message needn't.
CREATE TABLE message (
    room_id   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    sender    INTEGER NOT NULL,
    username  TEXT    NOT NULL,
    content   TEXT,
    timestamp INTEGER NOT NULL,
    edited    INTEGER,
    client_id TEXT,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX message_by_client_id ON message (sender, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX message_by_timestamp ON message (timestamp);

CREATE TABLE account (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    skeleton   TEXT    NOT NULL UNIQUE,
    password   TEXT    NOT NULL,
    sender     INTEGER NOT NULL,
    is_admin   INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

-- `token` is the SHA-256 of what the cookie carries.
CREATE TABLE session (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    token         BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    sender        INTEGER NOT NULL,
    account_id    INTEGER REFERENCES account (id) ON DELETE CASCADE,
    last_username TEXT,
    last_used     INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE membership (
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    room_id    INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    username   TEXT    NOT NULL,
    skeleton   TEXT    NOT NULL,
    joined_at  INTEGER NOT NULL,
    PRIMARY KEY (session_id, room_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX membership_by_skeleton ON membership (skeleton);
