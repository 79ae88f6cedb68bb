//! Connections, and the rooms that they follow.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use papo_channel_layer::{Connection, Follower, Frame, Wants};
use papo_domain::{Epoch, RoomId, Seq, Timestamp};
use papo_protocol::{ResetReason, ServerFrame, has_timestamp};
use tokio::time::Instant;

use crate::{Action, Actor, App, Error, Member, Visitor, defects};

/// When to retry with a server that stops.
const RETURN: Duration = Duration::from_secs(5);
/// When to retry to connect, if the session has too many connections.
const TOO_MANY_CONNECTIONS: Duration = Duration::from_secs(30);

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPoint {
    /// At the present end of the log: only new events follow.
    End,
    /// With a snapshot of the room.
    Snapshot,
    /// After the last event that the client has, with its time if the client gives it.
    After(Epoch, Seq, Option<Timestamp>),
}

/// How a subscription begins, for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With new events.
    Live,
    /// With this snapshot.
    Snapshot(ServerFrame),
    /// With the events after the one that the client named. This is the log's end.
    Resumed(Seq),
    /// With this snapshot, because the client's state can't be continued.
    Reset(ResetReason, ServerFrame),
}

/// A room that a connection follows, for as long as this lives.
#[derive(Debug)]
pub struct Subscription {
    /// Keeps the room live and lets it write to the connection. Its cursor is at the last event
    /// that the client has, or gets with `start`.
    pub follower: Follower,
    /// The proof that the person is in the room, and their name there.
    pub member: Member,
    /// What to send to the client first.
    pub start: Start,
}

impl App {
    /// Opens a connection for a visitor, who must be in `room` if one is given. Call it before the
    /// handshake is answered, and [`App::disconnect`] afterwards.
    pub async fn connect(
        &self,
        visitor: &Visitor,
        room: Option<RoomId>,
        address: IpAddr,
    ) -> Result<Arc<Connection>, Error> {
        if let Some(id) = room {
            self.enter(Some(visitor), id, address).await?;
        }
        self.may_connect(visitor, address)?;
        let connection = Connection::new(visitor.session.id, visitor.person(), Some(address));
        let connection = Arc::new(connection);
        connection.set_mark(visitor.mark());
        self.hub.connect(&connection);
        if self.is_leaving.load(Ordering::SeqCst) {
            // The connection came too late for the notice that the server stops. It would stay
            // until it is cut.
            self.hub.disconnect(&connection);
            return Err(Error::Unavailable(RETURN));
        }
        // The session may have ended before the notice of that could reach the connection. A
        // subscription to a room would see it.
        if room.is_none() {
            let has_session = self.has_session(&connection).await;
            let has_session = has_session.and_then(|has| has.then_some(()).ok_or(Error::NoSession));
            has_session.inspect_err(|_| self.hub.disconnect(&connection))?;
        }
        Ok(connection)
    }

    /// Whether a connection's session hasn't ended.
    pub async fn has_session(&self, connection: &Connection) -> Result<bool, Error> {
        Ok(self.storage.has_session(connection.session).await?)
    }

    /// Counts an attempt to connect. Fails after too many attempts, or if the session has too many
    /// connections.
    pub fn may_connect(&self, visitor: &Visitor, address: IpAddr) -> Result<(), Error> {
        let (person, session) = (visitor.person(), visitor.session.id);
        self.rate_limits
            .check(Action::Connect, Some(person), Some(address), None)?;
        let count = self.hub.session_connection_count(person, session);
        if self.settings.rate_limits && count >= self.settings.session_connections {
            return Err(Error::RateLimited(TOO_MANY_CONNECTIONS));
        }
        Ok(())
    }

    /// Makes a connection follow a room that its person is in. Only its task calls this, while it
    /// is awake.
    pub async fn subscribe(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        wants: Wants,
        from: StartingPoint,
    ) -> Result<Subscription, Error> {
        let actor = Actor::from(&**connection);
        // New events need no read.
        if from != StartingPoint::End {
            self.may_read(actor)?;
        }
        let member = self.member(actor, room).await?;
        let member = member.ok_or(Error::NotJoined)?;
        connection.set_mark(member.mark());
        let username = member.username().clone();
        let follower = self
            .hub
            .follow(room, connection, username, wants, Instant::now());
        self.tails.open(&follower.room).await?;
        let end = follower.room.end();
        let (cursor, start) = match from {
            StartingPoint::End => (end, Start::Live),
            StartingPoint::Snapshot => {
                let (seq, frame) = self.snapshot(&member).await?;
                (seq, Start::Snapshot(frame))
            }
            StartingPoint::After(epoch, seq, at) => {
                match self.reset_reason(&member, (epoch, seq, at), end).await? {
                    None if defects::has("resume-off-by-one") => {
                        (end.min(seq.next()), Start::Resumed(end.max(seq)))
                    }
                    None => (seq, Start::Resumed(end.max(seq))),
                    Some(reason) => {
                        let (seq, frame) = self.snapshot(&member).await?;
                        (seq, Start::Reset(reason, frame))
                    }
                }
            }
        };
        // The right may have ended during the read, and the snapshot may show what came later.
        if connection.may_have_lost(room) && self.member(actor, room).await?.is_none() {
            return Err(Error::NotJoined);
        }
        follower.set_cursor(cursor);
        Ok(Subscription {
            follower,
            member,
            start,
        })
    }

    /// A room's snapshot, and its seq.
    pub async fn snapshot(&self, member: &Member) -> Result<(Seq, ServerFrame), Error> {
        let (room, frame) = self.latest_frame(member).await?;
        let is_off = defects::has("snapshot-off-by-one");
        let seq = if is_off {
            room.last_seq.next()
        } else {
            room.last_seq
        };
        Ok((seq, frame))
    }

    /// Frames from the log for a cursor that is behind the tail: about `budget` bytes, and at least
    /// one frame if there is one.
    pub async fn frames_after(
        &self,
        member: &Member,
        cursor: Seq,
        budget: usize,
    ) -> Result<Vec<Frame>, Error> {
        self.frames(member.room(), cursor, budget).await
    }

    async fn frames(&self, room: RoomId, cursor: Seq, budget: usize) -> Result<Vec<Frame>, Error> {
        let pages = &self.tails.pages;
        Ok(pages.after(&self.storage, room, cursor, budget).await?)
    }

    /// Counts frames from the log for a member.
    pub fn may_take_frames(&self, member: &Member, frames: &[Frame]) -> Result<(), Error> {
        let bytes = frames.iter().map(|frame| frame.bytes.len()).sum();
        self.may_take(member.actor(), bytes)
    }

    /// Counts a frame that changes nothing.
    pub fn may_waste(&self, connection: &Connection) -> Result<(), Error> {
        self.rate_limits
            .check(Action::Waste, Some(connection.person), None, None)
    }

    /// Counts a request that can't be done now.
    pub fn may_be_refused(&self, connection: &Connection) -> Result<(), Error> {
        self.rate_limits
            .check(Action::Refusal, Some(connection.person), None, None)
    }

    /// Whether a cursor is so far behind that its client has to start over.
    pub fn is_too_far_behind(&self, cursor: Seq, end: Seq) -> bool {
        let most = i64::try_from(self.settings.resume_events).unwrap_or(i64::MAX);
        end.0.saturating_sub(cursor.0) > most
    }

    async fn reset_reason(
        &self,
        member: &Member,
        (epoch, seq, at): (Epoch, Seq, Option<Timestamp>),
        end: Seq,
    ) -> Result<Option<ResetReason>, Error> {
        let (room, person) = (member.room(), member.actor().person);
        let is_other = epoch != self.epoch && !defects::has("ignore-epoch");
        if is_other || seq < Seq::START {
            return Ok(Some(ResetReason::Epoch));
        }
        if seq > end {
            // The tail may not know of it yet, so this asks the log.
            let log = self.storage.last_seqs(vec![room]).await?;
            if log.first().is_none_or(|(_, last)| seq > *last) {
                self.doubts.note(person, room, seq);
                return Ok(Some(ResetReason::Ahead));
            }
        }
        if self.is_too_far_behind(seq, end) {
            return Ok(Some(ResetReason::Behind));
        }
        let is_known = match at {
            Some(at) if seq > Seq::START && !defects::has("ignore-epoch") => {
                self.has_event(room, seq, at).await?
            }
            _ => true,
        };
        if !is_known {
            self.doubts.note(person, room, seq);
        }
        Ok((!is_known).then_some(ResetReason::Epoch))
    }

    /// Whether the event with this seq was stored at this time. Otherwise somebody has put an older
    /// copy of the database in its place, and the log has gone on differently.
    async fn has_event(&self, room: RoomId, seq: Seq, at: Timestamp) -> Result<bool, Error> {
        let frames = self.frames(room, Seq(seq.0 - 1), 1).await?;
        let event = frames.first().filter(|frame| frame.seq == seq);
        Ok(event.is_some_and(|frame| has_timestamp(&frame.bytes, at)))
    }
}
