//! How a node learns from the database of rights that ended on another node or by a command,
//! whatever the relay does.
//!
//! A revocation says only that something has changed. The task of each connection asks the database
//! what holds now, in turn with its subscriptions. So an old revocation never removes somebody who
//! has joined again.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use papo_channel_layer::{Connection, Notice, Signal};
use papo_domain::RoomId;
use papo_storage::{Revocation, RevocationId, Revoked, StorageError};
use tokio::runtime::{Builder, Handle};
use tokio::time::Instant;

use crate::journals::{AskingTimes, PORTION};
use crate::{App, Error, Member, defects};

/// How long revocations are kept, for nodes that couldn't ask.
const KEPT: Duration = Duration::from_hours(7 * 24);

impl App {
    /// Makes all nodes look at the revocations.
    pub(crate) fn tell_changed(&self) {
        self.hub.tell(Signal::Changed);
    }

    /// Starts the task that gives local connections notices of rights that ended elsewhere, until
    /// the app stops.
    ///
    /// A node of several shows nothing new unless it asked lately. So it asks on a thread of its
    /// own, which gets the processor in its turn however many tasks wait.
    pub(crate) fn start_watching(self: &Arc<Self>, last: RevocationId) -> Result<(), Error> {
        let main = Handle::current();
        let watching = Arc::clone(self).watch_revocations(last, main);
        if !self.tails.is_shared {
            self.tasks.spawn(watching);
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            tracing::error!(%error, "can't start the thread that watches for rights that end");
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
        let mut times = AskingTimes::new();
        while times.next(&self.bells.revocations, &self.stopping).await {
            if let Err(error) = self.heed_revocations(&mut last, &main).await {
                tracing::warn!(%error, "can't ask for rights that ended");
                self.note_failure(&error);
            }
        }
    }

    /// Asks again whether a connection's person is in a room, and under which name and mark. The
    /// connection's task calls it after [`Notice::Changed`], before it writes more of the room.
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

    /// Deletes revocations that every node has seen.
    pub(crate) async fn forget_revocations(&self) -> Result<(), StorageError> {
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
                    // The poll may be waiting for a lost answer, so a task of its own reads the
                    // logs.
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
            Some(Revoked::Ended(session)) => self.hub.end_session(person, session),
            Some(Revoked::Place) => self.bells.place.notify_one(),
            Some(Revoked::Left(room) | Revoked::Renamed(room, _)) => {
                self.hub.notice(person, &Notice::Changed(room));
            }
            None => {
                self.bells.place.notify_one();
                tracing::error!(
                    number = revocation.id.0,
                    "a revocation in the database is damaged: papo asks again for all rights of \
                     its person"
                );
                let live = self.hub.rooms().into_iter().map(|room| room.id);
                for room in live.chain(self.hub.watched_rooms()) {
                    self.hub.notice(person, &Notice::Changed(room));
                }
            }
        }
    }
}
