//! A database of plain maps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;

use papo_domain::{
    ClientId, Event, MemberRole, PersonId, RoomDescription, RoomId, RoomName, RoomState, Seq,
    SessionId, Username,
};

use super::{mark, sender};
use crate::ledger::{Effects, Facts, Place, Poster, RoomHead, StoredMessage};

/// A database: the applied [`Effects`], the memberships and the administrators.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) rooms: HashMap<RoomId, RoomHead>,
    pub(super) messages: BTreeMap<(RoomId, Seq), StoredMessage>,
    pub(super) events: BTreeMap<(RoomId, Seq), Event>,
    pub(super) members: HashMap<(SessionId, RoomId), Username>,
    pub(super) administrators: HashSet<SessionId>,
    pub(super) moderators: HashSet<(SessionId, RoomId)>,
}

/// The facts of a memory, and whether they look for a message before it is posted.
pub(super) struct Remembered<'a> {
    pub(super) memory: &'a Memory,
    pub(super) looks: bool,
}

impl Facts for Remembered<'_> {
    type Error = Infallible;

    fn room(&mut self, room: RoomId) -> Result<Option<RoomHead>, Infallible> {
        Ok(self.memory.rooms.get(&room).cloned())
    }

    fn room_state(&mut self, room: RoomId) -> Result<Option<RoomState>, Infallible> {
        let head = self.memory.rooms.get(&room);
        Ok(head.map(|head| RoomState {
            name: RoomName::from_stored(head.name_key.clone()),
            description: RoomDescription::default(),
            kind: head.terms.kind,
            is_announcement: head.terms.is_announcement,
            is_active: head.terms.is_active,
        }))
    }

    fn name_holder(&mut self, name_key: &str) -> Result<Option<RoomId>, Infallible> {
        let mut rooms = self.memory.rooms.iter();
        Ok(rooms.find_map(|(id, head)| (head.name_key == name_key).then_some(*id)))
    }

    fn poster(&mut self, session: SessionId, room: RoomId) -> Result<Option<Poster>, Infallible> {
        let username = self.memory.members.get(&(session, room)).cloned();
        Ok(sender(session).map(|sender| Poster {
            sender,
            username,
            role: if self.memory.moderators.contains(&(session, room)) {
                MemberRole::Moderator
            } else {
                MemberRole::Member
            },
            mark: mark(sender),
            administers: self.memory.administrators.contains(&session),
        }))
    }

    fn message(&mut self, room: RoomId, seq: Seq) -> Result<Option<StoredMessage>, Infallible> {
        Ok(self.memory.messages.get(&(room, seq)).cloned())
    }

    fn sent(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Infallible> {
        Ok(self.memory.sent(sender, client_id))
    }

    fn sent_before(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, Infallible> {
        let place = self.memory.sent(sender, client_id);
        Ok(place.filter(|_| self.looks))
    }
}

impl Memory {
    fn sent(&self, sender: PersonId, client_id: &ClientId) -> Option<Place> {
        let is_it = |message: &&StoredMessage| {
            message.posted.sender == sender && message.posted.client_id.as_ref() == Some(client_id)
        };
        let message = self.messages.values().find(is_it)?;
        Some((message.room, message.seq))
    }

    /// Writes as a database would: it refuses to insert an existing row or to update a missing one.
    /// Writes nothing and returns `false` when a message was stored before.
    pub(super) fn write(&mut self, effects: &Effects) -> bool {
        for (_, posted) in effects.posted() {
            let client_id = posted.client_id.as_ref();
            if client_id.is_some_and(|id| self.sent(posted.sender, id).is_some()) {
                return false;
            }
        }
        for (event, posted) in effects.posted() {
            let message = StoredMessage {
                room: event.room,
                seq: event.seq,
                timestamp: event.timestamp,
                posted: posted.clone(),
            };
            let place = (event.room, event.seq);
            let before = self.messages.insert(place, message);
            assert!(before.is_none(), "{place:?} twice");
        }
        for message in effects.changed.iter().cloned() {
            let place = (message.room, message.seq);
            let before = self.messages.insert(place, message);
            assert!(before.is_some(), "{place:?} missing");
        }
        for event in effects.events().cloned() {
            let place = (event.room, event.seq);
            let before = self.events.insert(place, event);
            assert!(before.is_none(), "{place:?} twice");
        }
        self.rooms.extend(effects.heads.iter().cloned());
        let mut names: Vec<_> = self.rooms.values().map(|head| &head.name_key).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), self.rooms.len(), "two rooms of one name");
        true
    }
}
