//! The rooms that people see.

use std::cmp::Reverse;
use std::time::Duration;

use papo_domain::{Message, PersonId, Right, Role, Room, RoomId, RoomKind, RoomOverview, Seq};
use papo_protocol::{
    MessageObject, SNAPSHOT_MESSAGES, ServerFrame, message_object, snapshot_frame,
};
use papo_storage::{MembershipState, MessagePage, RoomFilter, Snapshot};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use crate::{Action, Actor, App, Error, Member, Visitor};

/// The most bytes of texts on a page. A single message is shown whole.
const SHOWN_BYTES: usize = 1 << 20;

/// How long a request waits for a permit to read a page of messages.
const READ_WAIT: Duration = Duration::from_secs(5);

/// A room in the list.
#[derive(Debug, Clone)]
pub struct RoomListing {
    /// The room and its last activity.
    pub overview: RoomOverview,
    /// How many people are in it.
    pub online: usize,
}

/// A room that somebody is in, in their list.
#[derive(Debug, Clone)]
pub struct OwnRoom {
    /// How they are in it.
    pub state: MembershipState,
    /// How many people are in it.
    pub online: usize,
}

impl App {
    /// The rooms that a visitor may join, by name, also those that they are in.
    pub async fn listed_rooms(&self, visitor: Option<&Visitor>) -> Result<Vec<RoomListing>, Error> {
        let has_account = visitor.is_some_and(|visitor| visitor.account().is_some());
        let up_to = if has_account {
            RoomKind::Members
        } else {
            RoomKind::Public
        };
        let filter = RoomFilter {
            is_active: Some(true),
            up_to: Some(up_to),
            ..RoomFilter::default()
        };
        let rooms = self.storage.rooms(filter).await?;
        let listing = |overview: RoomOverview| RoomListing {
            online: self.hub.online(overview.room.id),
            overview,
        };
        Ok(rooms.into_iter().map(listing).collect())
    }

    /// The rooms that a visitor is in, the last active one first.
    pub async fn own_rooms(&self, visitor: &Visitor) -> Result<Vec<OwnRoom>, Error> {
        let (_, states) = self.storage.membership_states(visitor.session.id).await?;
        let own = |state: MembershipState| OwnRoom {
            online: self.hub.online(state.room),
            state,
        };
        let mut rooms: Vec<_> = states.into_iter().map(own).collect();
        rooms.sort_by_key(|room| Reverse(room.state.last_activity));
        Ok(rooms)
    }

    /// A room that a visitor may see, who has it in view.
    pub async fn room(&self, visitor: Option<&Visitor>, id: RoomId) -> Result<Room, Error> {
        let role = visitor.map_or(Role::Stranger, |visitor| visitor.role_in(id));
        let room = self.room_for(role, Right::See, id).await?;
        match visitor {
            Some(visitor) => self.named_for(room, visitor.person()).await,
            None => Ok(room),
        }
    }

    /// A room as one of its people sees it: a direct room has the names of the others.
    pub(crate) async fn named_for(&self, room: Room, person: PersonId) -> Result<Room, Error> {
        if room.kind != RoomKind::Direct {
            return Ok(room);
        }
        let name = self.storage.direct_name(room.id, person).await?;
        Ok(Room {
            name: name.unwrap_or(room.name),
            ..room
        })
    }

    /// A room in which a visitor may join under a name, who has it in view.
    pub async fn room_to_join(&self, visitor: Option<&Visitor>, id: RoomId) -> Result<Room, Error> {
        let role = visitor.map_or(Role::Stranger, |visitor| visitor.role_in(id));
        let room = self.storage.room(id).await?.ok_or(Error::NoRoom)?;
        role.may_join(room.terms(), self.place().admits_guests)?;
        Ok(room)
    }

    /// A room in which this role has this right.
    pub(crate) async fn room_for(
        &self,
        role: Role,
        right: Right,
        id: RoomId,
    ) -> Result<Room, Error> {
        let room = self.storage.room(id).await?.ok_or(Error::NoRoom)?;
        role.may(right, room.terms())?;
        Ok(room)
    }

    /// The room and the snapshot with which its page begins.
    pub async fn chat(&self, member: &Member) -> Result<(Room, ServerFrame), Error> {
        self.may_read(member.actor())?;
        self.latest_frame(member).await
    }

    /// The room as it is now, and the snapshot of it.
    pub(crate) async fn latest_frame(&self, member: &Member) -> Result<(Room, ServerFrame), Error> {
        let Snapshot { room, page, at } = self.latest(member).await?;
        let frame = snapshot_frame(
            None,
            self.epoch,
            &room,
            (member.username(), member.role()),
            &page.messages,
            page.more,
            at,
        );
        Ok((room, frame))
    }

    /// A page of messages before one, in order, and whether there are older ones.
    pub async fn older_messages(
        &self,
        member: &Member,
        before: Seq,
    ) -> Result<(Vec<MessageObject>, bool), Error> {
        self.room_for(Role::Member, Right::Read, member.room())
            .await?;
        self.may_read(member.actor())?;
        let _turn = self.read_turn().await?;
        let page = self
            .storage
            .messages_before(member.room(), before, SNAPSHOT_MESSAGES)
            .await?;
        let page = shortened(page);
        self.may_take(member.actor(), page_bytes(&page))?;
        Ok((
            page.messages.iter().map(message_object).collect(),
            page.more,
        ))
    }

    /// Counts a requested page or snapshot.
    pub(crate) fn may_read(&self, actor: Actor) -> Result<(), Error> {
        self.rate_limits
            .check(Action::Read, Some(actor.person), actor.address, None)
    }

    /// Counts bytes of a log for an actor.
    pub(crate) fn may_take(&self, actor: Actor, bytes: usize) -> Result<(), Error> {
        self.rate_limits
            .check_bytes(actor.person, actor.address, bytes)
    }

    /// Waits for a permit to read a page of messages. Pages that were read and not yet written take
    /// memory, so only a few are read at a time.
    pub(crate) async fn read_turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        let turn = timeout(READ_WAIT, self.reading.acquire()).await;
        turn.ok()
            .and_then(Result::ok)
            .ok_or(Error::Unavailable(READ_WAIT))
    }

    /// A room and its last messages, which count as received by the member.
    pub(crate) async fn latest(&self, member: &Member) -> Result<Snapshot, Error> {
        let _turn = self.read_turn().await?;
        let room = member.room();
        let snapshot = self.storage.snapshot(room, SNAPSHOT_MESSAGES).await?;
        let Snapshot { room, page, at } = snapshot.ok_or(Error::NoRoom)?;
        Role::Member.may(Right::Read, room.terms())?;
        let room = self.named_for(room, member.person()).await?;
        let page = shortened(page);
        self.may_take(member.actor(), page_bytes(&page))?;
        Ok(Snapshot { room, page, at })
    }
}

/// Bytes of a page's texts.
fn page_bytes(page: &MessagePage) -> usize {
    let texts = page
        .messages
        .iter()
        .map(|message| message.text.as_str().len());
    texts.sum()
}

/// The page without its first messages, if it would be too large with them.
fn shortened(mut page: MessagePage) -> MessagePage {
    let mut bytes = 0;
    let is_shown = |message: &&Message| {
        bytes += message.text.as_str().len();
        bytes <= SHOWN_BYTES
    };
    let shown = page.messages.iter().rev().take_while(is_shown).count();
    let hidden = page.messages.len().saturating_sub(shown.max(1));
    page.messages.drain(..hidden);
    page.more |= hidden > 0;
    page
}
