-- What takes rights away from sessions, in the order of the commits: every node that shares the database reads on here.
-- Kinds: 1 left `room_id`, 2 the session ended, 3 renamed in `room_id` to `username`. The time is the database's own, in milliseconds.

CREATE TABLE revocation (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL,
    room_id    INTEGER CHECK ((room_id IS NULL) = (kind = 2)),
    kind       INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    username   TEXT CHECK ((username IS NULL) = (kind <> 3)),
    at         INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER))
) STRICT;
