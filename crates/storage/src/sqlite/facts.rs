//! The facts for a decision, read when it needs them.

use papo_domain::{ClientId, PersonId, Posted, RoomId, RoomState, Seq, SessionId, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::{rooms, rows};
use crate::StorageError;
use crate::ledger::{Facts, Place, Poster, RoomHead, StoredMessage};

/// The database, within the batch's transaction.
pub(super) struct StoredFacts<'a> {
    db: &'a Connection,
    room: CachedStatement<'a>,
    poster: CachedStatement<'a>,
    /// Whether to look for a message before it is stored.
    looks: bool,
}

impl<'a> StoredFacts<'a> {
    /// Most messages are new. Without the look the database still refuses to store one twice.
    pub(super) fn new(db: &'a Connection, looks: bool) -> Result<Self, StorageError> {
        Ok(Self {
            db,
            room: db.prepare_cached(
                "SELECT kind, is_announcement, is_active, last_seq, last_at, last_activity, name_key \
                 FROM room WHERE id = ?1",
            )?,
            poster: db.prepare_cached(
                "SELECT session.person_id, membership.username, account.is_admin, \
                 account.is_admin AND NOT account.is_suspended, membership.role FROM session \
                 LEFT JOIN membership \
                 ON membership.person_id = session.person_id AND membership.room_id = ?2 \
                 LEFT JOIN account ON account.person_id = session.person_id \
                 WHERE session.id = ?1",
            )?,
            looks,
        })
    }
}

impl Facts for StoredFacts<'_> {
    type Error = StorageError;

    fn room(&mut self, room: RoomId) -> Result<Option<RoomHead>, StorageError> {
        let head = self.room.query_row([room.0], |row| {
            Ok(RoomHead {
                terms: rows::terms(row, 0)?,
                last_seq: Seq(row.get(3)?),
                last_at: rows::timestamp(row, 4)?,
                last_activity: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
                name_key: rows::text(row, 6)?,
            })
        });
        Ok(head.optional()?)
    }

    fn room_state(&mut self, room: RoomId) -> Result<Option<RoomState>, StorageError> {
        Ok(rooms::by_id(self.db, room)?.map(|room| RoomState {
            name: room.name,
            description: room.description,
            kind: room.kind,
            is_announcement: room.is_announcement,
            is_active: room.is_active,
        }))
    }

    fn name_holder(&mut self, name_key: &str) -> Result<Option<RoomId>, StorageError> {
        rooms::holder(self.db, name_key)
    }

    fn poster(&mut self, session: SessionId, room: RoomId) -> Result<Option<Poster>, StorageError> {
        let poster = self.poster.query_row([session.0, room.0], |row| {
            Ok(Poster {
                sender: rows::person(row, 0)?,
                username: rows::optional_username(row, 1)?,
                mark: rows::mark(row, 2)?,
                administers: row.get::<_, Option<bool>>(3)?.unwrap_or_default(),
                role: rows::member_role(row, 4)?.unwrap_or_default(),
            })
        });
        Ok(poster.optional()?)
    }

    fn message(&mut self, room: RoomId, seq: Seq) -> Result<Option<StoredMessage>, StorageError> {
        let mut statement = self.db.prepare_cached(
            "SELECT room_id, seq, timestamp, sender, username, content, client_id, edited, \
             (SELECT is_admin FROM account WHERE account.person_id = message.sender) \
             FROM message WHERE room_id = ?1 AND seq = ?2",
        )?;
        Ok(statement.query_row([room.0, seq.0], message).optional()?)
    }

    fn sent(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, StorageError> {
        let mut statement = self.db.prepare_cached(
            "SELECT room_id, seq FROM message WHERE sender = ?1 AND client_id = ?2",
        )?;
        let parameters = params![sender.0.cast_signed(), client_id.as_str()];
        let place = statement.query_row(parameters, |row| {
            Ok((RoomId(row.get(0)?), Seq(row.get(1)?)))
        });
        Ok(place.optional()?)
    }

    fn sent_before(
        &mut self,
        sender: PersonId,
        client_id: &ClientId,
    ) -> Result<Option<Place>, StorageError> {
        if self.looks {
            self.sent(sender, client_id)
        } else {
            Ok(None)
        }
    }
}

fn message(row: &Row<'_>) -> Result<StoredMessage, rusqlite::Error> {
    Ok(StoredMessage {
        room: RoomId(row.get(0)?),
        seq: Seq(row.get(1)?),
        timestamp: rows::timestamp(row, 2)?,
        posted: Posted {
            sender: rows::person(row, 3)?,
            username: rows::username(row, 4)?,
            mark: rows::mark(row, 8)?,
            text: rows::message_text(row, 5)?,
            client_id: rows::client_id(row, 6)?,
            edited: rows::time(row, 7)?,
        },
    })
}
