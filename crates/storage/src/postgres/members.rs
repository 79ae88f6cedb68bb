//! The people of a room.

use std::cmp::Reverse;

use async_trait::async_trait;
use papo_domain::{
    Denial, MemberRole, PersonId, Right, Room, RoomId, SessionId, Timestamp, Username,
};

use super::connection::Connection;
use super::errors::Failure;
use super::locks::{self, Lock};
use super::memberships::{add, owner};
use super::{PostgresStorage, facts, inboxes, rooms, rows};
use crate::fold::fold;
use crate::{By, InboxChange, MemberFilter, MemberRefusal, Members, RoomMember, StorageError};

#[async_trait]
impl Members for PostgresStorage {
    async fn admit_administrator(
        &self,
        session: SessionId,
        room: RoomId,
        at: Timestamp,
    ) -> Result<Result<(), Denial>, StorageError> {
        self.write((session, room, at), |db, &(session, room, at)| {
            Box::pin(admit_administrator(db, session, room, at))
        })
        .await
    }

    async fn members(
        &self,
        room: RoomId,
        filter: MemberFilter,
    ) -> Result<Vec<RoomMember>, StorageError> {
        self.read((room, filter), |db, (room, filter)| {
            Box::pin(members(db, *room, filter))
        })
        .await
    }

    async fn set_role(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
        role: MemberRole,
    ) -> Result<Result<(), MemberRefusal>, StorageError> {
        self.write((by, room, person, role), |db, &(by, room, person, role)| {
            Box::pin(set_role(db, by, room, person, role))
        })
        .await
    }
}

/// The room, locked, if somebody has a right in it.
pub(super) async fn room_by(
    db: &Connection,
    by: By,
    right: Right,
    room: RoomId,
) -> Result<Result<Room, Denial>, Failure> {
    facts::hold_administrator(db, by).await?;
    rooms::lock(db, &[room]).await?;
    let Some(room) = rooms::by_id(db, room).await? else {
        return Ok(Err(Denial::NoRoom));
    };
    let poster = match by.session() {
        Some(session) => facts::poster(db, session, room.id).await?,
        None => None,
    };
    let role = by.role(poster.as_ref());
    let may = role.and_then(|role| role.may(right, room.terms()));
    Ok(may.map(|()| room))
}

/// Adds an administrator to a room.
pub(super) async fn admit_administrator(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    at: Timestamp,
) -> Result<Result<(), Denial>, Failure> {
    locks::share(db, Lock::Names).await?;
    let Some(owner) = owner(db, session).await? else {
        return Ok(Err(Denial::NotAdministrator));
    };
    let room = match room_by(db, By::Administrator(session), Right::Join, room).await? {
        Ok(room) => room,
        Err(denial) => return Ok(Err(denial)),
    };
    let role = if has_moderator(db, room.id, None).await? {
        MemberRole::Member
    } else {
        MemberRole::Moderator
    };
    if add(db, &owner, &room, role, at).await? {
        inboxes::add(db, vec![(owner.person, InboxChange::Joined(room.id))]).await?;
    }
    Ok(Ok(()))
}

/// Whether a room has a moderator, beside this person.
async fn has_moderator(
    db: &Connection,
    room: RoomId,
    beside: Option<PersonId>,
) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM membership WHERE room_id = $1 AND role = 1 \
        AND ($2::bigint IS NULL OR person_id <> $2) LIMIT 1";
    let beside = beside.map(|person| person.0.cast_signed());
    Ok(!db.rows(sql, &[&room.0, &beside]).await?.is_empty())
}

/// The people of a room. PostgreSQL folds names otherwise than Papo, so this chooses and orders
/// them here.
pub(super) async fn members(
    db: &Connection,
    room: RoomId,
    filter: &MemberFilter,
) -> Result<Vec<RoomMember>, Failure> {
    let sql = "SELECT person_id, username, account.is_admin, role, joined_at FROM membership \
        LEFT JOIN account USING (person_id) WHERE room_id = $1";
    let prefix = filter.prefix.as_deref().map(fold).unwrap_or_default();
    let mut members = Vec::new();
    for row in db.rows(sql, &[&room.0]).await? {
        let username = Username::from_stored(row.try_get::<_, &str>(1)?);
        let folded = fold(username.as_str()).into_owned();
        if !folded.starts_with(&*prefix) {
            continue;
        }
        let member = RoomMember {
            person: rows::person(&row, 0)?,
            username,
            mark: rows::mark(&row, 2)?,
            role: rows::member_role(&row, 3)?.unwrap_or_default(),
            joined_at: rows::timestamp(&row, 4)?,
        };
        members.push((folded, member));
    }
    members.sort_by_cached_key(|(folded, member)| {
        (
            Reverse(member.role),
            folded.clone(),
            member.person.0.cast_signed(),
        )
    });
    let members = members.into_iter().map(|(_, member)| member);
    Ok(members.skip(filter.offset).take(filter.limit).collect())
}

/// Gives somebody another role.
pub(super) async fn set_role(
    db: &Connection,
    by: By,
    room: RoomId,
    person: PersonId,
    role: MemberRole,
) -> Result<Result<(), MemberRefusal>, Failure> {
    if let Err(denial) = room_by(db, by, Right::Manage, room).await? {
        return Ok(Err(denial.into()));
    }
    let id = person.0.cast_signed();
    let sql = "SELECT role FROM membership WHERE person_id = $1 AND room_id = $2 FOR UPDATE";
    match db.row(sql, &[&id, &room.0]).await? {
        None => return Ok(Err(MemberRefusal::NoMember)),
        Some(row) if rows::member_role(&row, 0)? == Some(role) => return Ok(Ok(())),
        Some(_) => {}
    }
    if role == MemberRole::Member && !has_moderator(db, room, Some(person)).await? {
        return Ok(Err(MemberRefusal::LastModerator));
    }
    let sql = "UPDATE membership SET role = $3 WHERE person_id = $1 AND room_id = $2";
    db.execute(sql, &[&id, &room.0, &role.code()]).await?;
    inboxes::add(db, vec![(person, InboxChange::Role(room))]).await?;
    Ok(Ok(()))
}
