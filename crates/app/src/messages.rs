//! Posting, editing and deleting.

use std::sync::Arc;

use papo_channel_layer::{Connection, Signal};
use papo_domain::{ClientId, MessageText, RoomId, Seq};
use papo_protocol::{ServerFrame, encode};
use papo_storage::Change;

use crate::room_log::{Committed, OnCommit};
use crate::{Action, App, Error};

/// Takes the answer, once, unless the request is refused at once. It runs on the thread that stored
/// the change, so it must not block. The request ends afterwards (see [`Connection::requests`]).
pub type Reply = Box<dyn FnOnce(&Connection, Result<Committed, Error>) + Send>;

/// A message to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostRequest {
    /// The room.
    pub room: RoomId,
    /// The name that the client gives the message.
    pub client_id: Option<String>,
    /// The text as it came.
    pub message: String,
}

impl App {
    /// Posts a message. The reply runs when the message is on disk or refused. A refusal before
    /// that is returned instead. Messages of one connection are stored in the order of these calls.
    pub fn post(
        &self,
        connection: &Arc<Connection>,
        request: PostRequest,
        reply: Reply,
    ) -> Result<(), Error> {
        let PostRequest {
            room,
            client_id,
            message,
        } = request;
        let client_id = client_id.as_deref().map(str::parse::<ClientId>);
        let change = Change::Post {
            session: connection.session,
            text: self.text(&message)?,
            client_id: client_id.transpose()?,
        };
        self.submit(connection, room, change, reply)
    }

    /// Changes the text of the person's own message; see [`Self::post`].
    pub fn edit(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        target: Seq,
        message: &str,
        reply: Reply,
    ) -> Result<(), Error> {
        let (session, text) = (connection.session, self.text(message)?);
        let change = Change::Edit {
            session,
            target,
            text,
        };
        self.submit(connection, room, change, reply)
    }

    /// Deletes the person's own message; see [`Self::post`].
    pub fn delete(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        target: Seq,
        reply: Reply,
    ) -> Result<(), Error> {
        let session = Some(connection.session);
        self.submit(connection, room, Change::Delete { session, target }, reply)
    }

    /// Tells the others in a room that the person is writing. Silently dropped when it comes too
    /// often.
    pub fn typing(&self, connection: &Connection, room: RoomId, username: &str) {
        if self
            .rate_limits
            .check(Action::Typing, Some(connection.person), None, Some(room))
            .is_err()
        {
            return;
        }
        if let Some(live) = self.hub.room(room) {
            let sender = connection.person;
            let frame = ServerFrame::Typing {
                room: room.0,
                sender: sender.to_string(),
                username: username.to_owned(),
            };
            let frame = encode(&frame);
            self.hub.tell(Signal::Typing(room, sender, frame.clone()));
            if self.tails.may_show() {
                live.push_typing(sender, frame);
            }
        }
    }

    /// Parses a typed text, with this server's limit.
    fn text(&self, typed: &str) -> Result<MessageText, Error> {
        Ok(MessageText::parse_within(
            typed,
            self.settings.message_characters,
        )?)
    }

    fn submit(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        change: Change,
        reply: Reply,
    ) -> Result<(), Error> {
        let (person, address) = (Some(connection.person), connection.address);
        self.rate_limits
            .check(Action::Send, person, address, Some(room))?;
        let request = connection.request();
        let refusals = self.metrics.refusals.clone();
        let on_commit: OnCommit = Box::new(move |result| {
            let result = result.and_then(|committed| committed.in_room(room));
            if result.is_err() {
                refusals.increment(1);
            }
            reply(&request.connection, result);
            Some(request)
        });
        self.log.submit(room, change, on_commit);
        Ok(())
    }
}
