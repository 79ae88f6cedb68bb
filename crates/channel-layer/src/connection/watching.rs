//! The rooms that a connection watches, and the heads that wait for it.

use bytes::Bytes;
use papo_domain::RoomId;

/// The most heads that wait, or one for each room if that is more.
const MOST_HEADS: usize = 256;

/// What a connection watches. One that watches nothing has none of it.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// Sorted.
    rooms: Vec<RoomId>,
    heads: Vec<(RoomId, Bytes)>,
    /// Whether heads were dropped since the task last took them.
    has_lost: bool,
}

/// The heads that waited for a connection.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct WaitingHeads {
    /// The encoded heads, in order.
    pub frames: Vec<Bytes>,
    /// Whether there were too many, so that some were dropped.
    pub are_lost: bool,
}

impl Watching {
    /// Adds rooms. Returns those that are new.
    pub(super) fn add(&mut self, rooms: &[RoomId]) -> Vec<RoomId> {
        let is_new = |room: &RoomId| self.rooms.binary_search(room).is_err();
        let mut new: Vec<_> = rooms.iter().copied().filter(is_new).collect();
        new.sort_unstable();
        new.dedup();
        self.rooms.reserve_exact(new.len());
        self.rooms.extend(&new);
        self.rooms.sort_unstable();
        new
    }

    /// Removes a room and its heads. Returns whether it was there.
    pub(super) fn remove(&mut self, room: RoomId) -> bool {
        let Ok(index) = self.rooms.binary_search(&room) else {
            return false;
        };
        self.rooms.remove(index);
        self.heads.retain(|(of, _)| *of != room);
        true
    }

    /// Removes all rooms and heads.
    pub(super) fn clear(&mut self) -> Vec<RoomId> {
        self.heads = Vec::new();
        std::mem::take(&mut self.rooms)
    }

    /// The watched rooms.
    pub(super) fn rooms(&self) -> &[RoomId] {
        &self.rooms
    }

    /// Whether this room is watched.
    pub(super) fn has(&self, room: RoomId) -> bool {
        self.rooms.binary_search(&room).is_ok()
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.heads.is_empty() && !self.has_lost
    }

    /// Drops all heads.
    pub(super) fn lose(&mut self) {
        self.heads = Vec::new();
        self.has_lost = true;
    }

    /// Whether heads were dropped.
    pub(super) fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// Adds a head of a watched room. Returns whether nothing waited before. When there are too
    /// many, all are dropped.
    pub(super) fn push(&mut self, room: RoomId, frame: Bytes) -> bool {
        if self.has_lost || !self.has(room) {
            return false;
        }
        if self.heads.len() >= MOST_HEADS.max(self.rooms.len()) {
            self.lose();
            return true;
        }
        self.heads.push((room, frame));
        self.heads.len() == 1
    }

    /// Takes what waits.
    pub(super) fn take(&mut self) -> WaitingHeads {
        let heads = std::mem::take(&mut self.heads);
        WaitingHeads {
            frames: heads.into_iter().map(|(_, frame)| frame).collect(),
            are_lost: std::mem::take(&mut self.has_lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(heads: &WaitingHeads) -> Vec<&[u8]> {
        heads.frames.iter().map(|frame| &frame[..]).collect()
    }

    #[test]
    fn only_heads_of_watched_rooms_wait() {
        let mut watching = Watching::default();
        let rooms = [3, 1, 3].map(RoomId);
        assert_eq!(watching.add(&rooms), [RoomId(1), RoomId(3)]);
        assert_eq!(watching.add(&[RoomId(2), RoomId(1)]), [RoomId(2)]);
        assert!(watching.push(RoomId(1), "one".into()));
        assert!(!watching.push(RoomId(2), "two".into()));
        assert!(!watching.push(RoomId(4), "four".into()));
        assert!(!watching.push(RoomId(3), "three".into()));
        assert!(watching.remove(RoomId(2)) && !watching.remove(RoomId(2)));
        assert!(!watching.is_idle());
        assert_eq!(texts(&watching.take()), [&b"one"[..], b"three"]);
        assert!(watching.is_idle());
        watching.push(RoomId(3), "three".into());
        assert_eq!(watching.clear(), [RoomId(1), RoomId(3)]);
        assert!(watching.is_idle());
    }

    #[test]
    fn when_too_many_wait_all_are_lost_until_they_are_taken() {
        let mut watching = Watching::default();
        watching.add(&[RoomId(1)]);
        for _ in 0..=MOST_HEADS {
            watching.push(RoomId(1), "head".into());
        }
        assert!(!watching.push(RoomId(1), "late".into()) && !watching.is_idle());
        let heads = watching.take();
        assert!(heads.are_lost && heads.frames.is_empty());
        assert!(watching.push(RoomId(1), "next".into()));
        let all: Vec<_> = (0..1_000).map(RoomId).collect();
        watching.add(&all);
        for room in all {
            watching.push(room, "head".into());
        }
        assert!(watching.take().are_lost, "a room had two");
    }
}
