//! Bans, and the removal of people from rooms.

use async_trait::async_trait;
use papo_domain::{PersonId, Right, RoomId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::members::room_by;
use super::{SqliteStorage, persons, revocations, rows};
use crate::{Ban, Bans, By, MemberRefusal, Revoked, StorageError};

#[async_trait]
impl Bans for SqliteStorage {
    async fn remove_member(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
        bans: bool,
        at: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, StorageError> {
        self.write(move |db| remove(db, by, room, person, bans, at))
            .await
    }

    async fn lift_ban(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
    ) -> Result<Result<(), MemberRefusal>, StorageError> {
        self.write(move |db| lift(db, by, room, person)).await
    }

    async fn bans(&self, room: RoomId) -> Result<Vec<Ban>, StorageError> {
        self.read(move |db| bans(db, room)).await
    }
}

/// Removes somebody from a room, and maybe bans them.
pub(super) fn remove(
    db: &Connection,
    by: By,
    room: RoomId,
    person: PersonId,
    bans: bool,
    at: Timestamp,
) -> Result<Result<(), MemberRefusal>, StorageError> {
    if let Err(denial) = room_by(db, by, Right::Moderate, room)? {
        return Ok(Err(denial.into()));
    }
    let own = match by.session() {
        Some(session) => persons::of_session(db, session)?,
        None => None,
    };
    if own == Some(person) {
        return Ok(Err(MemberRefusal::NoMember));
    }
    let id = person.0.cast_signed();
    let removed = db
        .prepare_cached(
            "DELETE FROM membership WHERE person_id = ?1 AND room_id = ?2 RETURNING username",
        )?
        .query_row([id, room.0], |row| rows::username(row, 0))
        .optional()?;
    let Some(username) = removed else {
        return Ok(Err(MemberRefusal::NoMember));
    };
    if bans {
        db.prepare_cached(
            "INSERT INTO ban (room_id, person_id, username, at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (room_id, person_id) DO NOTHING",
        )?
        .execute(params![room.0, id, username.as_str(), at.as_millis()])?;
    }
    revocations::add(db, person, &Revoked::Left(room))?;
    Ok(Ok(()))
}

/// Ends a ban.
pub(super) fn lift(
    db: &Connection,
    by: By,
    room: RoomId,
    person: PersonId,
) -> Result<Result<(), MemberRefusal>, StorageError> {
    if let Err(denial) = room_by(db, by, Right::Moderate, room)? {
        return Ok(Err(denial.into()));
    }
    let lifted = db
        .prepare_cached("DELETE FROM ban WHERE room_id = ?1 AND person_id = ?2")?
        .execute([room.0, person.0.cast_signed()])?;
    Ok(if lifted > 0 {
        Ok(())
    } else {
        Err(MemberRefusal::NoMember)
    })
}

/// The people who are banned from a room.
pub(super) fn bans(db: &Connection, room: RoomId) -> Result<Vec<Ban>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT person_id, username, at FROM ban WHERE room_id = ?1 ORDER BY at DESC, person_id",
    )?;
    let bans = statement.query_map([room.0], |row| {
        Ok(Ban {
            person: rows::person(row, 0)?,
            username: rows::username(row, 1)?,
            at: rows::timestamp(row, 2)?,
        })
    })?;
    Ok(bans.collect::<Result<_, _>>()?)
}
