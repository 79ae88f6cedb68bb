//! Rights that ended on another node, or by the command line: learned from the database, whatever the relay does.
//!
//! A revocation says that something has changed; what holds now is asked of the database, so an old one never puts out who has joined
//! again. The connections are chosen before that is asked: whoever subscribes meanwhile has been checked later.

use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::{Notice, Signal};
use papo_domain::{RoomId, SessionId};
use papo_storage::{Revocation, RevocationId, Revoked, StorageError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{App, Error, defects};

/// How often the database is asked: half of the second within which a right must have ended.
const POLL: Duration = Duration::from_millis(500);
/// Revocations read at once.
const PORTION: usize = 1_000;
/// Revocations are kept for this long: for any node that couldn't ask for a while.
const KEPT: Duration = Duration::from_hours(7 * 24);

impl App {
    /// Has all nodes look at the revocations.
    pub(crate) fn tell_changed(&self) {
        self.hub.tell(Signal::Changed);
    }

    /// Gives local connections notice of rights that ended elsewhere, for as long as the app runs.
    pub(crate) async fn watch_revocations(self: Arc<Self>, mut last: RevocationId) {
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.bells.revocations.notified() => {}
                () = self.stopping.cancelled() => return,
            }
            if let Err(error) = self.heed_revocations(&mut last).await {
                tracing::warn!(%error, "asking for rights that ended");
                self.note_failure(&error);
            }
        }
    }

    /// Forgets the revocations that every node has seen.
    pub(crate) async fn forget_revocations(&self) -> Result<(), Error> {
        self.storage.forget_revocations(KEPT).await?;
        Ok(())
    }

    async fn heed_revocations(&self, last: &mut RevocationId) -> Result<(), StorageError> {
        loop {
            let portion = self.storage.revocations_after(*last, PORTION).await?;
            let is_last = portion.len() < PORTION;
            for revocation in portion {
                let id = revocation.id;
                self.heed_revocation(revocation).await?;
                *last = id;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn heed_revocation(&self, revocation: Revocation) -> Result<(), StorageError> {
        if defects::has("no-remote-revocation") {
            return Ok(());
        }
        let session = revocation.session;
        match revocation.revoked {
            Revoked::Ended => self.hub.notice(session, &Notice::SessionEnded),
            Revoked::Left(room) | Revoked::Renamed(room, _) => {
                self.look_again(session, room).await?;
            }
        }
        Ok(())
    }

    /// Gives a session's connections notice of what it is in a room now.
    async fn look_again(&self, session: SessionId, room: RoomId) -> Result<(), StorageError> {
        let connections = self.hub.of_session(session);
        let Some(sender) = connections.first().map(|connection| connection.sender) else {
            return Ok(());
        };
        let memberships = self.storage.memberships(session).await?;
        let membership = memberships.into_iter().find(|(id, _)| *id == room);
        let notice = match membership {
            Some((_, username)) => {
                if let Some(live) = self.hub.room(room) {
                    live.rename(sender, username.clone(), Instant::now());
                }
                Notice::Renamed(room, username)
            }
            None => Notice::Left(room),
        };
        for connection in connections {
            connection.notice(notice.clone());
        }
        Ok(())
    }
}
