//! The rooms that people see.

use std::time::Duration;

use papo_domain::{Message, Right, Role, Room, RoomId, RoomOverview, Seq};
use papo_protocol::{
    MessageObject, SNAPSHOT_MESSAGES, ServerFrame, message_object, snapshot_frame,
};
use papo_storage::{MessagePage, RoomFilter, Snapshot};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use crate::{Action, Actor, App, Error, Member};

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

impl App {
    /// The active rooms by name.
    pub async fn active_rooms(&self) -> Result<Vec<RoomListing>, Error> {
        let filter = RoomFilter {
            is_active: Some(true),
            ..RoomFilter::default()
        };
        let rooms = self.storage.rooms(filter).await?;
        let listing = |overview: RoomOverview| RoomListing {
            online: self.hub.online(overview.room.id),
            overview,
        };
        Ok(rooms.into_iter().map(listing).collect())
    }

    /// A room that everybody may see.
    pub async fn room(&self, id: RoomId) -> Result<Room, Error> {
        self.room_for(Role::Stranger, Right::See, id).await
    }

    /// A room in which this role has this right.
    pub(crate) async fn room_for(
        &self,
        role: Role,
        right: Right,
        id: RoomId,
    ) -> Result<Room, Error> {
        let room = self.storage.room(id).await?.ok_or(Error::NoRoom)?;
        role.may(right, room.kind())?;
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
            member.username(),
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

    /// An active room and its last messages, which count as received by the member.
    async fn latest(&self, member: &Member) -> Result<Snapshot, Error> {
        let _turn = self.read_turn().await?;
        let room = member.room();
        let snapshot = self.storage.snapshot(room, SNAPSHOT_MESSAGES).await?;
        let Snapshot { room, page, at } = snapshot.ok_or(Error::NoRoom)?;
        Role::Member.may(Right::Read, room.kind())?;
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
