-- What takes rights away from sessions, in the order of the commits: every node reads on here. Kinds: 1 left `room_id`, 2 the session
-- ended, 3 renamed in `room_id` to `username`. The time is the server's.

CREATE TABLE revocation (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id bigint      NOT NULL,
    room_id    bigint      CHECK ((room_id IS NULL) = (kind = 2)),
    kind       smallint    NOT NULL CHECK (kind BETWEEN 1 AND 3),
    username   text        CHECK ((username IS NULL) = (kind <> 3)),
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The last that there ever was, also when it has been forgotten.
ALTER TABLE papo ADD COLUMN last_revocation bigint NOT NULL DEFAULT 0;
