//! What a batch of changes knows of the rooms and people that it touches. It is read once a batch; the rooms' rows are
//! written once, at its end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use papo_domain::{ClientId, RoomId, SenderId, Seq, SessionId, Timestamp, Username};
use rusqlite::{Connection, OptionalExtension, params};

use super::{log, rows};
use crate::{Appended, Refusal, StorageError};

/// The rooms and people of a batch, within its transaction.
pub(super) struct Known<'a> {
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
pub(super) struct RoomLog {
    pub(super) is_active: bool,
    pub(super) has_grown: bool,
    pub(super) last_seq: Seq,
    pub(super) last_at: Timestamp,
    pub(super) last_activity: Option<Timestamp>,
}

/// A session, and its name in a room if it is in it.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) sender: SenderId,
    pub(super) username: Option<Username>,
}

impl<'a> Known<'a> {
    /// Nothing yet.
    pub(super) fn new(db: &'a Connection) -> Self {
        Self {
            db,
            rooms: HashMap::new(),
            people: HashMap::new(),
        }
    }

    /// Writes what became of the rooms.
    pub(super) fn finish(self) -> Result<(), StorageError> {
        let mut statement = self
            .db
            .prepare_cached("UPDATE room SET last_seq = ?2, last_activity = ?3 WHERE id = ?1")?;
        for (id, room) in self.rooms {
            if let Some(room) = room.filter(|room| room.has_grown) {
                let last_activity = room.last_activity.map(Timestamp::as_millis);
                statement.execute(params![id.0, room.last_seq.0, last_activity])?;
            }
        }
        Ok(())
    }

    /// The number and time that the room's next event has: a log's time doesn't run backwards.
    pub(super) fn next(&mut self, room: RoomId, at: Timestamp) -> Result<(Seq, Timestamp), Stop> {
        let log = self.room(room)?;
        Ok((log.last_seq.next(), at.max(log.last_at)))
    }

    /// Who may speak in the room: it is active, and they are in it.
    pub(super) fn member(
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
    pub(super) fn posted(
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
    pub(super) fn message(
        &self,
        room: RoomId,
        seq: Seq,
        owner: Option<SenderId>,
    ) -> Result<(), Stop> {
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

    pub(super) fn room(&mut self, id: RoomId) -> Result<&mut RoomLog, Stop> {
        let room = match self.rooms.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(read_room(self.db, id)?),
        };
        room.as_mut().ok_or(Stop::Refused(Refusal::NoRoom))
    }

    pub(super) fn person(
        &mut self,
        session: SessionId,
        room: RoomId,
    ) -> Result<Option<Person>, StorageError> {
        let person = match self.people.entry((session, room)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(read_person(self.db, session, room)?),
        };
        Ok(person.clone())
    }
}

fn read_room(db: &Connection, id: RoomId) -> Result<Option<RoomLog>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT room.is_active, room.last_seq, \
         coalesce(message.timestamp, event.at, room.created_at), room.last_activity FROM room \
         LEFT JOIN message ON message.room_id = room.id AND message.seq = room.last_seq \
         LEFT JOIN event ON event.room_id = room.id AND event.seq = room.last_seq \
         WHERE room.id = ?1",
    )?;
    let room = statement.query_row([id.0], |row| {
        Ok(RoomLog {
            is_active: row.get(0)?,
            has_grown: false,
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
