//! Rooms that people make and look after themselves: names, kinds, roles, removals and bans. Each
//! use case takes the proof that the caller is in the room, and the transaction checks the right.

use std::sync::Arc;

use papo_channel_layer::Notice;
use papo_domain::{
    MemberRole, PersonId, Right, Role, Room, RoomDescription, RoomId, RoomKind, RoomName,
    RoomState, SessionId,
};
use papo_storage::{Act, Ban, Change, Invitation, MemberFilter, RoomMember, StorageError};

use crate::{Action, App, Error, Member, Visitor};

/// How many people of a room are shown on a page.
pub const MEMBERS_SHOWN: usize = 50;

/// A room as somebody typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomDraft {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Its kind.
    pub kind: RoomKind,
    /// Whether only moderators post in it.
    pub is_announcement: bool,
    /// Whether it isn't archived.
    pub is_active: bool,
}

/// A room as one of its people sees it.
#[derive(Debug, Clone)]
pub struct RoomAbout {
    /// The room.
    pub room: Room,
    /// Some of its people.
    pub members: Vec<RoomMember>,
    /// Whether there are more of them.
    pub has_more: bool,
    /// For moderators: whom they keep out.
    pub bans: Vec<Ban>,
    /// For moderators: the valid invitations.
    pub invitations: Vec<Invitation>,
}

impl RoomDraft {
    /// Checks what was typed.
    pub(crate) fn parse(&self) -> Result<RoomState, Error> {
        Ok(RoomState {
            name: RoomName::parse(&self.name)?,
            description: RoomDescription::parse(&self.description)?,
            is_active: self.is_active,
            kind: self.kind,
            is_announcement: self.is_announcement,
        })
    }
}

impl App {
    /// Whether a visitor may make rooms.
    pub fn may_open_rooms(&self, visitor: Option<&Visitor>) -> Result<(), Error> {
        let role = match visitor {
            Some(visitor) if visitor.administrator().is_some() => Role::Administrator,
            Some(visitor) => Role::outside(visitor.account().is_some()),
            None => Role::Stranger,
        };
        Ok(role.may_open(self.place().room_makers)?)
    }

    /// Makes a room. The visitor becomes its first moderator.
    pub async fn open_room(&self, visitor: &Visitor, draft: &RoomDraft) -> Result<Room, Error> {
        self.may_open_rooms(Some(visitor))?;
        let state = draft.parse()?;
        self.rate_limits
            .check(Action::Join, Some(visitor.person()), None, None)?;
        self.open_room_as(visitor.session.id, state).await
    }

    pub(crate) async fn open_room_as(
        &self,
        session: SessionId,
        state: RoomState,
    ) -> Result<Room, Error> {
        let (makers, now) = (self.place().room_makers, self.settings.clock.now());
        let opened = self.storage.open_room(session, makers, state, now).await;
        let room = opened.map_err(taken)??;
        self.tell_inbox();
        Ok(room)
    }

    /// A room and its people, those whose name begins with `prefix` if there is one.
    pub async fn about(
        &self,
        member: &Member,
        prefix: &str,
        offset: usize,
    ) -> Result<RoomAbout, Error> {
        self.may_read(member.actor())?;
        let id = member.room();
        let room = self.own_room(member).await?;
        let prefix = prefix.trim();
        let filter = MemberFilter {
            prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
            offset,
            limit: MEMBERS_SHOWN + 1,
        };
        let mut members = self.storage.members(id, filter).await?;
        let has_more = members.len() > MEMBERS_SHOWN;
        members.truncate(MEMBERS_SHOWN);
        let role = Role::from(member.role());
        let mut about = RoomAbout {
            members,
            has_more,
            bans: Vec::new(),
            invitations: Vec::new(),
            room,
        };
        if role.may(Right::Moderate, about.room.terms()).is_ok() {
            about.bans = self.storage.bans(id).await?;
        }
        if role.may(Right::Invite, about.room.terms()).is_ok() {
            about.invitations = self.storage.invitations(id).await?;
        }
        Ok(about)
    }

    /// Changes a room by its moderator.
    pub async fn manage_room(&self, member: &Member, draft: &RoomDraft) -> Result<(), Error> {
        let state = draft.parse()?;
        let room = self.storage.room(member.room()).await?;
        self.change_room(member, &room.ok_or(Error::NoRoom)?, state)
            .await
    }

    /// Archives a room by its moderator, or opens it again.
    pub async fn set_archived(&self, member: &Member, is_archived: bool) -> Result<(), Error> {
        let room = self.storage.room(member.room()).await?;
        let room = room.ok_or(Error::NoRoom)?;
        let state = RoomState {
            is_active: !is_archived,
            ..state_of(&room)
        };
        self.change_room(member, &room, state).await
    }

    async fn change_room(
        &self,
        member: &Member,
        room: &Room,
        state: RoomState,
    ) -> Result<(), Error> {
        Role::from(member.role()).may(Right::Manage, room.terms())?;
        if state == state_of(room) {
            return Ok(());
        }
        let (person, address) = (Some(member.person()), member.actor().address);
        self.rate_limits
            .check(Action::Send, person, address, Some(room.id))?;
        let act = Act::SetRoom(state);
        let by = member.by();
        self.log.append(room.id, Change { by, act }).await?;
        Ok(())
    }

    /// Gives somebody in a room another role.
    pub async fn set_role(
        &self,
        member: &Member,
        person: PersonId,
        role: MemberRole,
    ) -> Result<(), Error> {
        let (storage, by, room) = (Arc::clone(&self.storage), member.by(), member.room());
        let set = async move { Ok(storage.set_role(by, room, person, role).await?) };
        self.to_the_end(set).await??;
        self.tell_inbox();
        Ok(())
    }

    /// Removes somebody from a room, and bans them from it if `bans`. When this returns, later
    /// messages in it reach no device of theirs on this node.
    pub async fn remove_member(
        &self,
        member: &Member,
        person: PersonId,
        bans: bool,
    ) -> Result<(), Error> {
        let (storage, by, room) = (Arc::clone(&self.storage), member.by(), member.room());
        let (hub, now) = (Arc::clone(&self.hub), self.settings.clock.now());
        let remove = async move {
            let removed = storage.remove_member(by, room, person, bans, now).await?;
            if removed.is_ok() {
                hub.notice(person, &Notice::Changed(room));
            }
            Ok(removed)
        };
        self.to_the_end(remove).await??;
        self.tell_changed();
        Ok(())
    }

    /// Ends a ban.
    pub async fn lift_ban(&self, member: &Member, person: PersonId) -> Result<(), Error> {
        let lifted = self.storage.lift_ban(member.by(), member.room(), person);
        Ok(lifted.await??)
    }

    /// The room of a member, as they see it.
    pub async fn own_room(&self, member: &Member) -> Result<Room, Error> {
        let room = self.storage.room(member.room()).await?;
        let room = room.ok_or(Error::NoRoom)?;
        self.named_for(room, member.person()).await
    }

    /// The number of a room that a visitor is in, and the room as they see it.
    pub async fn joined_room(&self, visitor: &Visitor, id: RoomId) -> Result<Room, Error> {
        let state = self
            .storage
            .membership_state(visitor.session.id, id)
            .await?;
        let state = state.ok_or(Error::NotJoined)?;
        let room = self.storage.room(id).await?.ok_or(Error::NoRoom)?;
        Ok(Room {
            name: state.name,
            ..room
        })
    }
}

/// What people see of a room.
pub(crate) fn state_of(room: &Room) -> RoomState {
    RoomState {
        name: room.name.clone(),
        description: room.description.clone(),
        is_active: room.is_active,
        kind: room.kind,
        is_announcement: room.is_announcement,
    }
}

/// The error when a listed room has the name.
pub(crate) fn taken(error: StorageError) -> Error {
    match error {
        StorageError::Exists(_) => Error::RoomNameTaken,
        other => other.into(),
    }
}
