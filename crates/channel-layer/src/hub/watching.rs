//! How connections watch rooms, and learn of their heads.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use papo_domain::{PersonId, RoomId, Seq};
use tokio::time::Instant;

use crate::{Connection, Head, Hub, Move, Moves, Notice, Signal};

impl Hub {
    /// Makes a connection watch rooms. It gets their heads, and takes no part in them. Call it
    /// before the ends of their logs are read, and [`Self::begin_heads`] then.
    pub fn watch(&self, connection: &Arc<Connection>, rooms: &[RoomId]) {
        self.watches.add(connection, rooms);
    }

    /// Ends the watching of a room. When this returns, the task gets no more heads of it.
    pub fn unwatch(&self, connection: &Connection, room: RoomId) {
        self.watches.remove(connection, room);
    }

    /// Notes the end of a room's log, as a watcher has read it. Heads begin there.
    pub fn begin_heads(&self, room: RoomId, end: Seq) {
        self.watches.begin(room, end);
    }

    /// The last event of which the watchers of a room have been told, if that is known.
    pub fn told(&self, room: RoomId) -> Option<Seq> {
        self.watches.told(room)
    }

    /// Gives a person's connections that watch rooms the notice that something has changed for them
    /// in this one.
    pub fn notice_inbox(&self, person: PersonId, room: RoomId) {
        for connection in self.of_person(person) {
            if connection.is_watching() {
                connection.notice(Notice::Inbox(room));
            }
        }
    }

    /// How many of a person's connections watch rooms.
    pub fn watcher_count(&self, person: PersonId) -> usize {
        let connections = self.of_person(person).into_iter();
        let watching = connections.filter(|connection| connection.is_watching());
        watching.count()
    }

    /// Has a person's connections that watch rooms tell of all rooms again.
    pub fn repeat_rooms(&self, person: PersonId) {
        for connection in self.of_person(person) {
            connection.lose_heads();
        }
    }

    /// The connections that watch rooms.
    pub fn watchers(&self) -> Vec<Arc<Connection>> {
        let connections = self.connections.lock();
        let all = connections.values().flat_map(HashMap::values);
        let watching = all.filter(|connection| connection.is_watching());
        watching.map(Arc::clone).collect()
    }

    /// The watched rooms.
    pub fn watched_rooms(&self) -> Vec<RoomId> {
        self.watches.ids()
    }

    /// Whether [`Self::note_moves`] has any effect. Takes no lock.
    pub fn wants_moves(&self) -> bool {
        self.has_relay() || !self.watches.is_empty()
    }

    /// Notes events of a room that this node has stored, in order.
    pub fn note_moves(&self, room: RoomId, moves: Vec<(Seq, Move)>) {
        self.watches.note(room, &moves);
        if self.has_relay() {
            self.stored.lock().add(room, moves);
        }
    }

    /// Tells the other nodes of the events that this one has stored since the last time.
    pub fn tell_moves(&self) {
        let stored = self.stored.lock().take();
        if !stored.is_empty() {
            self.tell(Signal::Heads(stored));
        }
    }

    /// Notes events that another node has stored.
    pub fn hear_moves(&self, moves: &Moves) {
        for (room, moves) in moves {
            self.watches.hear(*room, moves);
        }
    }

    /// Notes where the database says that a room's log ends.
    pub fn note_end(&self, room: RoomId, end: Seq) {
        self.watches.reach(room, end);
    }

    /// Makes the due heads, with at most `most` senders each, and gives them to the watchers.
    /// Returns the connections that have heads now; [`Connection::write_heads`] must follow for
    /// each.
    pub fn make_heads(
        &self,
        now: Instant,
        most: usize,
        encode: impl Fn(&Head) -> Bytes,
    ) -> Vec<Arc<Connection>> {
        let mut connections = Vec::new();
        for room in self.watches.take_moved() {
            if !room.is_watched() {
                continue;
            }
            if let Some(head) = room.head(now, most) {
                room.give(&encode(&head), &mut connections);
            }
            self.watches.list(&room);
        }
        connections
    }
}
