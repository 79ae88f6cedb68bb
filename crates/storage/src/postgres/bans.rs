//! Bans, and the removal of people from rooms.

use async_trait::async_trait;
use papo_domain::{PersonId, Right, RoomId, Timestamp, Username};

use super::connection::Connection;
use super::errors::Failure;
use super::members::room_by;
use super::{PostgresStorage, facts, revocations, rows};
use crate::{Ban, Bans, By, MemberRefusal, Revoked, StorageError};

#[async_trait]
impl Bans for PostgresStorage {
    async fn remove_member(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
        bans: bool,
        at: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, StorageError> {
        let with = (by, room, person, bans, at);
        self.write(with, |db, &(by, room, person, bans, at)| {
            Box::pin(remove(db, by, room, person, bans, at))
        })
        .await
    }

    async fn lift_ban(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
    ) -> Result<Result<(), MemberRefusal>, StorageError> {
        self.write((by, room, person), |db, &(by, room, person)| {
            Box::pin(lift(db, by, room, person))
        })
        .await
    }

    async fn bans(&self, room: RoomId) -> Result<Vec<Ban>, StorageError> {
        self.read(room, |db, &room| Box::pin(bans(db, room))).await
    }
}

/// Removes somebody from a room, and maybe bans them.
pub(super) async fn remove(
    db: &Connection,
    by: By,
    room: RoomId,
    person: PersonId,
    bans: bool,
    at: Timestamp,
) -> Result<Result<(), MemberRefusal>, Failure> {
    if let Err(denial) = room_by(db, by, Right::Moderate, room).await? {
        return Ok(Err(denial.into()));
    }
    let own = match by.session() {
        Some(session) => facts::poster(db, session, room).await?,
        None => None,
    };
    if own.is_some_and(|own| own.sender == person) {
        return Ok(Err(MemberRefusal::NoMember));
    }
    let id = person.0.cast_signed();
    let sql = "DELETE FROM membership WHERE person_id = $1 AND room_id = $2 RETURNING username";
    let Some(row) = db.row(sql, &[&id, &room.0]).await? else {
        return Ok(Err(MemberRefusal::NoMember));
    };
    if bans {
        let username: &str = row.try_get(0)?;
        let sql = "INSERT INTO ban (room_id, person_id, username, at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (room_id, person_id) DO NOTHING";
        db.execute(sql, &[&room.0, &id, &username, &at.as_millis()])
            .await?;
    }
    revocations::add(db, vec![(person, Revoked::Left(room))]).await?;
    Ok(Ok(()))
}

/// Ends a ban.
pub(super) async fn lift(
    db: &Connection,
    by: By,
    room: RoomId,
    person: PersonId,
) -> Result<Result<(), MemberRefusal>, Failure> {
    if let Err(denial) = room_by(db, by, Right::Moderate, room).await? {
        return Ok(Err(denial.into()));
    }
    let sql = "DELETE FROM ban WHERE room_id = $1 AND person_id = $2";
    let lifted = db.execute(sql, &[&room.0, &person.0.cast_signed()]).await?;
    Ok(if lifted > 0 {
        Ok(())
    } else {
        Err(MemberRefusal::NoMember)
    })
}

/// The people who are banned from a room.
pub(super) async fn bans(db: &Connection, room: RoomId) -> Result<Vec<Ban>, Failure> {
    let sql = "SELECT person_id, username, at FROM ban WHERE room_id = $1 \
        ORDER BY at DESC, person_id";
    let found = db.rows(sql, &[&room.0]).await?;
    let ban = |row| {
        Ok(Ban {
            person: rows::person(row, 0)?,
            username: Username::from_stored(row.try_get::<_, &str>(1)?),
            at: rows::timestamp(row, 2)?,
        })
    };
    found.iter().map(ban).collect()
}
