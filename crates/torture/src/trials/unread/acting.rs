//! What a device does, and how it handles the server's frames.

use std::sync::atomic::Ordering;

use anyhow::Result;
use papo_protocol::{ClientFrame, ErrorCode, MembershipObject, ServerFrame};

use super::badge::Badge;
use super::device::{Asked, Device, Talk};

/// The rooms that everybody is in.
pub(super) const ROOMS: [i64; 3] = [1, 2, 3];
/// How far back messages are marked as unread.
const BACK: u64 = 12;

impl Device {
    /// Does something, chosen at random.
    pub(super) async fn act(&mut self, talk: &mut Talk) -> Result<()> {
        self.screen.counts.acts.fetch_add(1, Ordering::SeqCst);
        if !talk.is_open {
            return self.open_room(talk).await;
        }
        let room = talk.open;
        match self.random.below(100) {
            0..38 => {
                let client_id = self.random.client_id();
                let message = format!("oi {client_id}");
                let frame = |r#ref| ClientFrame::Send {
                    r#ref,
                    room: Some(room),
                    client_id,
                    message,
                    username: None,
                };
                send(talk, Asked::Post(room), frame).await
            }
            38..56 => self.change_own(talk).await,
            56..62 => {
                let (seq, on) = (talk.last.max(1), self.random.percent(60));
                let frame = |r#ref| ClientFrame::React {
                    r#ref,
                    room: Some(room),
                    seq,
                    emoji: "👍".into(),
                    on,
                };
                send(talk, Asked::Other, frame).await
            }
            62..90 => self.mark(talk).await,
            90..96 => self.open_room(talk).await,
            _ => {
                if self.plan.leaves {
                    let room = ROOMS[self.random.index(ROOMS.len())];
                    self.leave(room);
                }
                Ok(())
            }
        }
    }

    /// Asks for a membership.
    pub(super) async fn ask(&mut self, talk: &mut Talk, room: i64) -> Result<()> {
        talk.ask_at.remove(&room);
        self.screen.counts.asked.fetch_add(1, Ordering::SeqCst);
        let asked = Asked::Membership(room, self.times_left(room));
        let room = Some(room);
        send(talk, asked, |r#ref| ClientFrame::Refresh { r#ref, room }).await
    }

    /// Opens another room, and closes the one before.
    async fn open_room(&mut self, talk: &mut Talk) -> Result<()> {
        let is_asked = |asked: &Asked| matches!(asked, Asked::Subscription(_));
        if talk.asked.values().any(is_asked) {
            return Ok(());
        }
        if std::mem::take(&mut talk.is_open) {
            let room = Some(talk.open);
            let frame = |r#ref| ClientFrame::Unsubscribe { r#ref, room };
            send(talk, Asked::Other, frame).await?;
        }
        talk.open = ROOMS[self.random.index(ROOMS.len())];
        talk.last = 0;
        let room = talk.open;
        let frame = |r#ref| ClientFrame::Subscribe {
            r#ref,
            room: Some(room),
            epoch: None,
            after: None,
            timestamp: None,
        };
        send(talk, Asked::Subscription(room), frame).await
    }

    /// Edits or deletes one of the person's messages in the open room.
    async fn change_own(&mut self, talk: &mut Talk) -> Result<()> {
        let open = talk.open;
        let here: Vec<_> = self.own.iter().filter(|(room, _)| *room == open).collect();
        let Some(&&(room, seq)) = here.get(self.random.index(here.len())) else {
            return Ok(());
        };
        if self.random.percent(40) {
            let frame = |r#ref| ClientFrame::Edit {
                r#ref,
                room: Some(room),
                seq,
                message: "mudado".into(),
            };
            return send(talk, Asked::Other, frame).await;
        }
        self.own.retain(|own| *own != (room, seq));
        let frame = |r#ref| ClientFrame::Delete {
            r#ref,
            room: Some(room),
            seq,
        };
        send(talk, Asked::Other, frame).await
    }

    /// Reads in a room, or marks messages there as unread.
    async fn mark(&mut self, talk: &mut Talk) -> Result<()> {
        let room = ROOMS[self.random.index(ROOMS.len())];
        let Some(badge) = self.badges.get(&room) else {
            return Ok(());
        };
        let (end, version) = (badge.seq, badge.version);
        let back = i64::try_from(self.random.below(BACK))?;
        let seq = (end - back).max(1);
        let asked = Asked::Mark(room, self.times_left(room));
        let room = Some(room);
        if self.random.percent(30) {
            send(talk, asked, |r#ref| ClientFrame::Unread {
                r#ref,
                room,
                seq,
            })
            .await
        } else {
            let frame = |r#ref| ClientFrame::Read {
                r#ref,
                room,
                seq,
                version,
            };
            send(talk, asked, frame).await
        }
    }

    /// Handles a frame.
    pub(super) fn heed(&mut self, talk: &mut Talk, frame: &ServerFrame) {
        match frame {
            ServerFrame::Welcome { sender, rooms, .. } => {
                sender.clone_into(&mut self.person);
                sender.clone_into(&mut self.screen.person.lock());
                let rooms = rooms.iter().flatten();
                let badges = rooms.map(|membership| (membership.room, Badge::new(membership)));
                self.badges = badges.collect();
                talk.is_welcome = true;
            }
            ServerFrame::Membership { r#ref, membership } => {
                let asked = r#ref.and_then(|reference| talk.asked.remove(&reference));
                self.take(r#ref.is_some(), asked, membership);
            }
            ServerFrame::Head {
                room,
                after,
                seq,
                posted,
            } => {
                self.screen.counts.heads.fetch_add(1, Ordering::SeqCst);
                let own = self.person.clone();
                match self.badges.get_mut(room) {
                    Some(badge) => badge.move_on(*after, *seq, posted.as_deref(), &own),
                    None => self.ask_soon(talk, *room),
                }
            }
            ServerFrame::Left { room } => {
                self.forget(*room);
                if talk.open == *room {
                    talk.is_open = false;
                }
            }
            ServerFrame::Ack { r#ref, seq, .. } => {
                let asked = r#ref.and_then(|reference| talk.asked.remove(&reference));
                if let (Some(Asked::Post(room)), Some(seq)) = (asked, seq) {
                    self.own.push((room, *seq));
                }
            }
            ServerFrame::Error { r#ref, code, .. } => {
                let asked = r#ref.and_then(|reference| talk.asked.remove(&reference));
                self.heed_refusal(talk, asked, *code);
            }
            _ => self.heed_log(talk, frame),
        }
        let unsure = self.badges.iter().filter(|(_, badge)| !badge.is_sure);
        for room in unsure.map(|(room, _)| *room).collect::<Vec<_>>() {
            self.ask_soon(talk, room);
        }
    }

    /// Handles what came of the open room's log.
    fn heed_log(&mut self, talk: &mut Talk, frame: &ServerFrame) {
        let (room, seq, counts, deletes) = match frame {
            ServerFrame::Snapshot {
                r#ref, room, seq, ..
            } => {
                if let Some(reference) = r#ref {
                    talk.asked.remove(reference);
                }
                talk.is_open = *room == talk.open;
                if let Some(badge) = self.badges.get_mut(room) {
                    badge.skip_to(*seq);
                }
                return;
            }
            ServerFrame::Message {
                room,
                seq,
                sender,
                deleted,
                ..
            } => {
                talk.last = *seq;
                (*room, *seq, *sender != self.person && !deleted, false)
            }
            ServerFrame::Deleted { room, seq, .. } => (*room, *seq, false, true),
            ServerFrame::Edited { room, seq, .. }
            | ServerFrame::Reacted { room, seq, .. }
            | ServerFrame::Room { room, seq, .. } => (*room, *seq, false, false),
            _ => return,
        };
        if let Some(badge) = self.badges.get_mut(&room) {
            badge.follow(seq, counts, deletes);
        }
    }

    /// Takes a membership. An answer counts unless the room was left meanwhile.
    fn take(&mut self, is_answer: bool, asked: Option<Asked>, membership: &MembershipObject) {
        let room = membership.room;
        if let Some(Asked::Mark(..)) = asked {
            let mark = (room, membership.version, membership.read);
            self.screen.marks.lock().push(mark);
        }
        let is_late = match asked {
            Some(Asked::Mark(_, left) | Asked::Membership(_, left)) => {
                left != self.times_left(room)
            }
            _ => is_answer,
        };
        if is_late {
            return;
        }
        match self.badges.get_mut(&room) {
            Some(badge) => badge.take(membership),
            None => {
                self.badges.insert(room, Badge::new(membership));
            }
        }
    }

    fn heed_refusal(&mut self, talk: &mut Talk, asked: Option<Asked>, code: ErrorCode) {
        match asked {
            // One that is older than the last leaving says nothing about now.
            Some(Asked::Membership(room, left) | Asked::Mark(room, left))
                if code == ErrorCode::NotJoined && left == self.times_left(room) =>
            {
                self.forget(room);
            }
            Some(Asked::Membership(..)) if code == ErrorCode::NotJoined => {}
            Some(Asked::Membership(room, _)) => self.ask_soon(talk, room),
            _ => {}
        }
    }

    fn forget(&mut self, room: i64) {
        self.badges.remove(&room);
        *self.left.entry(room).or_default() += 1;
    }
}

/// Sends a request.
async fn send(
    talk: &mut Talk,
    asked: Asked,
    frame: impl FnOnce(Option<u64>) -> ClientFrame,
) -> Result<()> {
    talk.reference += 1;
    talk.asked.insert(talk.reference, asked);
    let frame = frame(Some(talk.reference));
    talk.wire.send(&serde_json::to_string(&frame)?).await
}
