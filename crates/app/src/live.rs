//! Keeps the tails of live rooms equal to the log.
//!
//! What this process commits goes to the tails at once; so does what other nodes tell (`nodes.rs`).
//! A poll of the log finds, within a second, what others commit and nobody tells. If missing frames
//! don't come by themselves, they are read from the log.

use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::{Frame, Lack, LiveRoom};
use papo_domain::{Event, RoomId, Seq};
use papo_storage::{Storage, StorageError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::defects;
use crate::fan_out::{Budget, FanOut};
use crate::frame::frame;
use crate::lease::RightsLease;
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::{App, Error};

/// A tail that lacks more than this starts again at the end, and doesn't read what lies between.
const JUMP: i64 = 10_000;
/// How many pages a tail reads at once when it lacks many. On busy processors an answer takes long,
/// and a tail that read one page at a time would never catch up.
const PAGES_AT_ONCE: usize = 8;
/// How long to wait before missing frames are read from the log. Frames that other nodes stored
/// before this one mostly come from them a moment later. Otherwise one read serves for everything
/// missing by then.
const PATIENCE: Duration = Duration::from_millis(20);
/// How often the log is asked for what others wrote: half of the two seconds within which a node
/// must notice it.
const POLL: Duration = Duration::from_secs(1);
const PRESENCE: Duration = Duration::from_millis(100);
const HOUSEKEEPING: Duration = Duration::from_mins(10);

/// Keeps tails equal to the log, and their followers up to date.
pub(crate) struct Tails {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) pages: Pages,
    pub(crate) lease: RightsLease,
    pub(crate) fan_out: Arc<FanOut>,
    pub(crate) metrics: Arc<Metrics>,
    /// Whether other nodes write into the same database.
    pub(crate) is_shared: bool,
}

impl Tails {
    /// Starts the tail of a room that somebody follows.
    pub(crate) async fn open(self: &Arc<Self>, live: &Arc<LiveRoom>) -> Result<(), Error> {
        if live.is_open() {
            return Ok(());
        }
        let is_lacking = {
            let _reading = live.reading.lock().await;
            if live.is_open() {
                return Ok(());
            }
            let room = self.storage.room(live.id).await?.ok_or(Error::NoRoom)?;
            if self.is_shared {
                // Nobody told this node of edits while nobody on it followed the room.
                self.pages.forget_room(live.id);
            }
            let (end, frames) = self.last_frames(live.id, room.last_seq).await?;
            live.open(end, frames);
            live.hear(end)
        };
        if is_lacking {
            self.read_missing(live).await;
        }
        Ok(())
    }

    /// Makes cached pages forget what an event changes.
    pub(crate) fn heed(&self, event: &Event) {
        self.pages.heed(event);
    }

    /// Whether new frames may be shown: not while rights may have ended unknown to this node. If
    /// not, they are read from the log later.
    pub(crate) fn may_show(&self) -> bool {
        !self.is_shared || self.lease.holds(Instant::now())
    }

    /// Appends just committed frames to a tail, and delivers them to the followers.
    pub(crate) fn append(
        self: &Arc<Self>,
        live: &Arc<LiveRoom>,
        frames: Vec<Frame>,
        budget: &mut Budget,
    ) {
        if !self.may_show() {
            self.metrics.held_frames.increment(frames.len() as u64);
            return;
        }
        let is_lacking = live.append(frames);
        self.fan_out.deliver(live, budget);
        if is_lacking {
            self.look_soon(live);
        }
    }

    /// Plans a look for missing frames soon.
    pub(crate) fn look_soon(self: &Arc<Self>, live: &Arc<LiveRoom>) {
        if live.plan_look() {
            let (tails, live) = (Arc::clone(self), Arc::clone(live));
            self.fan_out.spawn(async move {
                sleep(PATIENCE).await;
                tails.catch_up(&live).await;
            });
        }
    }

    /// Reads what a tail lacks. If only other nodes know of more, it asks the log first.
    async fn catch_up(&self, live: &Arc<LiveRoom>) {
        let mut lack = live.look();
        if lack == Lack::Frames {
            self.read_missing(live).await;
            lack = live.look();
        }
        if lack != Lack::Perhaps {
            return;
        }
        match self.storage.last_seqs(vec![live.id]).await {
            Ok(ends) => {
                if ends.iter().any(|(_, end)| live.hear(*end)) {
                    self.read_missing(live).await;
                }
            }
            // The next poll asks again.
            Err(error) => tracing::warn!(room = %live.id, %error, "can't ask a log for its end"),
        }
    }

    /// Reads what a tail lacks, until it lacks nothing. After a failed read, or when frames may not
    /// be shown yet, the next poll goes on.
    pub(crate) async fn read_missing(&self, live: &Arc<LiveRoom>) {
        let _reading = live.reading.lock().await;
        if defects::has("no-heal") {
            return;
        }
        // An earlier reader may have read everything.
        while live.hear(live.end()) {
            let from = live.end();
            if let Err(error) = self.read_page(live, from).await {
                tracing::warn!(room = %live.id, %error, "can't read the log for missing events");
                return;
            }
            if live.end() <= from {
                return;
            }
        }
    }

    async fn read_page(&self, live: &Arc<LiveRoom>, from: Seq) -> Result<(), StorageError> {
        if live.heard().0 - from.0 > JUMP {
            let (end, frames) = self.last_frames(live.id, live.heard()).await?;
            if !self.may_show() {
                return Ok(());
            }
            // Nobody tells of edits among the events that are skipped.
            self.pages.forget_room(live.id);
            live.jump(end, frames);
            return Ok(());
        }
        let lacking = usize::try_from(live.heard().0 - from.0).unwrap_or(0);
        let size = lacking.clamp(self.pages.size, PAGES_AT_ONCE * self.pages.size);
        let events = self.storage.events_after(live.id, from, size).await?;
        for event in &events {
            self.heed(event);
        }
        // The read may have taken long, so this comes after it.
        if !self.may_show() {
            return Ok(());
        }
        live.append(events.iter().map(frame));
        self.fan_out.deliver(live, &mut FanOut::budget());
        Ok(())
    }

    /// The last frames up to `last`, and newer ones if they fit.
    async fn last_frames(
        &self,
        room: RoomId,
        last: Seq,
    ) -> Result<(Seq, Vec<Frame>), StorageError> {
        let size = self.pages.size;
        let after = Seq((last.0 - self.pages.seqs()).max(0));
        let events = self.storage.events_after(room, after, size).await?;
        let end = events.last().map_or(after, |event| event.seq);
        Ok((end, events.iter().map(frame).collect()))
    }
}

impl App {
    /// Polls the log for what others wrote, until the app stops.
    pub(crate) async fn poll_log(self: Arc<Self>) {
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick(), if !defects::has("no-poll") => {}
                () = self.bells.logs.notified() => {}
                () = self.stopping.cancelled() => return,
            }
            self.ask_logs().await;
        }
    }

    /// Asks for the end of each live or watched room's log, and reads what the tails lack.
    pub(crate) async fn ask_logs(&self) {
        let open = |room: &Arc<LiveRoom>| room.is_open().then_some(room.id);
        let mut ids = self.hub.watched_rooms();
        ids.extend(self.hub.rooms().iter().filter_map(open));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return;
        }
        match self.storage.last_seqs(ids).await {
            Ok(ends) => {
                for (id, end) in ends {
                    self.hub.note_end(id, end);
                    if let Some(room) = self.hub.room(id)
                        && room.hear(end)
                    {
                        self.tails.read_missing(&room).await;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "can't ask the log for new events"),
        }
    }

    /// Sends the lists of people that have changed, until the app stops.
    pub(crate) async fn tell_presence(self: Arc<Self>) {
        let mut tick = interval(PRESENCE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                now = tick.tick() => self.hub.refresh_presence(now, papo_protocol::PRESENCE_PEOPLE, presence_frame),
                () = self.stopping.cancelled() => return,
            }
        }
    }

    /// Does the chores of this node alone, until the app stops: it forgets what it counted for rate
    /// limits, compares its clock, and looks whether its own connections have lost rights. What all
    /// nodes share is a job, and one of them does it (`jobs/chores.rs`).
    pub(crate) async fn keep_house(self: Arc<Self>) {
        let mut tick = interval(HOUSEKEEPING);
        for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.stopping.cancelled() => return,
            }
            self.rate_limits.forget_quiet();
            if let Err(error) = self.compare_clocks(is_first).await {
                tracing::warn!(%error, "can't compare the clocks");
            }
            if let Err(error) = self.end_lost_rights().await {
                tracing::warn!(%error, "can't look for rights that have ended");
            }
        }
    }
}

fn presence_frame(
    room: RoomId,
    online: usize,
    people: Vec<papo_channel_layer::Present>,
) -> bytes::Bytes {
    let people = people
        .into_iter()
        .map(|person| papo_protocol::Person {
            sender: person.person.to_string(),
            username: person.username.to_string(),
            mark: person.mark.map(papo_protocol::Mark::from),
        })
        .collect();
    papo_protocol::encode(&papo_protocol::ServerFrame::Presence {
        room: room.0,
        online,
        people,
    })
}
