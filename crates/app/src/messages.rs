//! Posting, editing, deleting and reacting.

use std::sync::Arc;

use papo_channel_layer::{Connection, Signal};
use papo_domain::{ClientId, Emoji, MessageText, RoomId, Seq};
use papo_protocol::{ServerFrame, encode};
use papo_storage::{Act, By, Change};

use crate::room_log::{Answer, Reply};
use crate::{Action, App, Error, Member};

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
        let act = Act::Post {
            text: self.text(&message)?,
            client_id: client_id.transpose()?,
        };
        self.submit(connection, room, act, reply)
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
        let text = self.text(message)?;
        self.submit(connection, room, Act::Edit { target, text }, reply)
    }

    /// Deletes the person's own message; see [`Self::post`].
    pub fn delete(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        target: Seq,
        reply: Reply,
    ) -> Result<(), Error> {
        self.submit(connection, room, Act::Delete { target }, reply)
    }

    /// Reacts to a message, or takes the reaction back; see [`Self::post`].
    pub fn react(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        target: Seq,
        (emoji, is_on): (Emoji, bool),
        reply: Reply,
    ) -> Result<(), Error> {
        let act = Act::React {
            target,
            emoji,
            is_on,
        };
        self.submit(connection, room, act, reply)
    }

    /// Tells the others in a room that the person is writing. Silently dropped when it comes too
    /// often.
    pub fn typing(&self, member: &Member) {
        let (room, sender) = (member.room(), member.person());
        if self
            .rate_limits
            .check(Action::Typing, Some(sender), None, Some(room))
            .is_err()
        {
            return;
        }
        if let Some(live) = self.hub.room(room) {
            let frame = ServerFrame::Typing {
                room: room.0,
                sender: sender.to_string(),
                username: member.username().to_string(),
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

    /// Submits a member's change to the log, with a reply to the connection.
    fn submit(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        act: Act,
        reply: Reply,
    ) -> Result<(), Error> {
        let (person, address) = (Some(connection.person), connection.address);
        self.rate_limits
            .check(Action::Send, person, address, Some(room))?;
        let by = By::Member(connection.session);
        let answer = Answer::Reply {
            request: connection.request(),
            room,
            reply,
        };
        self.log.submit(room, Change { by, act }, answer);
        Ok(())
    }
}
