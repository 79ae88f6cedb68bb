//! Collects what a socket's client gets: answers, the frames after its cursors, and notices that
//! change its rights.

use std::sync::Arc;
use std::time::Duration;

use papo_app::{Error, Frame, Notice};
use papo_domain::{EventClass, RoomId, Seq};
use papo_protocol::{ServerFrame, close, encode};
use papo_websocket::CloseCode;

use super::ending::{Closing, End};
use super::followed::{Followed, Step, find};
use super::session::{OUTGOING_BYTES, Session, Speech};
use super::watching::News;
use crate::defects;

/// Presence and typing are skipped while more than this waits.
const PASSING_BYTES: usize = 8 * 1024;
/// A log that can't be read now is tried again after at most this time.
const READ_AGAIN: Duration = Duration::from_secs(1);

impl Session {
    /// Takes what waits for the client: answers, and the frames after the cursors in rooms that
    /// have called. Returns whether there may be more.
    pub(super) async fn gather(&mut self) -> Result<bool, End> {
        self.heed_notices().await?;
        self.gather_answers();
        self.note_calls();
        let mut is_more = false;
        let mut frames = Vec::new();
        let mut index = 0;
        // A blocked socket would only return the frames.
        while !self.is_blocked && index < self.rooms.len() && self.outgoing.bytes() < OUTGOING_BYTES
        {
            if !self.rooms[index].is_due {
                index += 1;
                continue;
            }
            let budget = OUTGOING_BYTES - self.outgoing.bytes();
            let followed = &mut self.rooms[index];
            let (room, cursor) = (followed.room(), followed.subscription.follower.cursor());
            let budget = (budget, self.pauses.may_read());
            let step = match followed.read(&self.app, budget, &mut frames).await {
                Ok(step) => step,
                Err(error) => {
                    self.read_later(&error)?;
                    Step::Later
                }
            };
            // This comes after the read and before the write: see `Connection::take_notices`.
            self.heed_notices().await?;
            // The socket may not follow some rooms any more.
            let Some(at) = self
                .rooms
                .iter()
                .position(|followed| followed.room() == room)
            else {
                frames.clear();
                is_more = true;
                continue;
            };
            index = at;
            // What comes later calls again.
            self.rooms[index].is_due = step != Step::End;
            // A client's own answer comes before the event.
            self.gather_answers();
            let is_gone = match step {
                Step::End | Step::More | Step::Later => {
                    self.push_frames(index, cursor, &mut frames);
                    false
                }
                Step::TooFarBehind => self.start_over(index).await?,
            };
            is_more |= is_gone || step == Step::More;
            index += usize::from(!is_gone);
        }
        self.gather_passing().await?;
        is_more |= self.gather_heads().await?;
        let is_more = is_more || self.rooms.iter().skip(index).any(|room| room.is_due);
        // After the budget was used up, the other rooms come next.
        let next = index % self.rooms.len().max(1);
        self.rooms.rotate_left(next);
        Ok(is_more)
    }

    /// Notes which rooms have called since the last time. This comes before they are read.
    fn note_calls(&mut self) {
        for room in self.connection.take_rooms() {
            if let Some(followed) = find(&mut self.rooms, room) {
                followed.call();
            }
        }
    }

    fn gather_answers(&mut self) {
        for answer in self.connection.take_answers() {
            self.outgoing.push(answer);
        }
    }

    /// Queues a room's frames for the socket.
    fn push_frames(&mut self, index: usize, before: Seq, frames: &mut Vec<Frame>) {
        debug_assert!(
            frames
                .first()
                .is_none_or(|frame| frame.seq == before.next())
        );
        let is_plain = matches!(self.speech, Speech::Plain(_));
        if defects::has("skip-frame") && frames.len() > 2 {
            frames.remove(1);
        }
        let room = self.rooms[index].room();
        for frame in frames.drain(..) {
            if !is_plain || frame.class == EventClass::Message {
                self.outgoing.push_event(room, frame.seq, frame.bytes);
            }
        }
    }

    /// Pauses the reading of logs, if they can be read later. The socket stays open: a client that
    /// came back would only ask again.
    pub(super) fn read_later(&mut self, error: &Error) -> Result<(), End> {
        let after = match error {
            Error::RateLimited(after) => *after,
            Error::Unavailable(after) => READ_AGAIN.min(*after),
            error => {
                tracing::warn!(%error, "can't read the log for a client");
                let reason = "the log can't be read";
                return Err(Closing::new(CloseCode::TRY_LATER, reason).into());
            }
        };
        self.pauses.pause_reading(after, self.app.random());
        Ok(())
    }

    /// Makes the client start over at the log's present state, now or later. Returns whether that
    /// ended the following of the room.
    async fn start_over(&mut self, index: usize) -> Result<bool, End> {
        if matches!(self.speech, Speech::Plain(_)) {
            return Err(Closing::new(CloseCode(close::SLOW), "too far behind").into());
        }
        let waiting = Arc::clone(&self.waiting);
        let Ok(_turn) = waiting.turn(&self.taker).await else {
            self.read_later(&self.full())?;
            return Ok(false);
        };
        match self.rooms[index].reset(&self.app).await {
            // The next turn handles the notice. What was read may be younger than it.
            Ok(_) if self.connection.may_have_lost(self.rooms[index].room()) => Ok(false),
            Ok((seq, frames)) => {
                let mut frames = waiting.make_frames(frames.into()).await;
                if waiting.count_all(&self.taker, &mut frames).is_err() {
                    self.read_later(&self.full())?;
                    return Ok(false);
                }
                self.app.metrics().resets.increment(1);
                self.rooms[index].subscription.follower.set_cursor(seq);
                for frame in frames {
                    self.outgoing.push(frame);
                }
                Ok(false)
            }
            Err(error) => self.read_later(&error).map(|()| false),
        }
    }

    /// Takes presence and typing. A client that lags gets none of it.
    async fn gather_passing(&mut self) -> Result<(), End> {
        if matches!(self.speech, Speech::Plain(_)) {
            return Ok(());
        }
        if self.outgoing.bytes() > PASSING_BYTES {
            self.rooms.iter_mut().for_each(Followed::skip_passing);
            return Ok(());
        }
        let mut passing = Vec::new();
        for followed in &mut self.rooms {
            let frames = followed.read_passing(&self.connection);
            passing.extend(frames.into_iter().map(|frame| (followed.room(), frame)));
        }
        // Notices come before the write, as with the rooms' frames.
        self.heed_notices().await?;
        for (room, frame) in passing {
            if find(&mut self.rooms, room).is_some() {
                self.outgoing.push(frame);
            }
        }
        Ok(())
    }

    async fn heed_notices(&mut self) -> Result<(), End> {
        for notice in self.connection.take_notices() {
            match notice {
                Notice::SessionEnded => {
                    return Err(
                        Closing::new(CloseCode(close::ENDED), "the session has ended").into(),
                    );
                }
                Notice::Slow if self.unfinished.is_slow() => {
                    self.waiting.note_cut();
                    let reason = "a message takes too long to arrive";
                    return Err(Closing::new(CloseCode::TRY_LATER, reason).into());
                }
                // The socket takes more by now: this process was late.
                Notice::Slow if !self.is_blocked => {}
                Notice::Slow => {
                    self.waiting.note_cut();
                    let reason = "too much waits to be read";
                    return Err(Closing::new(CloseCode(close::SLOW), reason).into());
                }
                Notice::Changed(room) => self.look_again(room).await?,
                Notice::Inbox(room) => self.renew_membership(room, News::Entry).await?,
                Notice::Stopping(_) if defects::has("no-farewell") => {}
                Notice::Stopping(within) => {
                    self.is_stopping = true;
                    if matches!(self.speech, Speech::Full(_)) {
                        let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
                        let delay = self.app.random().number() % within.max(1);
                        self.outgoing
                            .push(encode(&ServerFrame::Reconnect { delay }));
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks whether the person is still in a room that changed. Nothing is written meanwhile, and
    /// nothing more if the answer can't be had.
    async fn look_again(&mut self, room: RoomId) -> Result<(), End> {
        let is_concerned = match self.speech {
            Speech::Plain(own) | Speech::Full(Some(own)) => own == room,
            Speech::Full(None) => {
                find(&mut self.rooms, room).is_some() || self.connection.watches(room)
            }
        };
        if !is_concerned {
            return Ok(());
        }
        match self.app.look_again(&self.connection, room).await {
            Ok(Some(member)) => {
                if let Some(followed) = find(&mut self.rooms, room) {
                    followed.subscription.member = member;
                }
                // The name may be another.
                self.renew_membership(room, News::Name).await
            }
            Ok(None) => self.end_right(room).await,
            Err(error) => {
                tracing::warn!(%room, %error, "can't ask for a client's right");
                Err(Closing::new(CloseCode::TRY_LATER, error.to_string()).into())
            }
        }
    }

    async fn end_right(&mut self, room: RoomId) -> Result<(), End> {
        if self.speech != Speech::Full(None) {
            // An ended session has no right either, and its notice may come after the room's.
            if let Ok(false) = self.app.has_session(&self.connection).await {
                let reason = "the session has ended";
                return Err(Closing::new(CloseCode(close::ENDED), reason).into());
            }
            let reason = "the person has left the room";
            return Err(Closing::new(CloseCode(close::LEFT), reason).into());
        }
        self.told.leave(room);
        self.gather_answers();
        self.unfollow(room);
        self.app.unwatch(&self.connection, room);
        self.outgoing
            .push(encode(&ServerFrame::Left { room: room.0 }));
        Ok(())
    }
}
