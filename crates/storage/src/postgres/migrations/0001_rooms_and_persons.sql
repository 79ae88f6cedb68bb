-- Rooms and their logs; persons, their accounts, sessions and memberships; jobs. Times are
-- milliseconds since 1970. Times of service are the milliseconds for which servers have run on the
-- database. Ids of 64 unsigned bits are stored with their bits unchanged. Columns that are compared
-- or ordered have the collation "C": bytes, as in SQLite. A column that ends in `_key` or `_folded`
-- is another column without its case; Papo computes it.

-- One row, which also marks the schema as Papo's. `version` counts the migrations, and `home`
-- distinguishes this database from a copy. `epoch` names the history, and `relay_key` is the key of
-- its nodes. `served` is the time of service, and `setup_token` the hash of the one-time token.
-- `last_revocation` is the last revocation that ever was, `last_inbox` the last entry of an inbox.
-- While a moving instance fills the tables, `filling` is its epoch and `arrival` the number of this
-- filling; the moved file is marked with it before the end. No node serves the tables until then.
CREATE TABLE papo (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version         bigint  NOT NULL,
    epoch           bigint  NOT NULL,
    home            text    NOT NULL,
    relay_key       bytea   CHECK (octet_length(relay_key) = 32),
    served          bigint  NOT NULL DEFAULT 0,
    setup_token     bytea,
    last_revocation bigint  NOT NULL DEFAULT 0,
    last_inbox      bigint  NOT NULL DEFAULT 0,
    filling         bigint,
    arrival         bigint
);

-- A row for each node that stores batches: its last stored batch, and when, in the time of service.
-- A writer that lost the connection at a commit learns here what became of it.
CREATE TABLE node (
    id    bigint PRIMARY KEY,
    batch bigint NOT NULL,
    at    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

-- Kinds: 0 public, 1 members, 2 private, 3 direct. Only moderators post in an announcement room; a
-- room that isn't active is archived. `direct_key` has the people of a direct room. `last_seq` is
-- the log's end and `last_at` its time, `last_activity` the time of the last message.
-- The row's lock gives the log its order: a transaction that stores an event holds it until the
-- commit.
CREATE TABLE room (
    id                 bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name               text    NOT NULL,
    name_key           text    COLLATE "C" NOT NULL,
    description        text    NOT NULL,
    description_folded text    NOT NULL,
    is_active          boolean NOT NULL,
    created_at         bigint  NOT NULL,
    last_seq           bigint  NOT NULL DEFAULT 0,
    last_at            bigint  NOT NULL,
    last_activity      bigint,
    kind               smallint NOT NULL DEFAULT 0,
    is_announcement    boolean NOT NULL DEFAULT false,
    direct_key         text    COLLATE "C" UNIQUE
) WITH (fillfactor = 40);

CREATE INDEX room_by_name ON room (name_key);
-- A private room's name is nobody else's business, so it takes no name from others.
CREATE UNIQUE INDEX room_by_listed_name ON room (name_key) WHERE kind < 2;

-- A room's log is its messages and its events by seq: 1, 2, 3… without holes. A message is the
-- event that posted it, and stored once. `content` is the present text, NULL once the message is
-- deleted. `sender` is a person, who may be gone: the row keeps the name that they had. Storing an
-- event locks its room, so neither needs a check; `papo doctor` checks the room. The folded columns
-- are NULL where they would equal the originals.
CREATE TABLE message (
    room_id         bigint NOT NULL,
    seq             bigint NOT NULL CHECK (seq > 0),
    sender          bigint NOT NULL,
    username        text   NOT NULL,
    username_folded text,
    content         text,
    content_folded  text,
    timestamp       bigint NOT NULL,
    edited          bigint,
    client_id       text   COLLATE "C",
    PRIMARY KEY (room_id, seq)
);

CREATE UNIQUE INDEX message_by_client_id ON message (sender, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX message_by_timestamp ON message (timestamp, room_id, seq);

-- The other events: columns for what all kinds have, and the rest as JSON in `body`. `target` is
-- the seq of the message that the event is about. The kinds are in `crates/domain/src/event.rs`.
CREATE TABLE event (
    room_id bigint   NOT NULL,
    seq     bigint   NOT NULL CHECK (seq > 0),
    kind    smallint NOT NULL,
    target  bigint   CHECK (target < seq),
    at      bigint   NOT NULL,
    body    text,
    PRIMARY KEY (room_id, seq)
);

-- Somebody who has a session, an account or both; a guest has no account. `settings` is JSON; what
-- it has is in `crates/domain/src/person_settings.rs`.
CREATE TABLE person (
    id            bigint PRIMARY KEY,
    last_username text,
    created_at    bigint NOT NULL,
    settings      text   NOT NULL DEFAULT '{}'
);

-- A suspended account can't sign in, and keeps its name.
CREATE TABLE account (
    id           bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    bigint  NOT NULL UNIQUE REFERENCES person (id),
    name         text    NOT NULL,
    name_key     text    COLLATE "C" NOT NULL,
    skeleton     text    COLLATE "C" NOT NULL UNIQUE,
    password     text    NOT NULL,
    is_admin     boolean NOT NULL,
    is_suspended boolean NOT NULL DEFAULT false,
    created_at   bigint  NOT NULL
);

-- One-time links for another password. `token` is the SHA-256 of what the link carries, and the link
-- holds until `until` in the time of service.
CREATE TABLE password_link (
    account_id bigint PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    token      bytea  NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    until      bigint NOT NULL
);

-- A device. It is signed in exactly when its person has an account. `token` is the SHA-256 of what
-- the cookie carries; `last_used` is in the time of service. `device` is its browser and system.
CREATE TABLE session (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token      bytea  NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    person_id  bigint NOT NULL REFERENCES person (id),
    last_used  bigint NOT NULL,
    created_at bigint NOT NULL,
    device     text   NOT NULL DEFAULT ''
);

CREATE INDEX session_by_person ON session (person_id);
CREATE INDEX session_by_last_used ON session (last_used);

-- Offers to sign in on another device, which hold until `until` in the time of service. `token` is
-- the SHA-256 of what the offer's address carries, `taker` that of what the other device keeps.
-- Both devices show `code`. Offers live for minutes, and aren't moved with an instance.
CREATE TABLE offer (
    token        bytea   PRIMARY KEY CHECK (octet_length(token) = 32),
    session_id   bigint  NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    until        bigint  NOT NULL,
    taker        bytea   CHECK (octet_length(taker) = 32),
    code         bigint,
    device       text    NOT NULL DEFAULT '',
    is_confirmed boolean NOT NULL DEFAULT false
);

CREATE INDEX offer_by_session ON offer (session_id);

-- `likeness` has the skeletons of the accounts for which the name could be mistaken, each between
-- two spaces. Making an account searches it. Roles: 0 member, 1 moderator. `read_seq` is the last
-- event that the person has read, at first the log's end. `read_version` grows whenever they mark
-- messages as unread. `level` says what they are notified of: 0 everything,
-- 1 mentions, 2 nothing, 3 nothing and the room isn't listed.
CREATE TABLE membership (
    person_id    bigint   NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    room_id      bigint   NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    username     text     NOT NULL,
    likeness     text     COLLATE "C" NOT NULL,
    joined_at    bigint   NOT NULL,
    role         smallint NOT NULL DEFAULT 0,
    read_seq     bigint   NOT NULL DEFAULT 0,
    read_version bigint   NOT NULL DEFAULT 0,
    level        smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (person_id, room_id)
);

CREATE INDEX membership_by_room ON membership (room_id);

-- People whom a moderator keeps out of a room, with the name that they had there.
CREATE TABLE ban (
    room_id   bigint NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    username  text   NOT NULL,
    at        bigint NOT NULL,
    PRIMARY KEY (room_id, person_id)
);

CREATE INDEX ban_by_person ON ban (person_id);

-- Links by which people join a room. `token` is the SHA-256 of the secret in the link. `id` is
-- random, and `expires_at` in the time of service.
CREATE TABLE invitation (
    id         bigint PRIMARY KEY,
    token      bytea  NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    room_id    bigint NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    uses_left  bigint NOT NULL CHECK (uses_left >= 0)
);

CREATE INDEX invitation_by_room ON invitation (room_id);

-- Rights that ended, in the order of the commits; every node reads on here. Kinds: 1 left
-- `room_id`, 2 the session `session_id` ended, 3 renamed in `room_id` to `username`, 4 the place's
-- settings have changed, for everybody. `at` is in the time of service.
CREATE TABLE revocation (
    id         bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id  bigint   NOT NULL,
    kind       smallint NOT NULL,
    room_id    bigint,
    session_id bigint,
    username   text,
    at         bigint   NOT NULL
);

-- What else changed for persons, in the order of the commits; every node reads on here. Kinds: 1
-- joined `room_id`, 2 the read position in `room_id` has moved, 3 has another role in `room_id`.
-- `at` is in the time of service.
CREATE TABLE inbox (
    id        bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint   NOT NULL,
    kind      smallint NOT NULL,
    room_id   bigint   NOT NULL,
    at        bigint   NOT NULL
);

CREATE INDEX inbox_by_at ON inbox (at);

-- Work for later, which any node does. A queue holds one kind of job, and has one job under each
-- `key`. `payload` is JSON. States: 0 waiting, 1 done, 2 dead. `due_at` is in the time of service:
-- a node may take a waiting job from then on, and the other jobs are forgotten then. While a node
-- works on a job, `lease` is the number of its lease, and `due_at` the lease's end.
CREATE TABLE job (
    id         bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue      text     COLLATE "C" NOT NULL,
    key        text     COLLATE "C" NOT NULL,
    payload    text     NOT NULL,
    state      smallint NOT NULL DEFAULT 0,
    due_at     bigint   NOT NULL,
    attempts   bigint   NOT NULL DEFAULT 0,
    last_error text,
    lease      bigint,
    UNIQUE (queue, key)
);

CREATE INDEX job_by_state ON job (state, queue, due_at);

-- The settings of the place: one row, or none while they are the default ones. `version` counts the
-- changes. `settings` is the JSON of `Place` in `crates/domain/src/place.rs`.
CREATE TABLE place (
    id       bigint PRIMARY KEY CHECK (id = 1),
    version  bigint NOT NULL,
    settings text   NOT NULL
);

-- What administrators and moderators did. `person_id` is NULL for a command and for the program
-- itself; otherwise `name` is the name of the person's account then. `detail` is the JSON of the act
-- in `crates/domain/src/audit.rs`, and `act` its code. `served` is in the time of service.
CREATE TABLE audit (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        bigint NOT NULL,
    served    bigint NOT NULL,
    person_id bigint,
    name      text   NOT NULL,
    name_key  text   COLLATE "C" NOT NULL,
    act       text   COLLATE "C" NOT NULL,
    detail    text   NOT NULL
);

CREATE INDEX audit_by_served ON audit (served);
