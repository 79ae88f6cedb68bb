-- A message is the event that posted it: it is stored once. `event` keeps the other kinds: 2 edited and 3 deleted (`target` is the
-- message's seq), 4 room (the room's state after it). A room's log is its messages and its events by seq: 1, 2, 3… without holes.
DELETE FROM event WHERE kind = 1;
