//! The rooms that people see.

use papo_domain::{Message, Room, RoomId, RoomOverview};
use papo_protocol::{
    MessageObject, SNAPSHOT_MESSAGES, ServerFrame, message_object, snapshot_frame,
};
use papo_storage::{MessagePage, RoomFilter, Snapshot};

use crate::{App, Error, Visitor};

/// The most bytes of the texts that are shown at once; of one message all is.
const SHOWN_BYTES: usize = 1 << 20;

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

    /// An active room.
    pub async fn room(&self, id: RoomId) -> Result<Room, Error> {
        self.storage
            .room(id)
            .await?
            .filter(|room| room.is_active)
            .ok_or(Error::NoRoom)
    }

    /// The room as its page shows it at first, to somebody who is in it.
    pub async fn chat(
        &self,
        visitor: Option<&Visitor>,
        id: RoomId,
    ) -> Result<(Room, ServerFrame), Error> {
        let Snapshot { room, page } = self.latest(id).await?;
        let username = visitor
            .and_then(Visitor::username)
            .ok_or(Error::NotJoined)?;
        let frame = snapshot_frame(None, self.epoch, &room, username, &page.messages, page.more);
        Ok((room, frame))
    }

    /// A page of messages before one, in order, and whether there are older ones; for somebody who is in the room.
    pub async fn older_messages(
        &self,
        visitor: Option<&Visitor>,
        id: RoomId,
        before: papo_domain::Seq,
    ) -> Result<(Vec<MessageObject>, bool), Error> {
        self.room(id).await?;
        if visitor.and_then(Visitor::username).is_none() {
            return Err(Error::NotJoined);
        }
        let page = self
            .storage
            .messages_before(id, before, SNAPSHOT_MESSAGES)
            .await?;
        let page = shortened(page);
        Ok((
            page.messages.iter().map(message_object).collect(),
            page.more,
        ))
    }

    /// An active room and its last messages.
    pub(crate) async fn latest(&self, id: RoomId) -> Result<Snapshot, Error> {
        let snapshot = self.storage.snapshot(id, SNAPSHOT_MESSAGES).await?;
        let Snapshot { room, page } = snapshot
            .filter(|snapshot| snapshot.room.is_active)
            .ok_or(Error::NoRoom)?;
        Ok(Snapshot {
            room,
            page: shortened(page),
        })
    }
}

/// A page without the first messages, when it would be too large with them.
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
