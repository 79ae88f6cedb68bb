//! How a robot handles the server's frames.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use papo_protocol::{ClientFrame, ErrorCode};
use tokio::time::Instant;

use super::{Asked, RETRY, Robot, Talk};
use crate::frames::Heard;
use crate::history::{Ack, Changed, Seen};
use crate::world::World;

impl Robot {
    /// Handles one frame, and does at once what follows from it.
    pub(super) async fn heed(
        &mut self,
        talk: &mut Talk,
        heard: Heard,
        attempt: &mut u32,
    ) -> anyhow::Result<()> {
        match heard {
            Heard::Welcome(epoch) => {
                self.epoch = Arc::clone(&epoch);
                talk.epoch = epoch;
                for followed in self.rooms.iter().filter(|room| !room.is_refused) {
                    let (known, room) = (followed.known.as_ref(), followed.view.room);
                    talk.reference += 1;
                    talk.asked.insert(talk.reference, Asked::Room(room));
                    let frame = ClientFrame::Subscribe {
                        r#ref: Some(talk.reference),
                        room: Some(room),
                        epoch: known.map(|(epoch, _)| epoch.to_string()),
                        after: known.map(|(_, last)| *last),
                        timestamp: None,
                    };
                    talk.wire.send(&serde_json::to_string(&frame)?).await?;
                }
            }
            Heard::Seen(room, seen, epoch) => {
                let is_own = room == self.plan.room;
                let followed = self
                    .followed(room)
                    .with_context(|| format!("a frame of room {room}"))?;
                let reached = match &seen {
                    Seen::Event(event) => {
                        if let Some((_, last)) = &mut followed.known {
                            *last = event.seq;
                        }
                        Some(event.seq)
                    }
                    Seen::Snapshot(snapshot) => {
                        followed.known = epoch.map(|epoch| (epoch, snapshot.seq));
                        Some(snapshot.seq)
                    }
                    Seen::Resumed(_) | Seen::Reset => None,
                };
                followed.view.seen.push(seen.clone());
                if let Some(seq) = reached.filter(|_| is_own) {
                    self.reached.store(seq, Ordering::SeqCst);
                }
                match seen {
                    Seen::Event(event) => {
                        self.note_delivery();
                        self.world.saw(&event, self.plan.reading.is_none());
                    }
                    Seen::Reset => {
                        self.track.resets += usize::from(is_own);
                        self.own.retain(|(own, _)| *own != room);
                    }
                    Seen::Snapshot(_) | Seen::Resumed(_) if talk.subscribed.insert(room) => {
                        self.subscribed(talk, room, attempt).await?;
                    }
                    Seen::Snapshot(_) | Seen::Resumed(_) => {}
                }
            }
            Heard::Ack { reference, seq } => {
                let asked = reference.and_then(|reference| talk.asked.remove(&reference));
                if let (Some(asked), Some(seq)) = (asked, seq) {
                    self.acknowledged(talk, asked, seq);
                }
            }
            Heard::Refused {
                reference,
                code,
                retry,
            } => {
                let asked = reference.and_then(|reference| talk.asked.remove(&reference));
                if let Some(&Asked::Room(room)) = asked.as_ref()
                    && room != self.plan.room
                    && code == ErrorCode::NotJoined
                    && let Some(followed) = self.followed(room)
                {
                    followed.is_refused = true;
                    followed.view.is_complete = false;
                    return Ok(());
                }
                if retry.is_none() {
                    self.track.unclear.push(code);
                }
                if matches!(code, ErrorCode::Unavailable | ErrorCode::RateLimited) {
                    self.track.refusals += 1;
                    self.track.refused.push(Instant::now());
                    self.world.refused();
                    // It comes back, and asks again.
                    ensure!(
                        !matches!(asked, Some(Asked::Room(_))),
                        "not to be followed now"
                    );
                    if let Some(Asked::Message(index)) = asked {
                        // It is sent again after others, so its place among them isn't promised any
                        // more.
                        self.track.sent[index].connection = self.world.connection();
                        talk.retry_at = Some(Instant::now() + RETRY);
                    }
                }
            }
            // The server closes after it has answered the requests in flight.
            Heard::Reconnect(delay) => talk.ordered = Some(Duration::from_millis(delay)),
            Heard::Left | Heard::Passing => {}
        }
        Ok(())
    }

    /// Handles the answer to a subscription: the robot sends what it has for the room.
    async fn subscribed(
        &mut self,
        talk: &mut Talk,
        room: i64,
        attempt: &mut u32,
    ) -> anyhow::Result<()> {
        if room == self.plan.room {
            *attempt = 0;
            self.world.subscribed();
            talk.listening = Some(World::listen(&self.world));
        }
        if self.plan.misses_refusals {
            for &index in &self.outbox {
                if self.track.sent[index].room == room {
                    self.track.sent[index].connection = self.world.connection();
                }
            }
        }
        self.send_outbox(talk, Some(room)).await
    }

    /// Notes the silence before a delivery as a pause.
    fn note_delivery(&mut self) {
        let now = Instant::now();
        if let Some(heard) = self.heard.replace(now) {
            self.track.silences.note(heard, now);
        }
    }

    fn acknowledged(&mut self, talk: &Talk, asked: Asked, seq: i64) {
        let at = self.world.moment();
        match asked {
            // The room's content is its answer.
            Asked::Room(_) => {}
            Asked::Message(index) => {
                if self.outbox.contains(&index) {
                    self.outbox.retain(|waiting| *waiting != index);
                    if let Some(unanswered) = self.texts.remove(&index) {
                        self.track.waits.note(unanswered.since, Instant::now());
                    }
                    self.world.answered();
                    self.own.push((self.track.sent[index].room, seq));
                }
                let ack = Ack {
                    seq,
                    at,
                    epoch: Arc::clone(&talk.epoch),
                };
                self.track.sent[index].acks.push(ack);
            }
            Asked::Change(room, kind, _) => self.track.changed.push(Changed {
                room,
                seq,
                kind,
                at,
                epoch: Arc::clone(&talk.epoch),
            }),
        }
    }
}
