-- Rooms and their logs; persons, their accounts, sessions and memberships; jobs. Times are
-- milliseconds since 1970. Times of service are the milliseconds for which servers have run on the
-- database. Ids of 64 unsigned bits are stored with their bits unchanged.

-- `epoch` names the history, and `relay_key` is the key of its nodes. `served` is the time of
-- service, and `setup_token` the hash of the one-time token.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- `name_key` is the name without its case. Kinds: 0 public, 1 members, 2 private, 3 direct. Only
-- moderators post in an announcement room; a room that isn't active is archived. `direct_key` has
-- the people of a direct room. `last_seq` is the log's end and `last_at` its time, `last_activity`
-- the time of the last message.
CREATE TABLE room (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT    NOT NULL,
    name_key        TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    is_active       INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at      INTEGER NOT NULL,
    last_seq        INTEGER NOT NULL DEFAULT 0,
    last_at         INTEGER NOT NULL,
    last_activity   INTEGER,
    kind            INTEGER NOT NULL DEFAULT 0,
    is_announcement INTEGER NOT NULL DEFAULT 0 CHECK (is_announcement IN (0, 1)),
    direct_key      TEXT    UNIQUE
) STRICT;

CREATE INDEX room_by_name ON room (name_key);
-- A private room's name is nobody else's business, so it takes no name from others.
CREATE UNIQUE INDEX room_by_listed_name ON room (name_key) WHERE kind < 2;

-- A room's log is its messages and its events by seq: 1, 2, 3… without holes. A message is the
-- event that posted it, and stored once. `content` is the present text, NULL once the message is
-- deleted. `sender` is a person, who may be gone: the row keeps the name that they had. Storing a
-- message checks neither the person nor the room; `papo doctor` checks the room.
CREATE TABLE message (
    room_id   INTEGER NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq > 0),
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

-- The other events: columns for what all kinds have, and the rest as JSON in `body`. `target` is
-- the seq of the message that the event is about. The kinds are in `crates/domain/src/event.rs`.
CREATE TABLE event (
    room_id INTEGER NOT NULL REFERENCES room (id),
    seq     INTEGER NOT NULL CHECK (seq > 0),
    kind    INTEGER NOT NULL,
    target  INTEGER CHECK (target < seq),
    at      INTEGER NOT NULL,
    body    TEXT,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

-- Somebody who has a session, an account or both; a guest has no account. `settings` is JSON; what
-- it has is in `crates/domain/src/person_settings.rs`.
CREATE TABLE person (
    id            INTEGER PRIMARY KEY,
    last_username TEXT,
    created_at    INTEGER NOT NULL,
    settings      TEXT    NOT NULL DEFAULT '{}'
) STRICT;

-- A suspended account can't sign in, and keeps its name.
CREATE TABLE account (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id    INTEGER NOT NULL UNIQUE REFERENCES person (id),
    name         TEXT    NOT NULL,
    skeleton     TEXT    NOT NULL UNIQUE,
    password     TEXT    NOT NULL,
    is_admin     INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    is_suspended INTEGER NOT NULL DEFAULT 0 CHECK (is_suspended IN (0, 1)),
    created_at   INTEGER NOT NULL
) STRICT;

-- One-time links for another password. `token` is the SHA-256 of what the link carries, and the link
-- holds until `until` in the time of service.
CREATE TABLE password_link (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    until      INTEGER NOT NULL
) STRICT;

-- A device. It is signed in exactly when its person has an account. `token` is the SHA-256 of what
-- the cookie carries; `last_used` is in the time of service. `device` is its browser and system.
CREATE TABLE session (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    person_id  INTEGER NOT NULL REFERENCES person (id),
    last_used  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    device     TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX session_by_person ON session (person_id);
CREATE INDEX session_by_last_used ON session (last_used);

-- Offers to sign in on another device, which hold until `until` in the time of service. `token` is
-- the SHA-256 of what the offer's address carries, `taker` that of what the other device keeps.
-- Both devices show `code`. Offers live for minutes, and aren't moved with an instance.
CREATE TABLE offer (
    token        BLOB    PRIMARY KEY CHECK (length(token) = 32),
    session_id   INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    until        INTEGER NOT NULL,
    taker        BLOB    CHECK (length(taker) = 32),
    code         INTEGER,
    device       TEXT    NOT NULL DEFAULT '',
    is_confirmed INTEGER NOT NULL DEFAULT 0 CHECK (is_confirmed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX offer_by_session ON offer (session_id);

-- `likeness` has the skeletons of the accounts for which the name could be mistaken, each between
-- two spaces. Making an account searches it. Roles: 0 member, 1 moderator. `read_seq` is the last
-- event that the person has read, at first the log's end. `read_version` grows whenever they mark
-- messages as unread. `level` says what they are notified of: 0 everything,
-- 1 mentions, 2 nothing, 3 nothing and the room isn't listed.
CREATE TABLE membership (
    person_id    INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    room_id      INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    username     TEXT    NOT NULL,
    likeness     TEXT    NOT NULL,
    joined_at    INTEGER NOT NULL,
    role         INTEGER NOT NULL DEFAULT 0,
    read_seq     INTEGER NOT NULL DEFAULT 0,
    read_version INTEGER NOT NULL DEFAULT 0,
    level        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person_id, room_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX membership_by_room ON membership (room_id);

-- People whom a moderator keeps out of a room, with the name that they had there.
CREATE TABLE ban (
    room_id   INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    username  TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (room_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ban_by_person ON ban (person_id);

-- Links by which people join a room. `token` is the SHA-256 of the secret in the link. `id` is
-- random, and `expires_at` in the time of service.
CREATE TABLE invitation (
    id         INTEGER PRIMARY KEY,
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    room_id    INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uses_left  INTEGER NOT NULL CHECK (uses_left >= 0)
) STRICT;

CREATE INDEX invitation_by_room ON invitation (room_id);

-- Rights that ended, in the order of the commits; every node reads on here. Kinds: 1 left
-- `room_id`, 2 the session `session_id` ended, 3 renamed in `room_id` to `username`, 4 the place's
-- settings have changed, for everybody. `at` is in the time of service.
CREATE TABLE revocation (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id  INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    room_id    INTEGER,
    session_id INTEGER,
    username   TEXT,
    at         INTEGER NOT NULL
) STRICT;

-- What else changed for persons, in the order of the commits; every node reads on here. Kinds: 1
-- joined `room_id`, 2 the read position in `room_id` has moved, 3 has another role in `room_id`.
-- `at` is in the time of service.
CREATE TABLE inbox (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    room_id   INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

CREATE INDEX inbox_by_at ON inbox (at);

-- Work for later, which any node does. A queue holds one kind of job, and has one job under each
-- `key`. `payload` is JSON. States: 0 waiting, 1 done, 2 dead. `due_at` is in the time of service:
-- a node may take a waiting job from then on, and the other jobs are forgotten then. While a node
-- works on a job, `lease` is the number of its lease, and `due_at` the lease's end.
CREATE TABLE job (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    queue      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    lease      INTEGER,
    UNIQUE (queue, key)
) STRICT;

CREATE INDEX job_by_state ON job (state, queue, due_at);

-- The settings of the place: one row, or none while they are the default ones. `version` counts the
-- changes. `settings` is the JSON of `Place` in `crates/domain/src/place.rs`.
CREATE TABLE place (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    version  INTEGER NOT NULL,
    settings TEXT    NOT NULL
) STRICT;

-- What administrators and moderators did. `person_id` is NULL for a command and for the program
-- itself; otherwise `name` is the name of the person's account then. `detail` is the JSON of the act
-- in `crates/domain/src/audit.rs`, and `act` its code. `served` is in the time of service.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    served    INTEGER NOT NULL,
    person_id INTEGER,
    name      TEXT    NOT NULL,
    act       TEXT    NOT NULL,
    detail    TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_by_served ON audit (served);
