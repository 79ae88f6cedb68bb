//! All live rooms, and all connections.

#[cfg(test)]
mod tests;
mod watching;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use papo_domain::{PersonId, RoomId, Seq, SessionId, Username};
use tokio::time::Instant;

use crate::heads::Stored;
use crate::shard::Seat;
use crate::sync::{Mutex, RwLock};
use crate::watches::Watches;
use crate::{
    Connection, ConnectionId, LiveRoom, NodeId, Notice, People, Present, Relay, Signal, TailLimits,
    Wants,
};

/// The live rooms of this process, by id, and its connections, by person.
#[derive(Debug, Default)]
pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<LiveRoom>>>,
    connections: Mutex<HashMap<PersonId, HashMap<ConnectionId, Arc<Connection>>>>,
    limits: TailLimits,
    all_bytes: Arc<AtomicUsize>,
    watches: Watches,
    /// What this node stored since it last told the others.
    stored: Mutex<Stored>,
    /// The way to the other nodes, if there are any.
    relay: Option<Arc<dyn Relay>>,
    /// The version of the last list of people that other nodes got.
    people_version: AtomicU64,
}

/// A connection that follows a room, for as long as this lives.
#[derive(Debug)]
pub struct Follower {
    hub: Arc<Hub>,
    /// The room.
    pub room: Arc<LiveRoom>,
    seat: Arc<Seat>,
}

impl Follower {
    /// The last seq that the connection has.
    pub fn cursor(&self) -> Seq {
        self.seat.cursor()
    }

    /// Moves the cursor. Only the connection's task does, while it is awake (see
    /// [`Connection::hold`]).
    pub fn set_cursor(&self, cursor: Seq) {
        self.seat.set_cursor(cursor);
    }
}

impl Hub {
    /// A hub with these limits.
    pub fn new(limits: TailLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// A hub with these limits, on one node of several.
    pub fn with_relay(limits: TailLimits, relay: Option<Arc<dyn Relay>>) -> Self {
        Self {
            relay,
            ..Self::new(limits)
        }
    }

    /// Whether there may be other nodes.
    pub fn has_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// Sends a signal to the other nodes, if there are any.
    pub fn tell(&self, signal: Signal) {
        if let Some(relay) = &self.relay {
            relay.tell(signal);
        }
    }

    /// Makes a connection follow a room, which becomes live if it wasn't. Then its tail must be
    /// opened (see [`LiveRoom::is_open`]). The connection's task is awake, and sets the cursor
    /// before it rests.
    pub fn follow(
        self: &Arc<Self>,
        id: RoomId,
        connection: &Arc<Connection>,
        username: Username,
        wants: Wants,
        now: Instant,
    ) -> Follower {
        let mut rooms = self.rooms.write();
        let new = || {
            // Under the lock, so that it can't come before an `unfollow` of the room's earlier
            // life.
            if let Some(relay) = &self.relay {
                relay.follow(id);
            }
            Arc::new(LiveRoom::new(id, self.limits, Arc::clone(&self.all_bytes)))
        };
        let room = Arc::clone(rooms.entry(id).or_insert_with(new));
        let seat = Arc::new(Seat::new(Arc::clone(connection), wants));
        room.add(Arc::clone(&seat), username, now);
        Follower {
            hub: Arc::clone(self),
            room,
            seat,
        }
    }

    /// A live room.
    pub fn room(&self, id: RoomId) -> Option<Arc<LiveRoom>> {
        self.rooms.read().get(&id).map(Arc::clone)
    }

    /// All live rooms.
    pub fn rooms(&self) -> Vec<Arc<LiveRoom>> {
        self.rooms.read().values().map(Arc::clone).collect()
    }

    /// How many people are online in a room.
    pub fn online(&self, id: RoomId) -> usize {
        self.room(id).map_or(0, |room| room.online())
    }

    /// Sends due changes of people to each room's followers and to the other nodes, with at most
    /// `most` people by name.
    pub fn refresh_presence(
        &self,
        now: Instant,
        most: usize,
        encode: impl Fn(RoomId, usize, Vec<Present>) -> Bytes,
    ) {
        for room in self.rooms() {
            room.refresh_presence(now, most, &encode);
            if self.relay.is_some() {
                let chance = self.people_version.load(Ordering::Relaxed) * 31;
                if let Some((online, people)) = room.people_to_tell(now, most, chance) {
                    self.tell_people(room.id, online, people);
                }
            }
        }
    }

    /// Takes another node's list of a room's people.
    pub fn hear_people(&self, node: NodeId, room: RoomId, people: People, now: Instant) {
        if let Some(room) = self.room(room) {
            room.hear_people(node, people, now);
        }
    }

    /// Removes the people of a node that has stopped.
    pub fn stop_node(&self, node: NodeId, now: Instant) {
        for room in self.rooms() {
            room.stop_node(node, now);
        }
    }

    /// Sends the lists of people to the other nodes soon, since they may have missed some.
    pub fn tell_people_soon(&self, now: Instant) {
        for room in self.rooms() {
            room.tell_people_soon(now);
        }
    }

    /// Adds a connection, so that notices reach it.
    pub fn connect(&self, connection: &Arc<Connection>) {
        let mut connections = self.connections.lock();
        let of_person = connections.entry(connection.person).or_default();
        of_person.insert(connection.id, Arc::clone(connection));
    }

    /// Forgets a connection, and what it watches.
    pub fn disconnect(&self, connection: &Connection) {
        self.watches.remove_all(connection);
        let mut connections = self.connections.lock();
        if let Some(of_person) = connections.get_mut(&connection.person) {
            of_person.remove(&connection.id);
            if of_person.is_empty() {
                connections.remove(&connection.person);
            }
        }
    }

    /// Gives all of a person's connections a notice; see [`Connection::notice`].
    pub fn notice(&self, person: PersonId, notice: &Notice) {
        for connection in self.of_person(person) {
            connection.notice(notice.clone());
        }
    }

    /// Gives the connections of one of a person's sessions the notice that it has ended.
    pub fn end_session(&self, person: PersonId, session: SessionId) {
        let mut connections = self.of_person(person);
        connections.retain(|connection| connection.session == session);
        for connection in connections {
            connection.notice(Notice::SessionEnded);
        }
    }

    /// Gives every connection a notice.
    pub fn notice_all(&self, notice: &Notice) {
        let persons: Vec<_> = self.connections.lock().keys().copied().collect();
        for person in persons {
            self.notice(person, notice);
        }
    }

    /// How many connections there are.
    pub fn connection_count(&self) -> usize {
        self.connections.lock().values().map(HashMap::len).sum()
    }

    /// How many connections one of a person's sessions has.
    pub fn session_connection_count(&self, person: PersonId, session: SessionId) -> usize {
        let connections = self.of_person(person).into_iter();
        connections
            .filter(|connection| connection.session == session)
            .count()
    }

    /// Bytes of all tails.
    pub fn tail_bytes(&self) -> usize {
        self.all_bytes.load(Ordering::Relaxed)
    }

    fn tell_people(&self, room: RoomId, online: usize, people: Vec<Present>) {
        let people = People {
            version: self.people_version.fetch_add(1, Ordering::Relaxed) + 1,
            online,
            people,
        };
        self.tell(Signal::People(room, people));
    }

    /// A person's connections.
    fn of_person(&self, person: PersonId) -> Vec<Arc<Connection>> {
        let connections = self.connections.lock();
        connections
            .get(&person)
            .map_or_else(Vec::new, |all| all.values().map(Arc::clone).collect())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // A delivery in progress may still have the old list of seats; this keeps it from writing
        // to this one.
        self.seat.set_cursor(Seq(i64::MAX));
        let mut rooms = self.hub.rooms.write();
        if self.room.remove(&self.seat, Instant::now()) {
            let id = self.room.id;
            rooms.remove(&id);
            if let Some(relay) = &self.hub.relay {
                self.hub.tell_people(id, 0, Vec::new());
                relay.unfollow(id);
            }
        }
    }
}
