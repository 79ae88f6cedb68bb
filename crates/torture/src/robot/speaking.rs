//! What a robot writes: messages, edits and deletions, each until it is answered.

use papo_protocol::ClientFrame;
use tokio::time::Instant;

use super::{Asked, ELSEWHERE, Robot, Talk, Unanswered};
use crate::history::{Kind, Sent};
use crate::world::{Phase, Waiting, World};

impl Robot {
    /// Posts, edits or deletes.
    pub(super) async fn speak(&mut self, talk: &mut Talk) -> anyhow::Result<()> {
        let waiting = World::wait(&self.world);
        if *self.phase.borrow() != Phase::Write {
            // It ended meanwhile, and nobody waits for what is written now.
            return Ok(());
        }
        if self.plan.changes && !self.own.is_empty() && self.random.percent(25) {
            return self.change(talk, waiting).await;
        }
        let room = self.a_room(talk);
        let client_id = self.random.client_id();
        let index = self.track.sent.len();
        let text = self.world.text(&client_id, self.plan.length);
        self.outbox.push(index);
        let unanswered = Unanswered {
            text,
            since: Instant::now(),
            _waiting: waiting,
        };
        self.texts.insert(index, unanswered);
        self.track.sent.push(Sent {
            client_id,
            room,
            at: self.world.moment(),
            connection: talk.id,
            acks: Vec::new(),
        });
        self.send(talk, index).await
    }

    /// Its own room, or now and then another that it follows.
    fn a_room(&mut self, talk: &Talk) -> i64 {
        let others = self.rooms[1..].iter().map(|followed| followed.view.room);
        let others: Vec<i64> = others
            .filter(|room| talk.subscribed.contains(room))
            .collect();
        if !others.is_empty() && self.random.percent(ELSEWHERE) {
            return others[self.random.index(others.len())];
        }
        self.plan.room
    }

    async fn change(&mut self, talk: &mut Talk, waiting: Waiting) -> anyhow::Result<()> {
        let which = self.random.index(self.own.len());
        let (in_room, target) = self.own[which];
        talk.reference += 1;
        let (r#ref, room) = (Some(talk.reference), Some(in_room));
        let (frame, kind) = if self.random.percent(50) {
            self.own.swap_remove(which);
            let frame = ClientFrame::Delete {
                r#ref,
                room,
                seq: target,
            };
            (frame, Kind::Deleted { target })
        } else {
            let message = format!("edited {}", self.random.client_id());
            let frame = ClientFrame::Edit {
                r#ref,
                room,
                seq: target,
                message,
            };
            (frame, Kind::Edited { target, text: None })
        };
        talk.asked
            .insert(talk.reference, Asked::Change(in_room, kind, waiting));
        talk.wire.send(&serde_json::to_string(&frame)?).await
    }

    /// Sends again what isn't acknowledged, in one room or in all that it follows.
    pub(super) async fn send_outbox(
        &mut self,
        talk: &mut Talk,
        only: Option<i64>,
    ) -> anyhow::Result<()> {
        for index in self.outbox.clone() {
            let room = self.track.sent[index].room;
            if talk.subscribed.contains(&room) && only.is_none_or(|only| only == room) {
                self.send(talk, index).await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self, talk: &mut Talk, index: usize) -> anyhow::Result<()> {
        talk.reference += 1;
        talk.asked.insert(talk.reference, Asked::Message(index));
        let frame = ClientFrame::Send {
            r#ref: Some(talk.reference),
            room: Some(self.track.sent[index].room),
            client_id: self.track.sent[index].client_id.clone(),
            message: self.texts[&index].text.clone(),
            username: None,
        };
        talk.wire.send(&serde_json::to_string(&frame)?).await
    }
}
