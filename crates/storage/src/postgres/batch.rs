//! A batch of changes on its way into the logs: each is checked after the ones before it, in memory; then all are stored at once.

use std::collections::BTreeSet;

use papo_domain::{
    ClientId, Event, EventKind, MessageText, Posted, RoomId, RoomState, SenderId, Seq, SessionId,
    Timestamp, Username,
};

use super::known::{Known, RoomLog};
use crate::defects;
use crate::fold::fold;
use crate::{Appended, Change, NewEvent, Refusal};

/// The batch, of which nothing is written yet.
pub(super) struct Batch {
    pub(super) known: Known,
    /// Messages to be inserted. What they say is in [`Known`], for a later change may change it.
    pub(super) posted: BTreeSet<(RoomId, Seq)>,
    /// Messages to be changed, that were there before.
    pub(super) changed: BTreeSet<(RoomId, Seq)>,
    /// Events to be inserted.
    pub(super) events: Vec<Event>,
}

impl Batch {
    /// An empty batch.
    pub(super) fn new(known: Known) -> Self {
        Self {
            known,
            posted: BTreeSet::new(),
            changed: BTreeSet::new(),
            events: Vec::new(),
        }
    }

    /// Takes one change.
    pub(super) fn store(&mut self, event: &NewEvent) -> Result<Appended, Refusal> {
        let NewEvent { room, at, change } = event;
        let (room, at) = (*room, *at);
        match change {
            Change::Post {
                session,
                client_id,
                text,
            } => self.post(room, at, *session, client_id.as_ref(), text),
            Change::Edit {
                session,
                target,
                text,
            } => self.edit(room, at, *session, *target, text),
            Change::Delete { session, target } => self.delete(room, at, *session, *target),
            Change::SetRoom(state) => self.set_room(room, at, state),
        }
    }

    /// The rooms whose rows change.
    pub(super) fn grown(&self) -> impl Iterator<Item = (RoomId, &RoomLog)> {
        let rooms = self.known.rooms.iter().filter(|(_, log)| log.has_grown);
        rooms.map(|(id, log)| (*id, log))
    }

    fn post(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: SessionId,
        client_id: Option<&ClientId>,
        text: &MessageText,
    ) -> Result<Appended, Refusal> {
        let client_id = client_id.filter(|_| !defects::has("no-dedupe"));
        // What was stored once stays acknowledged, whatever has become of the membership.
        if let Some(known) = self.posted_before(session, room, client_id) {
            return Ok(known);
        }
        let (sender, username) = self.member(session, room)?;
        let posted = Posted {
            sender,
            username,
            text: Some(text.clone()),
            client_id: client_id.cloned(),
            edited: None,
        };
        let appended = self.add(room, at, EventKind::Posted(posted.clone()))?;
        let Event { seq, timestamp, .. } = appended.event;
        self.known.add_message(room, seq, timestamp, posted);
        self.posted.insert((room, seq));
        Ok(appended)
    }

    fn edit(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: SessionId,
        target: Seq,
        text: &MessageText,
    ) -> Result<Appended, Refusal> {
        let (sender, _) = self.member(session, room)?;
        self.message(room, target, Some(sender))?;
        let text = Some(text.clone());
        let kind = EventKind::Edited {
            target,
            text: text.clone(),
        };
        let appended = self.add(room, at, kind)?;
        let edited = Some(appended.event.timestamp);
        self.change(room, target, |message| {
            message.text = text;
            message.edited = edited;
        });
        Ok(appended)
    }

    fn delete(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: Option<SessionId>,
        target: Seq,
    ) -> Result<Appended, Refusal> {
        let owner = match session {
            Some(session) => Some(self.member(session, room)?.0),
            None => None,
        };
        self.known.room(room)?;
        self.message(room, target, owner)?;
        let appended = self.add(room, at, EventKind::Deleted { target })?;
        self.change(room, target, |message| message.text = None);
        Ok(appended)
    }

    fn set_room(
        &mut self,
        room: RoomId,
        at: Timestamp,
        state: &RoomState,
    ) -> Result<Appended, Refusal> {
        let key = fold(state.name.as_str()).into_owned();
        let log = self.known.rooms.get_mut(&room).ok_or(Refusal::NoRoom)?;
        if self
            .known
            .names
            .get(&key)
            .is_some_and(|holder| *holder != room)
        {
            return Err(Refusal::NameTaken);
        }
        let before = std::mem::replace(&mut log.name_key, key.clone());
        log.is_active = state.is_active;
        if before != key && self.known.names.get(&before) == Some(&room) {
            self.known.names.remove(&before);
        }
        self.known.names.insert(key, room);
        self.add(room, at, EventKind::Room(state.clone()))
    }

    /// The message that this session's sender has stored under this client id already, as its first event shows it.
    fn posted_before(
        &self,
        session: SessionId,
        room: RoomId,
        client_id: Option<&ClientId>,
    ) -> Option<Appended> {
        let sender = self.known.people.get(&(session, room))?.sender;
        let key = (sender, client_id?.clone());
        let (room, seq) = *self.known.posted.get(&key)?;
        let (timestamp, posted) = self.known.messages.get(&(room, seq))?.clone();
        let event = Event {
            room,
            seq,
            timestamp,
            kind: EventKind::Posted(posted),
        };
        Some(Appended {
            event,
            duplicate: true,
        })
    }

    /// Who may speak in the room: it is active, and they are in it.
    fn member(
        &mut self,
        session: SessionId,
        room: RoomId,
    ) -> Result<(SenderId, Username), Refusal> {
        if !self.known.room(room)?.is_active {
            return Err(Refusal::NoRoom);
        }
        let person = self.known.people.get(&(session, room));
        let member = person.and_then(|person| Some((person.sender, person.username.clone()?)));
        member.ok_or(Refusal::NotJoined)
    }

    /// Refuses a message that isn't there any more, or is somebody else's than `owner`'s.
    fn message(&self, room: RoomId, seq: Seq, owner: Option<SenderId>) -> Result<(), Refusal> {
        let message = self.known.messages.get(&(room, seq));
        let message = message.filter(|(_, message)| message.text.is_some());
        let (_, message) = message.ok_or(Refusal::NoMessage)?;
        if owner.is_some_and(|owner| owner != message.sender) {
            return Err(Refusal::NotYours);
        }
        Ok(())
    }

    fn change(&mut self, room: RoomId, seq: Seq, change: impl FnOnce(&mut Posted)) {
        if let Some((_, message)) = self.known.messages.get_mut(&(room, seq)) {
            change(message);
            if !self.posted.contains(&(room, seq)) {
                self.changed.insert((room, seq));
            }
        }
    }

    /// Gives an event that has passed all checks the room's next number, and a time: a log's time doesn't run backwards.
    fn add(&mut self, room: RoomId, at: Timestamp, kind: EventKind) -> Result<Appended, Refusal> {
        let log = self.known.room(room)?;
        log.has_grown = true;
        log.last_seq = log.last_seq.next();
        log.last_at = at.max(log.last_at);
        if let EventKind::Posted(_) = kind {
            log.last_activity = log.last_activity.max(Some(log.last_at));
        }
        let event = Event {
            room,
            seq: log.last_seq,
            timestamp: log.last_at,
            kind,
        };
        self.events.push(event.clone());
        Ok(Appended {
            event,
            duplicate: false,
        })
    }
}
