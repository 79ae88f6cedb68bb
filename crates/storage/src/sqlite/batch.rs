//! A batch of changes on its way into the logs: each is checked and stored after the ones before it.

use papo_domain::{
    ClientId, Event, EventKind, MessageText, Posted, RoomId, RoomState, Seq, SessionId, Timestamp,
};
use rusqlite::{CachedStatement, Connection, params};

use super::known::{Known, Stop};
use super::rooms;
use super::rows::kind;
use crate::{Appended, Change, NewEvent, Refusal, StorageError, defects};

/// The batch, within its transaction.
pub(super) struct Batch<'a> {
    db: &'a Connection,
    known: Known<'a>,
    insert_message: CachedStatement<'a>,
    insert_event: CachedStatement<'a>,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub(super) fn new(db: &'a Connection) -> Result<Self, StorageError> {
        Ok(Self {
            db,
            known: Known::new(db),
            insert_message: db.prepare_cached(
                "INSERT INTO message (room_id, seq, sender, username, content, timestamp, client_id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (sender, client_id) WHERE client_id IS NOT NULL DO NOTHING",
            )?,
            insert_event: db.prepare_cached(
                "INSERT INTO event (room_id, seq, kind, target, at, name, description, is_active) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?,
        })
    }

    /// Stores one change.
    pub(super) fn store(&mut self, event: NewEvent) -> Result<Appended, Stop> {
        let NewEvent { room, at, change } = event;
        match change {
            Change::Post {
                session,
                client_id,
                text,
            } => self.post(room, at, session, client_id, text),
            Change::Edit {
                session,
                target,
                text,
            } => self.edit(room, at, session, target, text),
            Change::Delete { session, target } => self.delete(room, at, session, target),
            Change::SetRoom(state) => self.set_room(room, at, state),
        }
    }

    /// Writes what became of the rooms.
    pub(super) fn finish(self) -> Result<(), StorageError> {
        self.known.finish()
    }

    fn post(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: SessionId,
        client_id: Option<ClientId>,
        text: MessageText,
    ) -> Result<Appended, Stop> {
        let client_id = client_id.filter(|_| !defects::has("no-dedupe"));
        let person = self.known.person(session, room)?;
        let (sender, username) = match self.known.member(room, person.as_ref()) {
            Ok(member) => member,
            // What was stored once stays acknowledged, whatever has become of the membership.
            Err(Stop::Refused(refusal)) => {
                let known = self
                    .known
                    .posted(person.map(|person| person.sender), client_id.as_ref())?;
                return known.ok_or(Stop::Refused(refusal));
            }
            Err(failed) => return Err(failed),
        };
        let (seq, at) = self.known.next(room, at)?;
        let stored = self.insert_message.execute(params![
            room.0,
            seq.0,
            sender.0.cast_signed(),
            username.as_str(),
            text.as_str(),
            at.as_millis(),
            client_id.as_ref().map(ClientId::as_str),
        ])?;
        if stored == 0 {
            let known = self.known.posted(Some(sender), client_id.as_ref())?;
            return known.ok_or(Stop::Refused(Refusal::NoMessage));
        }
        let posted = EventKind::Posted(Posted {
            sender,
            username,
            text: Some(text),
            client_id,
            edited: None,
        });
        self.add(room, seq, at, posted)
    }

    fn edit(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: SessionId,
        target: Seq,
        text: MessageText,
    ) -> Result<Appended, Stop> {
        let person = self.known.person(session, room)?;
        let (sender, _) = self.known.member(room, person.as_ref())?;
        self.known.message(room, target, Some(sender))?;
        let (seq, at) = self.known.next(room, at)?;
        self.db
            .prepare_cached(
                "UPDATE message SET content = ?3, edited = ?4 WHERE room_id = ?1 AND seq = ?2",
            )?
            .execute(params![room.0, target.0, text.as_str(), at.as_millis()])?;
        let text = Some(text);
        self.add(room, seq, at, EventKind::Edited { target, text })
    }

    fn delete(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: Option<SessionId>,
        target: Seq,
    ) -> Result<Appended, Stop> {
        let owner = match session {
            Some(session) => {
                let person = self.known.person(session, room)?;
                Some(self.known.member(room, person.as_ref())?.0)
            }
            None => None,
        };
        let (seq, at) = self.known.next(room, at)?;
        self.known.message(room, target, owner)?;
        self.db
            .prepare_cached("UPDATE message SET content = NULL WHERE room_id = ?1 AND seq = ?2")?
            .execute([room.0, target.0])?;
        self.add(room, seq, at, EventKind::Deleted { target })
    }

    fn set_room(
        &mut self,
        room: RoomId,
        at: Timestamp,
        state: RoomState,
    ) -> Result<Appended, Stop> {
        let (seq, at) = self.known.next(room, at)?;
        if rooms::is_taken(self.db, &state.name, Some(room))? {
            return Err(Stop::Refused(Refusal::NameTaken));
        }
        rooms::set_state(self.db, room, &state)?;
        self.known.room(room)?.is_active = state.is_active;
        self.add(room, seq, at, EventKind::Room(state))
    }

    /// Writes the event, which has passed all checks, unless it is a message, and moves the log's end to it.
    fn add(
        &mut self,
        room: RoomId,
        seq: Seq,
        at: Timestamp,
        event: EventKind,
    ) -> Result<Appended, Stop> {
        let stored = match &event {
            // The message is the event.
            EventKind::Posted(_) => None,
            EventKind::Edited { target, .. } => Some((kind::EDITED, Some(target.0), None)),
            EventKind::Deleted { target } => Some((kind::DELETED, Some(target.0), None)),
            EventKind::Room(state) => Some((kind::ROOM, None, Some(state))),
        };
        if let Some((kind, target, state)) = stored {
            self.insert_event.execute(params![
                room.0,
                seq.0,
                kind,
                target,
                at.as_millis(),
                state.map(|state| state.name.as_str()),
                state.map(|state| state.description.as_str()),
                state.map(|state| state.is_active),
            ])?;
        }
        let log = self.known.room(room)?;
        log.has_grown = true;
        log.last_seq = seq;
        log.last_at = at;
        if stored.is_none() {
            log.last_activity = log.last_activity.max(Some(at));
        }
        Ok(Appended {
            event: Event {
                room,
                seq,
                timestamp: at,
                kind: event,
            },
            duplicate: false,
        })
    }
}
