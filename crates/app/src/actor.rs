//! Actors, and the proof that an actor is in a room.

use std::net::IpAddr;

use papo_channel_layer::Connection;
use papo_domain::{Mark, MemberRole, PersonId, Right, Role, RoomId, SessionId, Username};
use papo_storage::By;

use crate::{App, Error, Visitor};

/// A person who asks for something, with one of their sessions, from an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    pub(crate) person: PersonId,
    pub(crate) session: SessionId,
    /// `None` where addresses aren't counted.
    pub(crate) address: Option<IpAddr>,
}

/// The proof that an actor is in a room. Every use case that shows something of a room takes one.
///
/// It states what held when the database was asked. [`App::look_again`] handles the end of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    actor: Actor,
    room: RoomId,
    username: Username,
    mark: Option<Mark>,
    role: MemberRole,
}

impl Visitor {
    /// The mark of their account, if they have one.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.account().map(|account| Mark::of(account.is_admin))
    }

    /// What they are to the room in view. Nobody is in another.
    pub(crate) fn role_in(&self, room: RoomId) -> Role {
        if self.room != Some(room) {
            return Role::outside(self.account().is_some());
        }
        match self.session.role {
            Some(role) => role.into(),
            None if self.session.is_banned => Role::Banned,
            None => Role::outside(self.account().is_some()),
        }
    }

    /// The visitor as an actor from this address.
    pub fn actor(&self, address: IpAddr) -> Actor {
        Actor {
            person: self.person(),
            session: self.session.id,
            address: Some(address),
        }
    }
}

impl From<&Connection> for Actor {
    fn from(connection: &Connection) -> Self {
        Self {
            person: connection.person,
            session: connection.session,
            address: connection.address,
        }
    }
}

impl Member {
    /// Who it is about.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The person.
    pub fn person(&self) -> PersonId {
        self.actor.person
    }

    /// The room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The person's name in the room.
    pub fn username(&self) -> &Username {
        &self.username
    }

    /// Their mark, if they have an account.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Their role in the room.
    pub fn role(&self) -> MemberRole {
        self.role
    }

    /// Whose right they use in the room.
    pub(crate) fn by(&self) -> By {
        By::Member(self.actor.session)
    }
}

impl App {
    /// The proof that a visitor is in the room in view.
    ///
    /// # Errors
    ///
    /// [`Error::NoRoom`], [`Error::NoSession`] and [`Error::NotJoined`], in this order, for
    /// somebody who isn't in the room; [`Error::Banned`] for somebody who is banned from it.
    pub async fn enter(
        &self,
        visitor: Option<&Visitor>,
        room: RoomId,
        address: IpAddr,
    ) -> Result<Member, Error> {
        let member = visitor.filter(|visitor| visitor.room == Some(room));
        let member = member.and_then(|visitor| {
            Some(Member {
                actor: visitor.actor(address),
                room,
                username: visitor.username()?.clone(),
                mark: visitor.mark(),
                role: visitor.session.role.unwrap_or_default(),
            })
        });
        if let Some(member) = member {
            return Ok(member);
        }
        let role = visitor.map_or(Role::Stranger, |visitor| visitor.role_in(room));
        self.room_for(role, Right::Read, room).await?;
        Err(Error::NotJoined)
    }

    /// The proof that an actor is in a room now, or `None`.
    pub(crate) async fn member(&self, actor: Actor, room: RoomId) -> Result<Option<Member>, Error> {
        let identity = self.storage.identity(actor.session, room).await?;
        Ok(identity.map(|identity| Member {
            actor,
            room,
            username: identity.username,
            mark: identity.mark,
            role: identity.role,
        }))
    }
}
