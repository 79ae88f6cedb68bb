//! All rooms that are followed, and all connections.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use papo_domain::{RoomId, Seq, SessionId, Username};
use tokio::time::Instant;

use crate::shard::Seat;
use crate::sync::{Mutex, RwLock};
use crate::{
    Connection, ConnectionId, LiveRoom, NodeId, Notice, People, Present, Relay, Signal, TailLimits,
    Wants,
};

/// The live rooms of this process, by id, and its connections, by session.
#[derive(Debug, Default)]
pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<LiveRoom>>>,
    connections: Mutex<HashMap<SessionId, HashMap<ConnectionId, Arc<Connection>>>>,
    limits: TailLimits,
    all_bytes: Arc<AtomicUsize>,
    /// The way to the other nodes, if there are any.
    relay: Option<Arc<dyn Relay>>,
    /// How often the other nodes have been told of people.
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
    /// The last seq that the connection has got.
    pub fn cursor(&self) -> Seq {
        self.seat.cursor()
    }

    /// Moves the cursor; for the connection's task, while it is awake (see [`Connection::hold`]).
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

    /// Whether there are other nodes to tell.
    pub fn has_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// Tells the other nodes, if there are any.
    pub fn tell(&self, signal: Signal) {
        if let Some(relay) = &self.relay {
            relay.tell(signal);
        }
    }

    /// Has a connection follow a room, which becomes live if it wasn't: then its tail must be opened
    /// (see [`LiveRoom::is_open`]). Its task is awake, and sets the cursor before it rests.
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
            // Under the lock, so that it doesn't overtake the end of an earlier life.
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

    /// How many people are in a room.
    pub fn online(&self, id: RoomId) -> usize {
        self.room(id).map_or(0, |room| room.online())
    }

    /// Tells the followers of each room whose people changed, and the other nodes, when it is time to; at most `most` people by name.
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

    /// Takes what another node tells of a room's people.
    pub fn hear_people(&self, node: NodeId, room: RoomId, people: People, now: Instant) {
        if let Some(room) = self.room(room) {
            room.hear_people(node, people, now);
        }
    }

    /// Takes away the people of a node that has stopped.
    pub fn stop_node(&self, node: NodeId, now: Instant) {
        for room in self.rooms() {
            room.stop_node(node, now);
        }
    }

    /// Has the other nodes told who is here, when they may have missed it.
    pub fn tell_people_soon(&self, now: Instant) {
        for room in self.rooms() {
            room.tell_people_soon(now);
        }
    }

    /// Adds a connection, so that notices reach it.
    pub fn connect(&self, connection: &Arc<Connection>) {
        let mut connections = self.connections.lock();
        let of_session = connections.entry(connection.session).or_default();
        of_session.insert(connection.id, Arc::clone(connection));
    }

    /// Forgets a connection.
    pub fn disconnect(&self, connection: &Connection) {
        let mut connections = self.connections.lock();
        if let Some(of_session) = connections.get_mut(&connection.session) {
            of_session.remove(&connection.id);
            if of_session.is_empty() {
                connections.remove(&connection.session);
            }
        }
    }

    /// Gives all of a session's connections a notice; see [`Connection::notice`].
    pub fn notice(&self, session: SessionId, notice: &Notice) {
        for connection in self.of_session(session) {
            connection.notice(notice.clone());
        }
    }

    /// Gives every connection a notice.
    pub fn notice_all(&self, notice: &Notice) {
        let sessions: Vec<_> = self.connections.lock().keys().copied().collect();
        for session in sessions {
            self.notice(session, notice);
        }
    }

    /// How many connections there are.
    pub fn connection_count(&self) -> usize {
        self.connections.lock().values().map(HashMap::len).sum()
    }

    /// How many connections a session has.
    pub fn session_connection_count(&self, session: SessionId) -> usize {
        self.connections
            .lock()
            .get(&session)
            .map_or(0, HashMap::len)
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

    /// A session's connections.
    fn of_session(&self, session: SessionId) -> Vec<Arc<Connection>> {
        let connections = self.connections.lock();
        connections
            .get(&session)
            .map_or_else(Vec::new, |all| all.values().map(Arc::clone).collect())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Whoever is about to write to those who followed a moment ago writes nothing here any more.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use papo_domain::SenderId;

    use super::*;
    use crate::{Frame, FrameKind, Lack, Read};

    fn frame(seq: i64) -> Frame {
        Frame {
            seq: Seq(seq),
            kind: FrameKind::Message,
            bytes: Bytes::from(vec![b'x'; 100]),
        }
    }

    fn follow(hub: &Arc<Hub>, id: i64, session: i64) -> (Arc<Connection>, Follower) {
        let connection = Arc::new(Connection::new(SessionId(session), SenderId(7), None));
        hub.connect(&connection);
        let name = Username::parse("Ana").unwrap();
        let follower = hub.follow(
            RoomId(id),
            &connection,
            name,
            Wants::Everything,
            Instant::now(),
        );
        (connection, follower)
    }

    #[test]
    fn a_room_lives_as_long_as_somebody_follows_it() {
        let hub = Arc::new(Hub::default());
        let (_, one) = follow(&hub, 1, 1);
        let (_, other) = follow(&hub, 1, 2);
        one.room.open(Seq(0), Vec::new());
        one.room.append([frame(1)]);
        assert_eq!((hub.online(RoomId(1)), hub.tail_bytes()), (1, 100));
        drop(one);
        assert!(hub.room(RoomId(1)).is_some());
        drop(other);
        assert!(hub.room(RoomId(1)).is_none());
        assert_eq!(hub.tail_bytes(), 0);
    }

    #[test]
    fn what_is_appended_before_the_tail_opens_is_asked_for() {
        let hub = Arc::new(Hub::default());
        let (_, follower) = follow(&hub, 1, 1);
        assert!(!follower.room.append([frame(5)]));
        follower.room.open(Seq(4), vec![frame(4)]);
        assert!(follower.room.hear(Seq(4)));
        assert!(!follower.room.append([frame(5)]));
    }

    #[test]
    fn another_nodes_frame_is_taken_when_it_is_next_and_nothing_of_others_is_believed() {
        let hub = Arc::new(Hub::default());
        let (_, follower) = follow(&hub, 1, 1);
        let room = &follower.room;
        assert!(room.offer([frame(1)]));
        room.open(Seq(0), Vec::new());
        assert!(!room.offer([frame(1), frame(1), frame(2)]));
        assert!(room.offer([frame(i64::MAX), frame(3), frame(5)]));
        assert_eq!((room.end(), room.heard()), (Seq(3), Seq(3)));
        assert!(room.plan_look() && !room.plan_look());
        assert_eq!(room.look(), Lack::Perhaps);
        assert!(room.plan_look());
        assert_eq!(room.look(), Lack::Nothing);
        assert!(!room.offer([frame(4)]));
        assert_eq!(room.end(), Seq(4));
    }

    #[test]
    fn what_this_node_stored_waits_for_what_others_stored_before_it() {
        let hub = Arc::new(Hub::default());
        let (_, follower) = follow(&hub, 1, 1);
        let room = &follower.room;
        room.open(Seq(0), Vec::new());
        assert!(room.append([frame(2), frame(4)]));
        assert_eq!((room.end(), hub.tail_bytes()), (Seq(0), 200));
        let forged = Frame {
            bytes: Bytes::from_static(b"forged"),
            ..frame(2)
        };
        assert!(!room.offer([frame(1), forged]));
        assert_eq!((room.end(), hub.tail_bytes()), (Seq(2), 200 + 100));
        assert!(room.offer([frame(5)]));
        assert_eq!(room.look(), Lack::Frames);
        assert!(!room.append([frame(3)]));
        assert_eq!((room.end(), hub.tail_bytes()), (Seq(4), 400));
        assert_eq!(room.look(), Lack::Perhaps, "5 isn't forgotten");
        let mut out = Vec::new();
        assert_eq!(room.read(Seq(0), 1_000, &mut out), Read::End);
        assert_eq!(out, [frame(1), frame(2), frame(3), frame(4)]);
        drop(follower);
        assert_eq!(hub.tail_bytes(), 0);
    }

    #[test]
    fn all_tails_together_are_bounded() {
        let limits = TailLimits {
            room_frames: 160,
            room_bytes: 16_000,
            all_bytes: 20_000,
        };
        let hub = Arc::new(Hub::new(limits));
        let followers: Vec<_> = (1..=10).map(|id| follow(&hub, id, 1).1).collect();
        for follower in &followers {
            follower.room.open(Seq(0), Vec::new());
            follower.room.append((1..=500).map(frame));
        }
        assert!(
            hub.tail_bytes() <= 20_000 + 10 * 1_000,
            "{}",
            hub.tail_bytes()
        );
        let mut out = Vec::new();
        assert_eq!(followers[9].room.read(Seq(499), 1, &mut out), Read::End);
    }

    #[test]
    fn following_again_before_the_first_time_ends_is_one_following() {
        let hub = Arc::new(Hub::default());
        let (connection, first) = follow(&hub, 1, 1);
        let name = Username::parse("Ana").unwrap();
        let wants = Wants::Everything;
        let second = hub.follow(RoomId(1), &connection, name, wants, Instant::now());
        drop(first);
        assert_eq!(second.room.follower_count(), 1);
        assert_eq!(hub.online(RoomId(1)), 1);
    }

    #[test]
    fn a_right_that_may_have_ended_shows_until_its_notice_is_taken() {
        let hub = Arc::new(Hub::default());
        let (connection, _follower) = follow(&hub, 1, 1);
        hub.notice(SessionId(1), &Notice::Stopping(Duration::ZERO));
        hub.notice(SessionId(1), &Notice::Changed(RoomId(1)));
        assert!(connection.may_have_lost(RoomId(1)) && !connection.may_have_lost(RoomId(2)));
        connection.take_notices();
        assert!(!connection.may_have_lost(RoomId(1)));
        hub.notice(SessionId(1), &Notice::SessionEnded);
        assert!(connection.may_have_lost(RoomId(2)));
    }

    #[tokio::test]
    async fn the_end_of_a_session_reaches_its_connections() {
        let hub = Arc::new(Hub::default());
        let (connection, _follower) = follow(&hub, 1, 1);
        let (other, _other_follower) = follow(&hub, 1, 2);
        hub.notice(SessionId(1), &Notice::SessionEnded);
        connection.woken().await;
        assert_eq!(connection.take_notices(), [Notice::SessionEnded]);
        assert!(other.take_notices().is_empty());
        hub.disconnect(&connection);
        assert_eq!(hub.connection_count(), 1);
    }
}
