//! `/ws/`: what a socket's client learns of the rooms that its person is in and that it doesn't
//! follow.

use std::sync::Arc;

use papo_app::{Error, RoomList};
use papo_domain::RoomId;
use papo_protocol::{ServerFrame, encode};
use papo_websocket::CloseCode;

use super::ending::{Closing, End};
use super::followed::{Followed, find};
use super::session::{OUTGOING_BYTES, Session, Speech};
use crate::waiting::Full;

/// Why a membership is told that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// An entry of the person's inbox.
    Entry,
    /// The name in the room may be another.
    Name,
}

/// What a client has missed and must get again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    Nothing,
    /// Heads or memberships: it must get all memberships.
    Heads,
}

impl Session {
    /// Whether this is the socket for many rooms.
    pub(super) fn has_many_rooms(&self) -> bool {
        self.speech == Speech::Full(None)
    }

    /// Queues the `welcome`, on `/ws/` with the person's rooms.
    pub(super) async fn welcome(&mut self) -> Result<(), End> {
        let waiting = Arc::clone(&self.waiting);
        let mut turn = None;
        let list = if self.has_many_rooms() {
            let taken = waiting.turn(&self.taker).await;
            turn = Some(taken.map_err(|Full| too_late(&self.full()))?);
            let list = self.app.room_list(&self.connection, &[]).await;
            Some(list.map_err(|error| too_late(&error))?)
        } else {
            None
        };
        let (inbox, rooms) = list.map(|RoomList { inbox, rooms }| (inbox, rooms)).unzip();
        let welcome = ServerFrame::Welcome {
            epoch: self.app.epoch().to_string(),
            sender: self.connection.person.to_string(),
            heartbeat: self.app.heartbeat().as_secs(),
            limits: self.app.limits(),
            inbox,
            rooms,
        };
        let pushed = self.push_counted(vec![welcome]).await;
        drop(turn);
        pushed.map_err(|Full| too_late(&self.full()))
    }

    /// Ends the following of a room, in which the person stays. On `/ws/` its heads follow.
    pub(super) fn stop_following(&mut self, room: RoomId) {
        if self.has_many_rooms()
            && let Some(followed) = find(&mut self.rooms, room)
        {
            let follower = &followed.subscription.follower;
            let head = self.app.watch_after(&self.connection, follower);
            if let Some(head) = head {
                self.outgoing.push(head);
            }
        }
        self.unfollow(room);
    }

    /// Takes the heads of watched rooms. Returns whether there may be more.
    pub(super) async fn gather_heads(&mut self) -> Result<bool, End> {
        if self.is_blocked {
            return Ok(false);
        }
        if self.outgoing.bytes() >= OUTGOING_BYTES {
            return Ok(true);
        }
        // A notice comes first.
        let Some(heads) = self.connection.take_heads() else {
            return Ok(true);
        };
        for head in heads.frames {
            self.outgoing.push(head);
        }
        if heads.are_lost {
            self.missed = Missed::Heads;
        }
        if self.missed == Missed::Heads && self.pauses.may_read() {
            self.repeat_rooms().await?;
        }
        Ok(false)
    }

    /// Sends all memberships again, because some or heads were lost.
    async fn repeat_rooms(&mut self) -> Result<(), End> {
        let waiting = Arc::clone(&self.waiting);
        let Ok(_turn) = waiting.turn(&self.taker).await else {
            return self.read_later(&self.full());
        };
        let followed: Vec<_> = self.rooms.iter().map(Followed::room).collect();
        match self.app.room_list(&self.connection, &followed).await {
            Ok(RoomList { rooms, .. }) => {
                let frame = |membership| ServerFrame::Membership {
                    r#ref: None,
                    membership,
                };
                let frames = rooms.into_iter().map(frame).collect();
                match self.push_counted(frames).await {
                    Ok(()) => self.missed = Missed::Nothing,
                    Err(Full) => self.read_later(&self.full())?,
                }
                Ok(())
            }
            Err(error) => Err(too_late(&error)),
        }
    }

    /// Sends the membership of a room in which something changed for the person, unless the
    /// client's own mark was answered with it. A client that lags gets all memberships later.
    pub(super) async fn renew_membership(&mut self, room: RoomId, news: News) -> Result<(), End> {
        if !self.has_many_rooms() {
            return Ok(());
        }
        if self.is_blocked || self.outgoing.bytes() >= OUTGOING_BYTES {
            self.missed = Missed::Heads;
            return Ok(());
        }
        let follows = find(&mut self.rooms, room).is_some();
        let app = Arc::clone(&self.app);
        let renewed = match news {
            News::Entry => {
                app.entered_membership(&self.connection, room, follows)
                    .await
            }
            News::Name => {
                app.changed_membership(&self.connection, room, follows)
                    .await
            }
        };
        let renewed = renewed.map_err(|error| too_late(&error))?;
        if let Some(membership) = renewed
            && !(news == News::Entry && self.told.has(&membership))
        {
            self.outgoing.push(encode(&ServerFrame::Membership {
                r#ref: None,
                membership,
            }));
        }
        Ok(())
    }

    /// Queues frames, which count as long as they wait.
    async fn push_counted(&mut self, frames: Vec<ServerFrame>) -> Result<(), Full> {
        let mut frames = self.waiting.make_frames(frames).await;
        self.waiting.count_all(&self.taker, &mut frames)?;
        for frame in frames {
            self.outgoing.push(frame);
        }
        Ok(())
    }
}

/// The end of a socket that can't learn of its person's rooms now.
fn too_late(error: &Error) -> End {
    tracing::warn!(%error, "can't ask for a client's rooms");
    Closing::new(CloseCode::TRY_LATER, error.to_string()).into()
}
