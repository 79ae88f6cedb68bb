//! The use cases of administrators. Each takes the proof that its caller is one.

use papo_domain::{
    PersonId, Right, Role, Room, RoomDescription, RoomId, RoomName, RoomOverview, RoomState, Seq,
};
use papo_storage::{Act, By, Change, MessageFilter, MessagePage, RoomFilter, StorageError};

use crate::{Action, App, Error, Visitor};

/// The proof that the caller may administer, and the caller's identity.
///
/// It was true when the app read the database. The transaction that changes a room checks it again.
#[derive(Debug)]
pub struct Administrator {
    by: By,
    /// The caller; `None` for the command line.
    person: Option<PersonId>,
}

impl Administrator {
    /// The proof for a command: its user can write the data folder.
    pub const fn local() -> Self {
        Self {
            by: By::System,
            person: None,
        }
    }

    /// Whose right it is, for the transaction that checks it again.
    pub(crate) const fn by(&self) -> By {
        self.by
    }

    const fn role(&self) -> Role {
        match self.by {
            By::System => Role::System,
            By::Administrator(_) | By::Member(_) => Role::Administrator,
        }
    }
}

impl Visitor {
    /// The proof for a visitor who signed in with an administrator's account.
    pub fn administrator(&self) -> Option<Administrator> {
        let account = self.account();
        let is_one = account.is_some_and(|account| account.is_admin && !account.is_suspended);
        let role = if is_one {
            Role::Administrator
        } else {
            Role::Visitor
        };
        role.may_administer().ok()?;
        Some(Administrator {
            by: By::Administrator(self.session.id),
            person: Some(self.person()),
        })
    }
}

impl App {
    /// Rooms, inactive ones too.
    pub async fn find_rooms(
        &self,
        _by: &Administrator,
        filter: RoomFilter,
    ) -> Result<Vec<RoomOverview>, Error> {
        Ok(self.storage.rooms(filter).await?)
    }

    /// A room, inactive or not.
    pub async fn any_room(&self, by: &Administrator, id: RoomId) -> Result<Room, Error> {
        self.room_for(by.role(), Right::See, id).await
    }

    /// Makes a room.
    pub async fn create_room(
        &self,
        by: &Administrator,
        name: &str,
        description: &str,
        is_active: bool,
    ) -> Result<Room, Error> {
        let (name, description) = (RoomName::parse(name)?, RoomDescription::parse(description)?);
        let state = RoomState {
            name,
            description,
            is_active,
        };
        let room = self
            .storage
            .create_room_as(by.by, state, self.settings.clock.now())
            .await;
        let room = room.map_err(|error| match error {
            StorageError::Exists(_) => Error::RoomNameTaken,
            other => other.into(),
        })?;
        Ok(room?)
    }

    /// Changes a room's name, description and state. Its followers get the event. When it becomes
    /// inactive, their sockets are closed.
    pub async fn set_room(
        &self,
        by: &Administrator,
        id: RoomId,
        name: &str,
        description: &str,
        is_active: bool,
    ) -> Result<(), Error> {
        let (name, description) = (RoomName::parse(name)?, RoomDescription::parse(description)?);
        let room = self.any_room(by, id).await?;
        let state = RoomState {
            name,
            description,
            is_active,
        };
        if (&room.name, &room.description, room.is_active)
            == (&state.name, &state.description, is_active)
        {
            return Ok(());
        }
        self.change(by, id, Act::SetRoom(state)).await
    }

    /// Activates or deactivates a room.
    pub async fn set_room_active(
        &self,
        by: &Administrator,
        id: RoomId,
        is_active: bool,
    ) -> Result<Room, Error> {
        let room = self.any_room(by, id).await?;
        if room.is_active != is_active {
            self.change(by, id, Act::SetActive(is_active)).await?;
        }
        Ok(Room { is_active, ..room })
    }

    /// Messages, newest first.
    pub async fn find_messages(
        &self,
        by: &Administrator,
        filter: MessageFilter,
    ) -> Result<MessagePage, Error> {
        if filter.search.is_some() {
            self.rate_limits
                .check(Action::Search, by.person, None, None)?;
        }
        let _turn = self.read_turn().await?;
        Ok(self.storage.find_messages(filter).await?)
    }

    /// Deletes anyone's message.
    pub async fn delete_message(
        &self,
        by: &Administrator,
        room: RoomId,
        target: Seq,
    ) -> Result<(), Error> {
        self.change(by, room, Act::Delete { target }).await
    }

    /// Changes a room, and waits until the change is on disk.
    async fn change(&self, by: &Administrator, room: RoomId, act: Act) -> Result<(), Error> {
        let change = Change { by: by.by, act };
        self.log.append(room, change).await?;
        Ok(())
    }
}
