//! The Django chat's protocol: `{"message", "username"}` in, message frames out. A message that
//! can't be accepted closes the socket.

use std::sync::Arc;

use papo_app::{Connection, Error, PostRequest};
use papo_domain::{RoomId, Username};
use papo_protocol::parse_plain_frame;
use papo_websocket::CloseCode;

use super::ending::{Closing, End, plain_end};
use super::session::Session;

impl Session {
    /// Posts a plain client's message.
    pub(super) fn act_plain(&mut self, room: RoomId, text: &str) -> Result<(), End> {
        let frame =
            parse_plain_frame(text).map_err(|error| Closing::new(CloseCode::INVALID, error))?;
        let own = self
            .rooms
            .first()
            .map(|followed| followed.subscription.member.username());
        if frame
            .username
            .is_some_and(|name| Username::parse(&name).ok().as_ref() != own)
        {
            return Err(plain_end(&Error::WrongUsername));
        }
        let request = PostRequest {
            room,
            client_id: None,
            message: frame.message,
        };
        let refused = Arc::clone(&self.refused);
        let reply = Box::new(move |connection: &Connection, result| {
            if let Err(error) = result {
                // The first refusal closes the socket. A later one adds nothing.
                let _ = refused.set(error);
                connection.wake();
            }
        });
        let posted = self.app.post(&self.connection, request, reply);
        posted.map_err(|error| plain_end(&error))
    }
}
