//! Invitations.

use async_trait::async_trait;
use papo_domain::{Denial, Likeness, Right, RoomId, SessionId, Timestamp, Username};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::members::room_by;
use super::memberships::{self, Way};
use super::{SqliteStorage, rows, served};
use crate::{
    By, Invitation, InvitationId, Invitations, JoinRefusal, Joined, NewInvitation, Served,
    StorageError, TokenHash,
};

/// The columns for [`read`].
const COLUMNS: &str = "id, room_id, created_at, expires_at, uses_left";

#[async_trait]
impl Invitations for SqliteStorage {
    async fn create_invitation(
        &self,
        by: By,
        invitation: NewInvitation,
    ) -> Result<Result<(), Denial>, StorageError> {
        self.write(move |db| create(db, by, &invitation)).await
    }

    async fn invitations(&self, room: RoomId) -> Result<Vec<Invitation>, StorageError> {
        self.read(move |db| of_room(db, room)).await
    }

    async fn invitation(&self, token: TokenHash) -> Result<Option<Invitation>, StorageError> {
        self.read(move |db| by_token(db, token)).await
    }

    async fn end_invitation(
        &self,
        by: By,
        room: RoomId,
        id: InvitationId,
    ) -> Result<Result<(), Denial>, StorageError> {
        self.write(move |db| end(db, by, room, id)).await
    }

    async fn accept_invitation(
        &self,
        session: SessionId,
        token: TokenHash,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError> {
        // This takes too long for the writer's thread: posts would wait for it.
        let likeness = Likeness::of(username.as_str());
        self.write(move |db| accept(db, session, token, (&username, &likeness), at))
            .await
    }
}

/// Stores an invitation.
pub(super) fn create(
    db: &Connection,
    by: By,
    invitation: &NewInvitation,
) -> Result<Result<(), Denial>, StorageError> {
    if let Err(denial) = room_by(db, by, Right::Invite, invitation.room)? {
        return Ok(Err(denial));
    }
    let now = served::get(db)?;
    // What has expired is of no use to anybody.
    db.prepare_cached("DELETE FROM invitation WHERE room_id = ?1 AND expires_at <= ?2")?
        .execute([invitation.room.0, now.0])?;
    db.prepare_cached(
        "INSERT INTO invitation (id, token, room_id, created_at, expires_at, uses_left) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        invitation.id.0,
        invitation.token.0,
        invitation.room.0,
        invitation.at.as_millis(),
        now.after(invitation.lifetime).0,
        invitation.uses,
    ])?;
    Ok(Ok(()))
}

/// The valid invitations to a room.
pub(super) fn of_room(db: &Connection, room: RoomId) -> Result<Vec<Invitation>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM invitation WHERE room_id = ?1 AND expires_at > ?2 \
         AND uses_left > 0 ORDER BY created_at DESC, id"
    ))?;
    let found = statement.query_map([room.0, served::get(db)?.0], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The valid invitation with this token.
pub(super) fn by_token(
    db: &Connection,
    token: TokenHash,
) -> Result<Option<Invitation>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM invitation WHERE token = ?1 AND expires_at > ?2 AND uses_left > 0"
    ))?;
    let found = statement.query_row(params![token.0, served::get(db)?.0], read);
    Ok(found.optional()?)
}

/// Ends an invitation.
pub(super) fn end(
    db: &Connection,
    by: By,
    room: RoomId,
    id: InvitationId,
) -> Result<Result<(), Denial>, StorageError> {
    if let Err(denial) = room_by(db, by, Right::Invite, room)? {
        return Ok(Err(denial));
    }
    db.prepare_cached("DELETE FROM invitation WHERE room_id = ?1 AND id = ?2")?
        .execute([room.0, id.0])?;
    Ok(Ok(()))
}

/// Joins by an invitation.
pub(super) fn accept(
    db: &Connection,
    session: SessionId,
    token: TokenHash,
    (username, likeness): (&Username, &Likeness),
    at: Timestamp,
) -> Result<Result<Joined, JoinRefusal>, StorageError> {
    let Some(invitation) = by_token(db, token)? else {
        return Ok(Err(JoinRefusal::NoInvitation));
    };
    let identity = memberships::identity(db, session, invitation.room)?;
    if let Some(identity) = identity {
        let room = super::rooms::by_id(db, invitation.room)?;
        let previous = Some(identity.username);
        return Ok(room
            .map(|room| Joined { room, previous })
            .ok_or_else(|| Denial::NoRoom.into()));
    }
    let name = (username, likeness);
    let joined = memberships::join(db, session, invitation.room, name, at, Way::Invitation)?;
    if joined.is_ok() {
        db.prepare_cached("UPDATE invitation SET uses_left = uses_left - 1 WHERE id = ?1")?
            .execute([invitation.id.0])?;
    }
    Ok(joined)
}

fn read(row: &Row<'_>) -> Result<Invitation, rusqlite::Error> {
    Ok(Invitation {
        id: InvitationId(row.get(0)?),
        room: RoomId(row.get(1)?),
        created_at: rows::timestamp(row, 2)?,
        expires: Served(row.get(3)?),
        uses_left: row.get(4)?,
    })
}
