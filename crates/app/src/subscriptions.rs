//! Connections, and the rooms that they follow.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use papo_channel_layer::{Connection, Follower, Frame, Wants};
use papo_domain::{Epoch, RoomId, Seq, Username};
use papo_protocol::{ResetReason, ServerFrame, snapshot_frame};
use papo_storage::Snapshot;
use tokio::time::Instant;

use crate::{Action, App, Error, Visitor, defects};

/// When to come back to a server that stops.
const RETURN: Duration = Duration::from_secs(5);

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Wherever the log ends now: only what comes.
    End,
    /// With a snapshot of the room.
    Snapshot,
    /// After the last event that the client has.
    After(Epoch, Seq),
}

/// How a subscription begins, for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With what comes.
    Live,
    /// With this snapshot.
    Snapshot(ServerFrame),
    /// With the events after the one that the client named; the log's end is given.
    Resumed(Seq),
    /// With this snapshot, because what the client has can't be continued.
    Reset(ResetReason, ServerFrame),
}

/// A room that a connection follows, for as long as this lives.
#[derive(Debug)]
pub struct Subscription {
    /// Keeps the room live, and the connection written to by it. Its cursor is at the last event that the client has, or is about
    /// to get with `start`.
    pub follower: Follower,
    /// The name that the session has in the room.
    pub username: Username,
    /// What to tell the client first.
    pub start: Start,
}

impl App {
    /// Opens a connection for a visitor, who must be in `room`, or in any room when there is none. To be called before the
    /// handshake is answered; [`App::disconnect`] must follow.
    pub async fn connect(
        &self,
        visitor: &Visitor,
        room: Option<RoomId>,
        address: IpAddr,
    ) -> Result<Arc<Connection>, Error> {
        match room {
            Some(id) => {
                self.room(id).await?;
                if visitor.username().is_none() {
                    return Err(Error::NotJoined);
                }
            }
            None => {
                if self.memberships(visitor).await?.is_empty() {
                    return Err(Error::NotJoined);
                }
            }
        }
        self.rate_limits
            .check(Action::Connect, Some(visitor.sender()), Some(address), None)?;
        if self.settings.rate_limits
            && self.hub.session_connection_count(visitor.session.id)
                >= self.settings.session_connections
        {
            return Err(Error::RateLimited(Duration::from_secs(30)));
        }
        let connection = Connection::new(visitor.session.id, visitor.sender(), Some(address));
        let connection = Arc::new(connection);
        self.hub.connect(&connection);
        if self.is_leaving.load(Ordering::SeqCst) {
            // Too late to be told that the server stops: it would stay until it is cut.
            self.hub.disconnect(&connection);
            return Err(Error::Unavailable(RETURN));
        }
        Ok(connection)
    }

    /// Has a connection follow a room that its session is in. To be called by its task, while that is awake.
    pub async fn subscribe(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        wants: Wants,
        from: From,
    ) -> Result<Subscription, Error> {
        let username = self.username_in(connection, room).await?;
        let username = username.ok_or(Error::NotJoined)?;
        let follower = self
            .hub
            .follow(room, connection, username.clone(), wants, Instant::now());
        self.tails.open(&follower.room).await?;
        // In this order: what closes the room after `end` comes with the stream.
        let end = follower.room.end();
        if !follower.room.is_active() {
            return Err(Error::NoRoom);
        }
        let (cursor, start) = match from {
            From::End => (end, Start::Live),
            From::Snapshot => {
                let (seq, frame) = self.snapshot(room, &username).await?;
                (seq, Start::Snapshot(frame))
            }
            From::After(epoch, seq) => match self.reset_reason(epoch, seq, room, end).await? {
                None if defects::has("resume-off-by-one") => {
                    (end.min(seq.next()), Start::Resumed(end.max(seq)))
                }
                None => (seq, Start::Resumed(end.max(seq))),
                Some(reason) => {
                    let (seq, frame) = self.snapshot(room, &username).await?;
                    (seq, Start::Reset(reason, frame))
                }
            },
        };
        // The right may have ended while the snapshot was read, which may show what came later.
        if connection.may_have_lost(room) && self.username_in(connection, room).await?.is_none() {
            return Err(Error::NotJoined);
        }
        follower.set_cursor(cursor);
        Ok(Subscription {
            follower,
            username,
            start,
        })
    }

    /// A room's snapshot for somebody who is in it, and its seq.
    pub async fn snapshot(
        &self,
        id: RoomId,
        username: &Username,
    ) -> Result<(Seq, ServerFrame), Error> {
        // Of an inactive room there is none: its events end with the one that closed it, which the client wouldn't see.
        let Snapshot { room, page } = self.latest(id).await?;
        let frame = snapshot_frame(None, self.epoch, &room, username, &page.messages, page.more);
        let is_off = defects::has("snapshot-off-by-one");
        let seq = if is_off {
            room.last_seq.next()
        } else {
            room.last_seq
        };
        Ok((seq, frame))
    }

    /// Frames from the log for a cursor that is behind the tail, about `budget` bytes of them and at least one, if there is one.
    pub async fn frames_after(
        &self,
        room: RoomId,
        cursor: Seq,
        budget: usize,
    ) -> Result<Vec<Frame>, Error> {
        Ok(self
            .tails
            .pages
            .after(&self.storage, room, cursor, budget)
            .await?)
    }

    /// Whether a cursor is so far behind that its client has to start over.
    pub fn is_too_far_behind(&self, cursor: Seq, end: Seq) -> bool {
        let most = i64::try_from(self.settings.resume_events).unwrap_or(i64::MAX);
        end.0.saturating_sub(cursor.0) > most
    }

    async fn reset_reason(
        &self,
        epoch: Epoch,
        seq: Seq,
        room: RoomId,
        end: Seq,
    ) -> Result<Option<ResetReason>, Error> {
        let is_other = epoch != self.epoch && !defects::has("ignore-epoch");
        if is_other || seq < Seq::START {
            return Ok(Some(ResetReason::Epoch));
        }
        if seq > end {
            // The tail may not have heard of it yet: the log decides.
            let log = self.storage.last_seqs(vec![room]).await?;
            if log.first().is_none_or(|(_, last)| seq > *last) {
                return Ok(Some(ResetReason::Ahead));
            }
        }
        Ok(self
            .is_too_far_behind(seq, end)
            .then_some(ResetReason::Behind))
    }
}
