//! The people of a room.

use async_trait::async_trait;
use papo_domain::{Denial, MemberRole, PersonId, Right, Room, RoomId, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::facts::StoredFacts;
use super::memberships::{add, owner};
use super::{SqliteStorage, inboxes, rooms, rows};
use crate::fold::fold;
use crate::ledger::Facts as _;
use crate::{By, InboxChange, MemberFilter, MemberRefusal, Members, RoomMember, StorageError};

#[async_trait]
impl Members for SqliteStorage {
    async fn admit_administrator(
        &self,
        session: SessionId,
        room: RoomId,
        at: Timestamp,
    ) -> Result<Result<(), Denial>, StorageError> {
        self.write(move |db| admit_administrator(db, session, room, at))
            .await
    }

    async fn members(
        &self,
        room: RoomId,
        filter: MemberFilter,
    ) -> Result<Vec<RoomMember>, StorageError> {
        self.read(move |db| members(db, room, &filter)).await
    }

    async fn set_role(
        &self,
        by: By,
        room: RoomId,
        person: PersonId,
        role: MemberRole,
    ) -> Result<Result<(), MemberRefusal>, StorageError> {
        self.write(move |db| set_role(db, by, room, person, role))
            .await
    }
}

/// The room, if somebody has a right in it.
pub(super) fn room_by(
    db: &Connection,
    by: By,
    right: Right,
    room: RoomId,
) -> Result<Result<Room, Denial>, StorageError> {
    let Some(room) = rooms::by_id(db, room)? else {
        return Ok(Err(Denial::NoRoom));
    };
    let poster = match by.session() {
        Some(session) => StoredFacts::new(db, true)?.poster(session, room.id)?,
        None => None,
    };
    let may = by
        .role(poster.as_ref())
        .and_then(|role| role.may(right, room.terms()));
    Ok(may.map(|()| room))
}

/// Adds an administrator to a room.
pub(super) fn admit_administrator(
    db: &Connection,
    session: SessionId,
    room: RoomId,
    at: Timestamp,
) -> Result<Result<(), Denial>, StorageError> {
    let room = match room_by(db, By::Administrator(session), Right::Join, room)? {
        Ok(room) => room,
        Err(denial) => return Ok(Err(denial)),
    };
    let Some(owner) = owner(db, session)? else {
        return Ok(Err(Denial::NotAdministrator));
    };
    let role = if has_moderator(db, room.id, None)? {
        MemberRole::Member
    } else {
        MemberRole::Moderator
    };
    add(db, &owner, &room, role, at)?;
    Ok(Ok(()))
}

/// Whether a room has a moderator, beside this person.
fn has_moderator(
    db: &Connection,
    room: RoomId,
    beside: Option<PersonId>,
) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM membership WHERE room_id = ?1 AND role = 1 \
        AND (?2 IS NULL OR person_id <> ?2)";
    let beside = beside.map(|person| person.0.cast_signed());
    Ok(db.prepare_cached(sql)?.exists(params![room.0, beside])?)
}

/// The people of a room.
pub(super) fn members(
    db: &Connection,
    room: RoomId,
    filter: &MemberFilter,
) -> Result<Vec<RoomMember>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT person_id, username, account.is_admin, role, joined_at FROM membership \
         LEFT JOIN account USING (person_id) WHERE room_id = ?1 \
         AND (?2 IS NULL OR substr(fold(username), 1, length(?2)) = ?2) \
         ORDER BY role DESC, fold(username), person_id LIMIT ?3 OFFSET ?4",
    )?;
    let parameters = params![
        room.0,
        filter.prefix.as_deref().map(fold),
        rows::count(filter.limit),
        rows::count(filter.offset),
    ];
    let members = statement.query_map(parameters, |row| {
        Ok(RoomMember {
            person: rows::person(row, 0)?,
            username: rows::username(row, 1)?,
            mark: rows::mark(row, 2)?,
            role: rows::member_role(row, 3)?.unwrap_or_default(),
            joined_at: rows::timestamp(row, 4)?,
        })
    })?;
    Ok(members.collect::<Result<_, _>>()?)
}

/// Gives somebody another role.
pub(super) fn set_role(
    db: &Connection,
    by: By,
    room: RoomId,
    person: PersonId,
    role: MemberRole,
) -> Result<Result<(), MemberRefusal>, StorageError> {
    if let Err(denial) = room_by(db, by, Right::Manage, room)? {
        return Ok(Err(denial.into()));
    }
    let id = person.0.cast_signed();
    let before = db
        .prepare_cached("SELECT role FROM membership WHERE person_id = ?1 AND room_id = ?2")?
        .query_row([id, room.0], |row| rows::member_role(row, 0))
        .optional()?;
    match before {
        None => return Ok(Err(MemberRefusal::NoMember)),
        Some(before) if before == Some(role) => return Ok(Ok(())),
        Some(_) => {}
    }
    if role == MemberRole::Member && !has_moderator(db, room, Some(person))? {
        return Ok(Err(MemberRefusal::LastModerator));
    }
    db.prepare_cached("UPDATE membership SET role = ?3 WHERE person_id = ?1 AND room_id = ?2")?
        .execute(params![id, room.0, role.code()])?;
    inboxes::add(db, person, InboxChange::Role(room))?;
    Ok(Ok(()))
}
