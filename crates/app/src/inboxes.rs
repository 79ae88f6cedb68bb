//! How a node learns of what has changed for persons: rooms that they joined, and what they have
//! read, on any node.
//!
//! An entry of the inbox says only that something has changed. The task of each connection asks the
//! database what holds now.

use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::{Connection, Signal};
use papo_domain::RoomId;
use papo_protocol::MembershipObject;
use papo_storage::{InboxChange, InboxEntry, InboxId, MembershipState, StorageError};

use crate::journals::{AskingTimes, PORTION};
use crate::{App, Error, defects};

/// The database keeps entries for this long, for nodes that couldn't ask. Each reader adds many.
const KEPT: Duration = Duration::from_hours(1);

/// A person's rooms, for one of their connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomList {
    /// The last entry of the inbox that the list includes.
    pub inbox: i64,
    /// The rooms.
    pub rooms: Vec<MembershipObject>,
}

impl App {
    /// Makes all nodes look at the inboxes.
    pub(crate) fn tell_inbox(&self) {
        self.bells.inboxes.notify_one();
        self.hub.tell(Signal::Inbox);
    }

    /// Gives local connections notices of what has changed for their persons, until the app stops.
    pub(crate) async fn watch_inboxes(self: Arc<Self>, mut last: InboxId) {
        let mut times = AskingTimes::new();
        while times.next(&self.bells.inboxes, &self.stopping).await {
            if let Err(error) = self.heed_inboxes(&mut last).await {
                tracing::warn!(%error, "can't ask for what has changed in inboxes");
                self.note_failure(&error);
            }
        }
    }

    /// Makes a connection watch all rooms that its person is in, but for those that it follows.
    /// Returns all of them. Heads that come after the call follow the list.
    pub async fn room_list(
        &self,
        connection: &Arc<Connection>,
        followed: &[RoomId],
    ) -> Result<RoomList, Error> {
        // From here on the connection gets notices of rooms that are joined.
        self.hub.watch(connection, &[]);
        let memberships = self.storage.memberships(connection.session).await?;
        let mut watched: Vec<_> = memberships.into_iter().map(|(room, _)| room).collect();
        watched.retain(|room| !followed.contains(room));
        self.hub.watch(connection, &watched);
        let (inbox, states) = self.storage.membership_states(connection.session).await?;
        for state in &states {
            self.hub.begin_heads(state.room, state.last_seq);
        }
        let rooms = states.iter().map(membership_object).collect();
        let inbox = inbox.0;
        Ok(RoomList { inbox, rooms })
    }

    /// The same as [`Self::changed_membership`] after an entry of the inbox. The person's devices
    /// ask the database once.
    pub async fn entered_membership(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        follows: bool,
    ) -> Result<Option<MembershipObject>, Error> {
        // What is new here has to be read after the watching begins.
        let is_known = follows || connection.watches(room);
        let shared = self.entry_states.of(connection.person, room);
        let Some(shared) = shared.filter(|_| is_known) else {
            return self.changed_membership(connection, room, follows).await;
        };
        // A device whose session has ended gets none, and that is no answer for the others.
        let ask = async || {
            let state = self.storage.membership_state(connection.session, room);
            state.await.map_err(Some)?.ok_or(None::<StorageError>)
        };
        match shared.get_or_try_init(ask).await {
            Ok(state) => Ok(Some(membership_object(state))),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error.into()),
        }
    }

    /// The person's membership of a room in which something changed for them. Makes the connection
    /// watch the room unless it follows it. `None` if they aren't in the room.
    pub async fn changed_membership(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        follows: bool,
    ) -> Result<Option<MembershipObject>, Error> {
        let is_new = !follows && !connection.watches(room);
        if is_new {
            self.hub.watch(connection, &[room]);
        }
        let state = self.storage.membership_state(connection.session, room);
        let state = state.await.inspect_err(|_| {
            if is_new {
                self.hub.unwatch(connection, room);
            }
        })?;
        match &state {
            Some(state) if is_new => self.hub.begin_heads(room, state.last_seq),
            None if is_new => self.hub.unwatch(connection, room),
            Some(_) | None => {}
        }
        Ok(state.as_ref().map(membership_object))
    }

    /// Deletes entries of inboxes that every node has seen.
    pub(crate) async fn forget_inboxes(&self) -> Result<(), Error> {
        self.storage.forget_inbox(KEPT).await?;
        Ok(())
    }

    async fn heed_inboxes(&self, last: &mut InboxId) -> Result<(), StorageError> {
        self.entry_states.age();
        loop {
            let portion = self.storage.inbox_after(*last, PORTION).await?;
            let is_last = portion.len() < PORTION;
            for entry in portion {
                *last = entry.id;
                self.heed_entry(&entry);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn heed_entry(&self, entry: &InboxEntry) {
        match entry.change {
            Some(InboxChange::Read(_)) if defects::has("deaf-inbox") => {}
            Some(InboxChange::Joined(room) | InboxChange::Read(room) | InboxChange::Role(room)) => {
                if self.hub.watcher_count(entry.person) > 1 {
                    self.entry_states.add(entry.person, room);
                }
                self.hub.notice_inbox(entry.person, room);
            }
            None => {
                tracing::error!(
                    number = entry.id.0,
                    "an entry of an inbox in the database is damaged: papo sends its person all \
                     rooms again"
                );
                self.hub.repeat_rooms(entry.person);
            }
        }
    }
}

/// A membership as its person sees it.
pub(crate) fn membership_object(state: &MembershipState) -> MembershipObject {
    MembershipObject {
        room: state.room.0,
        name: state.name.to_string(),
        kind: state.terms.kind.into(),
        announcement: state.terms.is_announcement,
        archived: !state.terms.is_active,
        role: state.role.into(),
        username: state.username.to_string(),
        seq: state.last_seq.0,
        timestamp: state.last_activity.map(|at| at.to_string()),
        read: state.read.0,
        version: state.version,
        unread: state.unread,
        level: state.level.into(),
    }
}
