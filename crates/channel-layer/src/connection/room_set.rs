//! A small set of rooms.

use papo_domain::RoomId;

/// Some rooms, each once. Most sets hold one room at most, and then take no memory of their own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RoomSet {
    first: Option<RoomId>,
    others: Vec<RoomId>,
}

impl RoomSet {
    /// Adds a room.
    pub(crate) fn add(&mut self, room: RoomId) {
        match self.first {
            None => self.first = Some(room),
            Some(first) if first == room || self.others.contains(&room) => {}
            Some(_) => self.others.push(room),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl IntoIterator for RoomSet {
    type Item = RoomId;
    type IntoIter = std::iter::Chain<std::option::IntoIter<RoomId>, std::vec::IntoIter<RoomId>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_room_is_there_once() {
        let mut rooms = RoomSet::default();
        assert!(rooms.is_empty());
        for room in [3, 1, 3, 2, 1] {
            rooms.add(RoomId(room));
        }
        assert!(!rooms.is_empty());
        let rooms: Vec<_> = rooms.into_iter().collect();
        assert_eq!(rooms, [RoomId(3), RoomId(1), RoomId(2)]);
    }
}
