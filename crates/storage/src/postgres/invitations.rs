//! Invitations.

use async_trait::async_trait;
use papo_domain::{Denial, Likeness, Right, RoomId, SessionId, Timestamp, Username};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::members::room_by;
use super::memberships::{self, Way};
use super::{PostgresStorage, rooms, rows, served};
use crate::{
    By, Invitation, InvitationId, Invitations, JoinRefusal, Joined, NewInvitation, Served,
    StorageError, TokenHash,
};

/// The columns for [`read`].
const COLUMNS: &str = "id, room_id, created_at, expires_at, uses_left";

#[async_trait]
impl Invitations for PostgresStorage {
    async fn create_invitation(
        &self,
        by: By,
        invitation: NewInvitation,
    ) -> Result<Result<(), Denial>, StorageError> {
        self.write((by, invitation), |db, (by, invitation)| {
            Box::pin(create(db, *by, invitation))
        })
        .await
    }

    async fn invitations(&self, room: RoomId) -> Result<Vec<Invitation>, StorageError> {
        self.read(room, |db, &room| Box::pin(of_room(db, room)))
            .await
    }

    async fn invitation(&self, token: TokenHash) -> Result<Option<Invitation>, StorageError> {
        self.read(token, |db, &token| Box::pin(by_token(db, token, "")))
            .await
    }

    async fn end_invitation(
        &self,
        by: By,
        room: RoomId,
        id: InvitationId,
    ) -> Result<Result<(), Denial>, StorageError> {
        self.write((by, room, id), |db, &(by, room, id)| {
            Box::pin(end(db, by, room, id))
        })
        .await
    }

    async fn accept_invitation(
        &self,
        session: SessionId,
        token: TokenHash,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError> {
        // This takes too long to do it while holding a lock.
        let likeness = Likeness::of(username.as_str());
        let with = (session, token, (username, likeness), at);
        self.write(with, |db, (session, token, (username, likeness), at)| {
            Box::pin(accept(db, *session, *token, (username, likeness), *at))
        })
        .await
    }
}

/// Stores an invitation.
pub(super) async fn create(
    db: &Connection,
    by: By,
    invitation: &NewInvitation,
) -> Result<Result<(), Denial>, Failure> {
    let room = invitation.room.0;
    if let Err(denial) = room_by(db, by, Right::Invite, invitation.room).await? {
        return Ok(Err(denial));
    }
    let now = served::get(db).await?;
    // What has expired is of no use to anybody.
    let sql = "DELETE FROM invitation WHERE room_id = $1 AND expires_at <= $2";
    db.execute(sql, &[&room, &now.0]).await?;
    let sql = "INSERT INTO invitation (id, token, room_id, created_at, expires_at, uses_left) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let (id, token) = (invitation.id.0, invitation.token.0.as_slice());
    let (at, expires) = (invitation.at.as_millis(), now.after(invitation.lifetime).0);
    let uses = i64::from(invitation.uses);
    let values: [Value<'_>; 6] = [&id, &token, &room, &at, &expires, &uses];
    db.execute(sql, &values).await?;
    Ok(Ok(()))
}

/// The valid invitations to a room.
pub(super) async fn of_room(db: &Connection, room: RoomId) -> Result<Vec<Invitation>, Failure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invitation WHERE room_id = $1 \
         AND expires_at > (SELECT served FROM papo) AND uses_left > 0 \
         ORDER BY created_at DESC, id"
    );
    let found = db.rows(&sql, &[&room.0]).await?;
    found.iter().map(read).collect()
}

/// The valid invitation with this token, maybe locked.
pub(super) async fn by_token(
    db: &Connection,
    token: TokenHash,
    lock: &str,
) -> Result<Option<Invitation>, Failure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invitation WHERE token = $1 \
         AND expires_at > (SELECT served FROM papo) AND uses_left > 0 {lock}"
    );
    let row = db.row(&sql, &[&token.0.as_slice()]).await?;
    row.as_ref().map(read).transpose()
}

/// Ends an invitation.
pub(super) async fn end(
    db: &Connection,
    by: By,
    room: RoomId,
    id: InvitationId,
) -> Result<Result<(), Denial>, Failure> {
    if let Err(denial) = room_by(db, by, Right::Invite, room).await? {
        return Ok(Err(denial));
    }
    let sql = "DELETE FROM invitation WHERE room_id = $1 AND id = $2";
    db.execute(sql, &[&room.0, &id.0]).await?;
    Ok(Ok(()))
}

/// Joins by an invitation. Others who use it wait until this transaction ends, and then find one
/// use less.
pub(super) async fn accept(
    db: &Connection,
    session: SessionId,
    token: TokenHash,
    (username, likeness): (&Username, &Likeness),
    at: Timestamp,
) -> Result<Result<Joined, JoinRefusal>, Failure> {
    let Some(invitation) = by_token(db, token, "FOR NO KEY UPDATE OF invitation").await? else {
        return Ok(Err(JoinRefusal::NoInvitation));
    };
    if let Some(identity) = memberships::identity(db, session, invitation.room).await? {
        let room = rooms::by_id(db, invitation.room).await?;
        let previous = Some(identity.username);
        return Ok(room
            .map(|room| Joined { room, previous })
            .ok_or_else(|| Denial::NoRoom.into()));
    }
    let name = (username, likeness);
    let way = Way::Invitation;
    let joined = memberships::join(db, session, invitation.room, name, at, way).await?;
    if joined.is_ok() {
        let sql = "UPDATE invitation SET uses_left = uses_left - 1 WHERE id = $1";
        db.execute(sql, &[&invitation.id.0]).await?;
    }
    Ok(joined)
}

fn read(row: &Row) -> Result<Invitation, Failure> {
    let uses: i64 = row.try_get(4)?;
    Ok(Invitation {
        id: InvitationId(row.try_get(0)?),
        room: RoomId(row.try_get(1)?),
        created_at: rows::timestamp(row, 2)?,
        expires: Served(row.try_get(3)?),
        uses_left: u32::try_from(uses).unwrap_or(u32::MAX),
    })
}
