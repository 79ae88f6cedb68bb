//! The use cases of administrators. Each takes the proof that its caller is one.

use std::sync::Arc;

use papo_domain::{
    Account, PersonId, Right, Role, Room, RoomDescription, RoomId, RoomKind, RoomOverview, Seq,
};
use papo_storage::{Act, By, Change, MessageFilter, MessagePage, RoomFilter};

use crate::moderation::{state_of, taken};
use crate::{Action, App, Error, RoomDraft, Visitor};

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
            Role::outside(account.is_some())
        };
        role.may_administer().ok()?;
        Some(Administrator {
            by: By::Administrator(self.session.id),
            person: Some(self.person()),
        })
    }
}

impl App {
    /// Rooms, archived and private ones too. Direct rooms are nobody else's business, and of
    /// private rooms an administrator sees the name.
    pub async fn find_rooms(
        &self,
        _by: &Administrator,
        filter: RoomFilter,
    ) -> Result<Vec<RoomOverview>, Error> {
        let most = filter.up_to.unwrap_or(RoomKind::Private);
        let up_to = Some(most.min(RoomKind::Private));
        let mut rooms = self.storage.rooms(RoomFilter { up_to, ..filter }).await?;
        for overview in &mut rooms {
            hide_private(&mut overview.room);
        }
        Ok(rooms)
    }

    /// A room that may be administered.
    pub async fn any_room(&self, by: &Administrator, id: RoomId) -> Result<Room, Error> {
        let mut room = self.room_for(by.role(), Right::See, id).await?;
        hide_private(&mut room);
        Ok(room)
    }

    /// Makes a room. An administrator with a session becomes its first moderator.
    pub async fn create_room(&self, by: &Administrator, draft: RoomDraft) -> Result<Room, Error> {
        self.create_room_for(by, draft, None).await
    }

    /// The same. By a command, this account becomes its moderator.
    pub async fn create_room_for(
        &self,
        by: &Administrator,
        draft: RoomDraft,
        moderator: Option<&Account>,
    ) -> Result<Room, Error> {
        let (state, now) = (draft.parse()?, self.settings.clock.now());
        if let Some(session) = by.by.session() {
            return self.open_room_as(session, state).await;
        }
        let person = moderator.map(|account| account.person);
        let made = self.storage.create_room_for(state, person, now).await;
        let room = made.map_err(taken)?;
        self.tell_inbox();
        Ok(room)
    }

    /// Changes a room. Its followers get the event.
    pub async fn set_room(
        &self,
        by: &Administrator,
        id: RoomId,
        draft: RoomDraft,
    ) -> Result<(), Error> {
        let mut state = draft.parse()?;
        let room = self.room_for(by.role(), Right::See, id).await?;
        if !room.kind.is_listed() {
            // What was hidden stays as it is.
            state.description.clone_from(&room.description);
        }
        if state == state_of(&room) {
            return Ok(());
        }
        self.change(by, id, Act::SetRoom(state)).await
    }

    /// Opens an archived room again, or archives one.
    pub async fn set_room_active(
        &self,
        by: &Administrator,
        id: RoomId,
        is_active: bool,
    ) -> Result<Room, Error> {
        let room = self.room_for(by.role(), Right::See, id).await?;
        if room.is_active != is_active {
            self.change(by, id, Act::SetActive(is_active)).await?;
        }
        Ok(Room { is_active, ..room })
    }

    /// Adds an administrator to a room. The room is told first, so nobody is in it unseen.
    pub async fn enter_as_administrator(&self, visitor: &Visitor, id: RoomId) -> Result<(), Error> {
        let by = visitor.administrator().ok_or(Error::NotAdministrator)?;
        let account = visitor.account().ok_or(Error::NotAdministrator)?;
        let joined = self.memberships(visitor).await?;
        if joined.iter().any(|(room, _)| *room == id) {
            return Ok(());
        }
        let username = account.name.as_username().clone();
        self.change(&by, id, Act::Enter { username }).await?;
        let (storage, now) = (Arc::clone(&self.storage), self.settings.clock.now());
        let session = visitor.session.id;
        let admit = async move { Ok(storage.admit_administrator(session, id, now).await?) };
        self.to_the_end(admit).await??;
        self.tell_inbox();
        Ok(())
    }

    /// Messages of listed rooms, newest first.
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

/// Leaves of a room that isn't listed only what an administrator may see.
fn hide_private(room: &mut Room) {
    if !room.kind.is_listed() {
        room.description = RoomDescription::default();
    }
}
