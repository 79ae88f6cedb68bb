//! What a robot makes of the server's frames.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use papo_protocol::{ClientFrame, ErrorCode};
use tokio::time::Instant;

use super::{Asked, RETRY, Robot, Talk};
use crate::frames::Heard;
use crate::history::{Ack, Changed, Seen};
use crate::world::World;

impl Robot {
    /// Takes in one frame, and does what follows from it at once.
    pub(super) async fn heed(
        &mut self,
        talk: &mut Talk,
        heard: Heard,
        attempt: &mut u32,
    ) -> anyhow::Result<()> {
        match heard {
            Heard::Welcome(epoch) => {
                talk.epoch = epoch;
                let known = self.known.as_ref();
                let frame = ClientFrame::Subscribe {
                    r#ref: None,
                    room: Some(self.plan.room),
                    epoch: known.map(|(epoch, _)| epoch.to_string()),
                    after: known.map(|(_, last)| *last),
                };
                talk.wire.send(&serde_json::to_string(&frame)?).await?;
            }
            Heard::Seen(seen, epoch) => {
                match &seen {
                    Seen::Event(event) => {
                        if let Some((_, last)) = &mut self.known {
                            *last = event.seq;
                        }
                        self.reached.store(event.seq, Ordering::SeqCst);
                        self.note_delivery();
                        self.world.saw(event, self.plan.reading.is_none());
                    }
                    Seen::Snapshot(snapshot) => {
                        self.known = epoch.map(|epoch| (epoch, snapshot.seq));
                        self.reached.store(snapshot.seq, Ordering::SeqCst);
                    }
                    Seen::Resumed(_) => {}
                    Seen::Reset => {
                        self.track.resets += 1;
                        self.own.clear();
                    }
                }
                let is_answer = matches!(seen, Seen::Snapshot(_) | Seen::Resumed(_));
                self.track.view.seen.push(seen);
                if is_answer && !talk.is_subscribed {
                    *attempt = 0;
                    talk.is_subscribed = true;
                    self.world.subscribed();
                    talk.listening = Some(World::listen(&self.world));
                    if self.plan.misses_refusals {
                        for &index in &self.outbox {
                            self.track.sent[index].connection = self.world.connection();
                        }
                    }
                    self.send_outbox(talk).await?;
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
                if retry.is_none() {
                    self.track.unclear.push(code);
                }
                if matches!(code, ErrorCode::Unavailable | ErrorCode::RateLimited) {
                    self.track.refusals += 1;
                    self.track.refused.push(Instant::now());
                    self.world.refused();
                    if let Some(Asked::Message(index)) = asked {
                        // It goes out again after others: its place among them is no longer promised.
                        self.track.sent[index].connection = self.world.connection();
                        talk.retry_at = Some(Instant::now() + RETRY);
                    }
                }
            }
            // The server closes when it has answered what is on its way.
            Heard::Reconnect(delay) => talk.ordered = Some(Duration::from_millis(delay)),
            Heard::Left | Heard::Passing => {}
        }
        Ok(())
    }

    /// How long it has heard nothing is a pause.
    fn note_delivery(&mut self) {
        let now = Instant::now();
        if let Some(heard) = self.heard.replace(now) {
            self.track.silences.note(heard, now);
        }
    }

    fn acknowledged(&mut self, talk: &Talk, asked: Asked, seq: i64) {
        let at = self.world.moment();
        match asked {
            Asked::Message(index) => {
                if self.outbox.contains(&index) {
                    self.outbox.retain(|waiting| *waiting != index);
                    if let Some(unanswered) = self.texts.remove(&index) {
                        self.track.waits.note(unanswered.since, Instant::now());
                    }
                    self.world.answered();
                    self.own.push(seq);
                }
                let ack = Ack {
                    seq,
                    at,
                    epoch: Arc::clone(&talk.epoch),
                };
                self.track.sent[index].acks.push(ack);
            }
            Asked::Change(kind, _) => self.track.changed.push(Changed {
                room: self.plan.room,
                seq,
                kind,
                at,
                epoch: Arc::clone(&talk.epoch),
            }),
        }
    }
}
