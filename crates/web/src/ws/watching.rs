//! `/ws/`: what a socket's client learns of rooms that it doesn't follow.

use papo_domain::RoomId;
use papo_protocol::close;
use papo_websocket::CloseCode;

use super::ending::{Closing, End};
use super::followed::find;
use super::session::{OUTGOING_BYTES, Session, Speech};

impl Session {
    /// Makes a socket of many rooms watch those that its person is in.
    pub(super) async fn watch_all(&mut self) -> Result<(), End> {
        let watched = self.app.watch_all(&self.connection).await;
        watched.map_err(|error| Closing::new(CloseCode::TRY_LATER, error.to_string()).into())
    }

    /// Ends the following of a room, in which the person stays. On `/ws/` its heads follow.
    pub(super) fn stop_following(&mut self, room: RoomId) {
        let followed = find(&mut self.rooms, room).filter(|_| self.speech == Speech::Full(None));
        if let Some(followed) = followed {
            let follower = &followed.subscription.follower;
            let head = self.app.watch_after(&self.connection, follower);
            head.into_iter().for_each(|head| self.outgoing.push(head));
        }
        self.unfollow(room);
    }

    /// Takes the heads of watched rooms. Returns whether there may be more.
    pub(super) fn gather_heads(&mut self) -> Result<bool, End> {
        if self.is_blocked {
            return Ok(false);
        }
        if self.outgoing.bytes() >= OUTGOING_BYTES {
            return Ok(true);
        }
        let Some(heads) = self.connection.take_heads() else {
            return Ok(true);
        };
        if heads.are_lost {
            let reason = "too many heads wait to be read";
            return Err(Closing::new(CloseCode(close::SLOW), reason).into());
        }
        for head in heads.frames {
            self.outgoing.push(head);
        }
        Ok(false)
    }
}
