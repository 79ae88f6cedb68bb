-- Rooms and their logs, sessions and what they are in, accounts.
-- Times are milliseconds since 1970; ids of 64 unsigned bits are kept with their bits as they are. Columns that are compared or
-- ordered have the collation "C": bytes, as in every other database of Papo's. What ends in `_key` or `_folded` is another
-- column without its case, made by Papo.

-- One row, which also marks the schema as Papo's. `version` counts the migrations, `home` tells this database from a copy of it.
CREATE TABLE papo (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version     bigint  NOT NULL,
    epoch       bigint  NOT NULL,
    home        text    NOT NULL,
    setup_token bytea
);

-- A row for each node that stores batches: the last batch that it has stored. Whoever lost the connection at a commit
-- learns here what became of it.
CREATE TABLE node (
    id    bigint      PRIMARY KEY,
    batch bigint      NOT NULL,
    at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

-- `last_seq` is the log's end and `last_at` its time, `last_activity` the time of the last message. The row's lock gives the
-- log its order: whoever stores an event holds it until the commit.
CREATE TABLE room (
    id                 bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name               text    NOT NULL,
    name_key           text    COLLATE "C" NOT NULL UNIQUE,
    description        text    NOT NULL,
    description_folded text    NOT NULL,
    is_active          boolean NOT NULL,
    created_at         bigint  NOT NULL,
    last_seq           bigint  NOT NULL DEFAULT 0,
    last_at            bigint  NOT NULL,
    last_activity      bigint
) WITH (fillfactor = 40);

-- A room's log. Kinds: 1 posted (the message has the event's own seq), 2 edited and 3 deleted (`target` is the
-- message's seq), 4 room (the room's state after it). Seqs of a room are 1, 2, 3… without holes. Its room is locked when an
-- event is stored, so that it needn't be looked for; `papo doctor` looks.
CREATE TABLE event (
    room_id     bigint   NOT NULL,
    seq         bigint   NOT NULL CHECK (seq > 0),
    kind        smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
    target      bigint   CHECK (target < seq),
    at          bigint   NOT NULL,
    name        text,
    description text,
    is_active   boolean,
    PRIMARY KEY (room_id, seq)
);

-- `content` is the present text; NULL once the message is deleted. The folded columns are NULL where they would say the same.
CREATE TABLE message (
    room_id         bigint NOT NULL,
    seq             bigint NOT NULL,
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

CREATE TABLE account (
    id         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text    NOT NULL,
    name_key   text    COLLATE "C" NOT NULL,
    skeleton   text    COLLATE "C" NOT NULL UNIQUE,
    password   text    NOT NULL,
    sender     bigint  NOT NULL,
    is_admin   boolean NOT NULL,
    created_at bigint  NOT NULL
);

-- `token` is the SHA-256 of what the cookie carries.
CREATE TABLE session (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token         bytea  NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    sender        bigint NOT NULL,
    account_id    bigint REFERENCES account (id) ON DELETE CASCADE,
    last_username text,
    last_used     bigint NOT NULL,
    created_at    bigint NOT NULL
);

CREATE INDEX session_by_last_used ON session (last_used);

CREATE TABLE membership (
    session_id bigint NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    room_id    bigint NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    username   text   NOT NULL,
    skeleton   text   COLLATE "C" NOT NULL,
    joined_at  bigint NOT NULL,
    PRIMARY KEY (session_id, room_id)
);

CREATE INDEX membership_by_skeleton ON membership (skeleton);
