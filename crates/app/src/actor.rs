//! Who asks, and the proof that they are in a room.

use std::net::IpAddr;

use papo_channel_layer::Connection;
use papo_domain::{Mark, PersonId, RoomId, SessionId, Username};
use papo_storage::Identity;

use crate::{App, Error, Visitor};

/// Who asks for something: a person, with one of their sessions, from an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    pub(crate) person: PersonId,
    pub(crate) session: SessionId,
    /// `None` where there are no addresses to be counted.
    pub(crate) address: Option<IpAddr>,
}

/// The proof that an actor is in a room. Whatever shows something of a room takes one.
///
/// It says what was true when the database was asked; see [`App::look_again`] for what happens when
/// that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    actor: Actor,
    room: RoomId,
    username: Username,
    mark: Option<Mark>,
}

impl Visitor {
    /// The mark of their account, if they have one.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.account().map(|account| Mark::of(account.is_admin))
    }

    /// The visitor as somebody who asks from this address.
    pub fn actor(&self, address: IpAddr) -> Actor {
        Actor {
            person: self.person(),
            session: self.session.id,
            address: Some(address),
        }
    }
}

impl std::convert::From<&Connection> for Actor {
    fn from(connection: &Connection) -> Self {
        Self {
            person: connection.person,
            session: connection.session,
            address: connection.address,
        }
    }
}

impl Member {
    pub(crate) fn actor(&self) -> Actor {
        self.actor
    }

    /// Who it is, in all rooms.
    pub fn person(&self) -> PersonId {
        self.actor.person
    }

    /// The room that they are in.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Their name in it.
    pub fn username(&self) -> &Username {
        &self.username
    }

    /// Their mark, if they have an account.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.mark
    }
}

impl App {
    /// The proof that a visitor is in the room that they were asked for with.
    ///
    /// # Errors
    ///
    /// For somebody who isn't in the room: [`Error::NoRoom`], which comes first,
    /// [`Error::NoSession`] and [`Error::NotJoined`]. A member of a closed room still gets the
    /// proof, and what is asked with it then says [`Error::NoRoom`].
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
            })
        });
        if let Some(member) = member {
            return Ok(member);
        }
        self.room(room).await?;
        Err(visitor.map_or(Error::NoSession, |_| Error::NotJoined))
    }

    /// The proof that an actor is in a room now, if they are.
    pub(crate) async fn member(&self, actor: Actor, room: RoomId) -> Result<Option<Member>, Error> {
        let identity = self.storage.identity(actor.session, room).await?;
        Ok(identity.map(|Identity { username, mark }| Member {
            actor,
            room,
            username,
            mark,
        }))
    }
}
