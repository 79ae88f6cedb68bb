//! Watched rooms: connections that learn of a room's heads, without a tail and without presence.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use papo_domain::{RoomId, Seq};
use tokio::time::Instant;

use crate::heads::Progress;
use crate::sync::{Mutex, RwLock};
use crate::{Connection, Head, Move};

/// All watched rooms.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    rooms: RwLock<HashMap<RoomId, Arc<WatchedRoom>>>,
    /// How many rooms are watched, readable without the lock.
    count: AtomicUsize,
    /// The rooms with something to tell.
    moved: Mutex<Vec<Arc<WatchedRoom>>>,
}

/// A room that somebody watches.
#[derive(Debug)]
pub(crate) struct WatchedRoom {
    id: RoomId,
    /// Replaced when a watcher comes or goes, so that nobody waits for a head.
    watchers: Mutex<Arc<Vec<Arc<Connection>>>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    /// Whether the room is among those with something to tell.
    is_listed: bool,
}

impl Watches {
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    pub(crate) fn add(&self, connection: &Arc<Connection>, rooms: &[RoomId]) {
        let new = connection.watch(rooms);
        let mut watched = self.rooms.write();
        for id in new {
            let room = watched
                .entry(id)
                .or_insert_with(|| Arc::new(WatchedRoom::new(id)));
            room.add(connection);
        }
        self.count.store(watched.len(), Ordering::Release);
    }

    pub(crate) fn remove(&self, connection: &Connection, room: RoomId) {
        if connection.unwatch(room) {
            self.remove_from(connection, &[room]);
        }
    }

    pub(crate) fn remove_all(&self, connection: &Connection) {
        let rooms = connection.unwatch_all();
        if !rooms.is_empty() {
            self.remove_from(connection, &rooms);
        }
    }

    fn remove_from(&self, connection: &Connection, rooms: &[RoomId]) {
        let mut watched = self.rooms.write();
        for id in rooms {
            if let Entry::Occupied(entry) = watched.entry(*id)
                && entry.get().remove(connection)
            {
                entry.remove();
            }
        }
        self.count.store(watched.len(), Ordering::Release);
    }

    fn room(&self, id: RoomId) -> Option<Arc<WatchedRoom>> {
        if self.is_empty() {
            return None;
        }
        self.rooms.read().get(&id).map(Arc::clone)
    }

    pub(crate) fn ids(&self) -> Vec<RoomId> {
        self.rooms.read().keys().copied().collect()
    }

    pub(crate) fn begin(&self, room: RoomId, seq: Seq) {
        self.change(room, |progress| progress.begin(seq));
    }

    pub(crate) fn told(&self, room: RoomId) -> Option<Seq> {
        self.room(room)?.state.lock().progress.told()
    }

    pub(crate) fn note(&self, room: RoomId, moves: &[(Seq, Move)]) {
        self.change(room, |progress| progress.note(moves));
    }

    pub(crate) fn hear(&self, room: RoomId, moves: &[(Seq, Move)]) {
        self.change(room, |progress| progress.hear(moves));
    }

    pub(crate) fn reach(&self, room: RoomId, seq: Seq) {
        self.change(room, |progress| progress.reach(seq));
    }

    /// Takes the rooms with something to tell.
    pub(crate) fn take_moved(&self) -> Vec<Arc<WatchedRoom>> {
        let moved = std::mem::take(&mut *self.moved.lock());
        for room in &moved {
            room.state.lock().is_listed = false;
        }
        moved
    }

    /// Puts a room among those with something to tell, if it has.
    pub(crate) fn list(&self, room: &Arc<WatchedRoom>) {
        let is_new = {
            let mut state = room.state.lock();
            !state.progress.is_idle() && !std::mem::replace(&mut state.is_listed, true)
        };
        if is_new {
            self.moved.lock().push(Arc::clone(room));
        }
    }

    fn change(&self, room: RoomId, change: impl FnOnce(&mut Progress)) {
        if let Some(room) = self.room(room) {
            change(&mut room.state.lock().progress);
            self.list(&room);
        }
    }
}

impl WatchedRoom {
    fn new(id: RoomId) -> Self {
        Self {
            id,
            watchers: Mutex::default(),
            state: Mutex::default(),
        }
    }

    fn add(&self, connection: &Arc<Connection>) {
        Arc::make_mut(&mut *self.watchers.lock()).push(Arc::clone(connection));
    }

    /// Removes a watcher. Returns whether nobody is left.
    fn remove(&self, connection: &Connection) -> bool {
        let mut watchers = self.watchers.lock();
        let is_it = |other: &Arc<Connection>| std::ptr::eq(Arc::as_ptr(other), connection);
        if let Some(index) = watchers.iter().position(is_it) {
            Arc::make_mut(&mut *watchers).swap_remove(index);
        }
        watchers.is_empty()
    }

    /// Makes the next head if it is due, with at most `most` senders.
    pub(crate) fn head(&self, now: Instant, most: usize) -> Option<Head> {
        self.state.lock().progress.look(self.id, now, most)
    }

    /// Whether anybody watches the room.
    pub(crate) fn is_watched(&self) -> bool {
        !self.watchers.lock().is_empty()
    }

    /// Gives an encoded head to the watchers. Adds those to `out` that had none before.
    pub(crate) fn give(&self, frame: &Bytes, out: &mut Vec<Arc<Connection>>) {
        let watchers = Arc::clone(&self.watchers.lock());
        let is_first = |watcher: &&Arc<Connection>| watcher.give_head(self.id, frame.clone());
        out.extend(watchers.iter().filter(is_first).map(Arc::clone));
    }
}
