//! Rights that ended on another node, or by the command line: learned from the database, whatever
//! the relay does.
//!
//! A revocation says that something has changed; what holds now is asked of the database, by the
//! task of each connection, in turn with its subscriptions. So an old one never puts out who has
//! joined again.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use papo_channel_layer::{Connection, Notice, Signal};
use papo_domain::RoomId;
use papo_storage::{Revocation, RevocationId, Revoked, StorageError};
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{App, Error, Member, defects};

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

    /// Starts to give local connections notice of rights that ended elsewhere, for as long as the
    /// app runs.
    ///
    /// Where nodes share a database nothing new is shown unless it was asked lately. So that is
    /// done on a thread of its own, which gets the processor in its turn however many tasks wait
    /// for theirs.
    pub(crate) fn start_watching(self: &Arc<Self>, last: RevocationId) -> Result<(), Error> {
        let main = Handle::current();
        let watching = Arc::clone(self).watch_revocations(last, main);
        if !self.tails.is_shared {
            self.tasks.spawn(watching);
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            tracing::error!(%error, "starting the thread that watches for rights that end");
            Error::Internal
        };
        let own = Builder::new_current_thread().enable_all().build();
        let own = own.map_err(failed)?;
        let watching = self.tasks.track_future(watching);
        thread::Builder::new()
            .name("rights".into())
            .spawn(move || own.block_on(watching))
            .map_err(failed)?;
        Ok(())
    }

    async fn watch_revocations(self: Arc<Self>, mut last: RevocationId, main: Handle) {
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.bells.revocations.notified() => {}
                () = self.stopping.cancelled() => return,
            }
            if let Err(error) = self.heed_revocations(&mut last, &main).await {
                tracing::warn!(%error, "asking for rights that ended");
                self.note_failure(&error);
            }
        }
    }

    /// Asks again whether a connection's person is in a room, and as whom; to be called by the
    /// connection's task after [`Notice::Changed`], and before it writes more of the room.
    pub async fn look_again(
        &self,
        connection: &Connection,
        room: RoomId,
    ) -> Result<Option<Member>, Error> {
        let member = self.member(connection.into(), room).await?;
        let Some(known) = &member else {
            return Ok(None);
        };
        connection.set_mark(known.mark());
        if let Some(live) = self.hub.room(room) {
            let (username, mark) = (known.username().clone(), known.mark());
            live.rename(known.person(), username, mark, Instant::now());
        }
        Ok(member)
    }

    /// Forgets the revocations that every node has seen.
    pub(crate) async fn forget_revocations(&self) -> Result<(), Error> {
        self.storage.forget_revocations(KEPT).await?;
        Ok(())
    }

    async fn heed_revocations(
        self: &Arc<Self>,
        last: &mut RevocationId,
        main: &Handle,
    ) -> Result<(), StorageError> {
        loop {
            let asked = Instant::now();
            let portion = self.storage.revocations_after(*last, PORTION).await?;
            let is_last = portion.len() < PORTION;
            for revocation in portion {
                *last = revocation.id;
                self.heed_revocation(&revocation);
            }
            if is_last {
                if self.tails.lease.renew(asked) {
                    // Not by the poll, which may be waiting for an answer that was lost.
                    let app = Arc::clone(self);
                    self.tasks
                        .spawn_on(async move { app.ask_logs().await }, main);
                }
                return Ok(());
            }
        }
    }

    fn heed_revocation(&self, revocation: &Revocation) {
        if defects::has("no-remote-revocation") {
            return;
        }
        let person = revocation.person;
        match revocation.revoked {
            Revoked::Ended(session) => self.hub.end_session(person, session),
            Revoked::Left(room) | Revoked::Renamed(room, _) => {
                self.hub.notice(person, &Notice::Changed(room));
            }
        }
    }
}
