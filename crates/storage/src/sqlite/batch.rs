//! A batch of changes on its way into the logs: each is checked and stored after the ones before it. What the checks
//! need of rooms and people is read once a batch; the rooms' rows are written once, at its end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use papo_domain::{
    ClientId, Event, EventKind, MessageText, Posted, RoomId, RoomState, SenderId, Seq, SessionId,
    Timestamp, Username,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, kind};
use super::{log, rooms};
use crate::{Appended, Change, NewEvent, Refusal, StorageError};

/// The batch, within its transaction.
pub(super) struct Batch<'a> {
    db: &'a Connection,
    rooms: HashMap<RoomId, Option<RoomLog>>,
    people: HashMap<(SessionId, RoomId), Option<Person>>,
}

/// Why a change is not stored.
pub(super) enum Stop {
    /// It alone; nothing of it has been written.
    Refused(Refusal),
    /// And so the whole batch.
    Failed(StorageError),
}

/// What a room's row says, and will say.
struct RoomLog {
    is_active: bool,
    last_seq: Seq,
    last_at: Timestamp,
    last_activity: Option<Timestamp>,
}

/// A session, and its name in a room if it is in it.
#[derive(Clone)]
struct Person {
    sender: SenderId,
    username: Option<Username>,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub(super) fn new(db: &'a Connection) -> Self {
        Self {
            db,
            rooms: HashMap::new(),
            people: HashMap::new(),
        }
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
        let mut statement = self
            .db
            .prepare_cached("UPDATE room SET last_seq = ?2, last_activity = ?3 WHERE id = ?1")?;
        for (id, room) in self.rooms {
            if let Some(room) = room {
                let last_activity = room.last_activity.map(Timestamp::as_millis);
                statement.execute(params![id.0, room.last_seq.0, last_activity])?;
            }
        }
        Ok(())
    }

    fn post(
        &mut self,
        room: RoomId,
        at: Timestamp,
        session: SessionId,
        client_id: Option<ClientId>,
        text: MessageText,
    ) -> Result<Appended, Stop> {
        let person = self.person(session, room)?;
        let (sender, username) = match self.member(room, person.as_ref()) {
            Ok(member) => member,
            // What was stored once stays acknowledged, whatever has become of the membership.
            Err(Stop::Refused(refusal)) => {
                let known = self.known(person.map(|person| person.sender), client_id.as_ref())?;
                return known.ok_or(Stop::Refused(refusal));
            }
            Err(failed) => return Err(failed),
        };
        let (seq, at) = self.next(room, at)?;
        let stored = self
            .db
            .prepare_cached(
                "INSERT INTO message (room_id, seq, sender, username, content, timestamp, client_id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (sender, client_id) WHERE client_id IS NOT NULL DO NOTHING",
            )?
            .execute(params![
                room.0,
                seq.0,
                sender.0.cast_signed(),
                username.as_str(),
                text.as_str(),
                at.as_millis(),
                client_id.as_ref().map(ClientId::as_str),
            ])?;
        if stored == 0 {
            let known = self.known(Some(sender), client_id.as_ref())?;
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
        let person = self.person(session, room)?;
        let (sender, _) = self.member(room, person.as_ref())?;
        self.message(room, target, Some(sender))?;
        let (seq, at) = self.next(room, at)?;
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
                let person = self.person(session, room)?;
                Some(self.member(room, person.as_ref())?.0)
            }
            None => None,
        };
        let (seq, at) = self.next(room, at)?;
        self.message(room, target, owner)?;
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
        let (seq, at) = self.next(room, at)?;
        if rooms::is_taken(self.db, &state.name, Some(room))? {
            return Err(Stop::Refused(Refusal::NameTaken));
        }
        rooms::set_state(self.db, room, &state)?;
        self.room(room)?.is_active = state.is_active;
        self.add(room, seq, at, EventKind::Room(state))
    }

    /// Writes the event, which has passed all checks, and moves the log's end to it.
    fn add(
        &mut self,
        room: RoomId,
        seq: Seq,
        at: Timestamp,
        event: EventKind,
    ) -> Result<Appended, Stop> {
        let (kind, target, state) = match &event {
            EventKind::Posted(_) => (kind::POSTED, None, None),
            EventKind::Edited { target, .. } => (kind::EDITED, Some(target.0), None),
            EventKind::Deleted { target } => (kind::DELETED, Some(target.0), None),
            EventKind::Room(state) => (kind::ROOM, None, Some(state)),
        };
        self.db
            .prepare_cached(
                "INSERT INTO event (room_id, seq, kind, target, at, name, description, is_active) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                room.0,
                seq.0,
                kind,
                target,
                at.as_millis(),
                state.map(|state| state.name.as_str()),
                state.map(|state| state.description.as_str()),
                state.map(|state| state.is_active),
            ])?;
        let log = self.room(room)?;
        log.last_seq = seq;
        log.last_at = at;
        if kind == kind::POSTED {
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

    /// The number and time that the room's next event has: a log's time doesn't run backwards.
    fn next(&mut self, room: RoomId, at: Timestamp) -> Result<(Seq, Timestamp), Stop> {
        let log = self.room(room)?;
        Ok((log.last_seq.next(), at.max(log.last_at)))
    }

    /// Who may speak in the room: it is active, and they are in it.
    fn member(
        &mut self,
        room: RoomId,
        person: Option<&Person>,
    ) -> Result<(SenderId, Username), Stop> {
        if !self.room(room)?.is_active {
            return Err(Stop::Refused(Refusal::NoRoom));
        }
        let member = person.and_then(|person| Some((person.sender, person.username.clone()?)));
        member.ok_or(Stop::Refused(Refusal::NotJoined))
    }

    /// The message that this sender has stored under this client id already, as its first event shows it.
    fn known(
        &self,
        sender: Option<SenderId>,
        client_id: Option<&ClientId>,
    ) -> Result<Option<Appended>, StorageError> {
        let (Some(sender), Some(client_id)) = (sender, client_id) else {
            return Ok(None);
        };
        let stored = self
            .db
            .prepare_cached(
                "SELECT room_id, seq FROM message WHERE sender = ?1 AND client_id = ?2",
            )?
            .query_row(params![sender.0.cast_signed(), client_id.as_str()], |row| {
                Ok((RoomId(row.get(0)?), Seq(row.get(1)?)))
            })
            .optional()?;
        let Some((room, seq)) = stored else {
            return Ok(None);
        };
        Ok(Some(Appended {
            event: log::event(self.db, room, seq)?,
            duplicate: true,
        }))
    }

    /// Refuses a message that isn't there any more, or is somebody else's than `owner`'s.
    fn message(&self, room: RoomId, seq: Seq, owner: Option<SenderId>) -> Result<(), Stop> {
        let sender = self
            .db
            .prepare_cached(
                "SELECT sender FROM message \
                 WHERE room_id = ?1 AND seq = ?2 AND content IS NOT NULL",
            )?
            .query_row([room.0, seq.0], |row| rows::sender(row, 0))
            .optional()?;
        match (sender, owner) {
            (None, _) => Err(Stop::Refused(Refusal::NoMessage)),
            (Some(sender), Some(owner)) if sender != owner => Err(Stop::Refused(Refusal::NotYours)),
            _ => Ok(()),
        }
    }

    fn room(&mut self, id: RoomId) -> Result<&mut RoomLog, Stop> {
        let room = match self.rooms.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(read_room(self.db, id)?),
        };
        room.as_mut().ok_or(Stop::Refused(Refusal::NoRoom))
    }

    fn person(&mut self, session: SessionId, room: RoomId) -> Result<Option<Person>, StorageError> {
        let person = match self.people.entry((session, room)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(read_person(self.db, session, room)?),
        };
        Ok(person.clone())
    }
}

fn read_room(db: &Connection, id: RoomId) -> Result<Option<RoomLog>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT room.is_active, room.last_seq, ifnull(event.at, room.created_at), room.last_activity \
         FROM room LEFT JOIN event ON event.room_id = room.id AND event.seq = room.last_seq \
         WHERE room.id = ?1",
    )?;
    let room = statement.query_row([id.0], |row| {
        Ok(RoomLog {
            is_active: row.get(0)?,
            last_seq: Seq(row.get(1)?),
            last_at: rows::timestamp(row, 2)?,
            last_activity: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
        })
    });
    Ok(room.optional()?)
}

fn read_person(
    db: &Connection,
    session: SessionId,
    room: RoomId,
) -> Result<Option<Person>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT session.sender, membership.username FROM session LEFT JOIN membership \
         ON membership.session_id = session.id AND membership.room_id = ?2 \
         WHERE session.id = ?1",
    )?;
    let person = statement.query_row([session.0, room.0], |row| {
        Ok(Person {
            sender: rows::sender(row, 0)?,
            username: row.get::<_, Option<String>>(1)?.map(Username::from_stored),
        })
    });
    Ok(person.optional()?)
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}
