//! `papo.v1`: what each of a client's frames asks for.

use papo_app::{Connection, Error, From, PostRequest, Reply, Wants};
use papo_domain::{Epoch, RoomId, Seq, Username};
use papo_protocol::{ClientFrame, ErrorCode, ServerFrame, encode, parse_client_frame};

use super::answers;
use super::followed::{Followed, find};
use super::session::Session;

/// A request that is refused before the application is asked.
struct Refused(ErrorCode, String);

impl std::convert::From<(ErrorCode, &str)> for Refused {
    fn from((code, message): (ErrorCode, &str)) -> Self {
        Self(code, message.to_owned())
    }
}

impl Session {
    /// Acts on one frame. `own` is the room of a room's own socket.
    pub(super) async fn act_full(&mut self, own: Option<RoomId>, text: &str) {
        let frame = match parse_client_frame(text) {
            Ok(frame) => frame,
            Err(message) => {
                self.app.metrics().refusals.increment(1);
                self.outgoing
                    .push(answers::error(None, ErrorCode::BadFrame, message));
                return;
            }
        };
        let reference = frame.reference();
        if let Err(Refused(code, message)) = self.request(own, frame).await {
            self.app.metrics().refusals.increment(1);
            self.outgoing.push(answers::error(reference, code, message));
        }
    }

    async fn request(&mut self, own: Option<RoomId>, frame: ClientFrame) -> Result<(), Refused> {
        match frame {
            ClientFrame::Subscribe {
                r#ref,
                room,
                epoch,
                after,
            } => {
                self.subscribe(r#ref, room_of(own, room)?, epoch.as_deref(), after)
                    .await
            }
            ClientFrame::Unsubscribe { r#ref, room } => {
                let room = self.followed(own, room)?.room();
                self.rooms.retain(|followed| followed.room() != room);
                let ack = ServerFrame::Ack {
                    r#ref,
                    room: room.0,
                    seq: None,
                    timestamp: None,
                };
                self.outgoing.push(encode(&ack));
                Ok(())
            }
            ClientFrame::Send {
                r#ref,
                room,
                client_id,
                message,
                username,
            } => {
                let followed = self.followed(own, room)?;
                let room = followed.room();
                let name = &followed.subscription.username;
                if username.is_some_and(|given| Username::parse(&given).ok().as_ref() != Some(name))
                {
                    let message = Error::WrongUsername.to_string();
                    return Err(Refused(ErrorCode::WrongUsername, message));
                }
                let request = PostRequest {
                    room,
                    client_id: Some(client_id),
                    message,
                };
                self.app
                    .post(&self.connection, request, Self::reply(r#ref, room));
                Ok(())
            }
            ClientFrame::Edit {
                r#ref,
                room,
                seq,
                message,
            } => {
                let room = self.followed(own, room)?.room();
                self.app.edit(
                    &self.connection,
                    room,
                    Seq(seq),
                    &message,
                    Self::reply(r#ref, room),
                );
                Ok(())
            }
            ClientFrame::Delete { r#ref, room, seq } => {
                let room = self.followed(own, room)?.room();
                self.app
                    .delete(&self.connection, room, Seq(seq), Self::reply(r#ref, room));
                Ok(())
            }
            ClientFrame::Typing { room, .. } => {
                let followed = self.followed(own, room)?;
                let (room, name) = (followed.room(), followed.subscription.username.clone());
                self.app.typing(&self.connection, room, name.as_str());
                Ok(())
            }
            ClientFrame::Ping { r#ref } => {
                self.outgoing.push(encode(&ServerFrame::Pong { r#ref }));
                Ok(())
            }
        }
    }

    async fn subscribe(
        &mut self,
        reference: Option<u64>,
        room: RoomId,
        epoch: Option<&str>,
        after: Option<i64>,
    ) -> Result<(), Refused> {
        let from = match (epoch, after) {
            (None, None) => From::Snapshot,
            (Some(epoch), Some(after)) => {
                // An epoch that isn't one is a history that isn't ours.
                let epoch = epoch.parse().unwrap_or(Epoch(!self.app.epoch().0));
                From::After(epoch, Seq(after))
            }
            _ => return Err((ErrorCode::BadFrame, "`epoch` and `after` come together").into()),
        };
        let is_new = find(&mut self.rooms, room).is_none();
        if is_new && self.rooms.len() >= self.app.limits().rooms {
            return Err((ErrorCode::TooMany, "too many rooms on one socket").into());
        }
        match self
            .app
            .subscribe(&self.connection, room, Wants::Everything, from)
            .await
        {
            Ok(subscription) => {
                let mut followed = Followed::new(subscription);
                for frame in followed.answer(reference) {
                    self.outgoing.push(frame);
                }
                self.rooms.retain(|earlier| earlier.room() != room);
                self.rooms.push(followed);
            }
            Err(error) => {
                self.app.metrics().refusals.increment(1);
                self.outgoing.push(answers::refusal(reference, &error));
            }
        }
        Ok(())
    }

    /// The room that a request is about, which the socket must follow.
    fn followed(
        &mut self,
        own: Option<RoomId>,
        room: Option<i64>,
    ) -> Result<&mut Followed, Refused> {
        let room = room_of(own, room)?;
        let refused = (
            ErrorCode::NotSubscribed,
            "the room isn't followed on this socket",
        );
        find(&mut self.rooms, room).ok_or_else(|| refused.into())
    }

    /// Gives the writer's answer back to this connection.
    fn reply(reference: Option<u64>, room: RoomId) -> Reply {
        Box::new(move |connection: &Connection, result| {
            connection.answer(answers::outcome(reference, room, result));
        })
    }
}

fn room_of(own: Option<RoomId>, named: Option<i64>) -> Result<RoomId, Refused> {
    match (own, named.map(RoomId)) {
        (Some(own), Some(named)) if own != named => {
            Err((ErrorCode::NotSubscribed, "this is another room's socket").into())
        }
        (Some(room), _) | (None, Some(room)) => Ok(room),
        (None, None) => Err((ErrorCode::BadFrame, "missing field `room`").into()),
    }
}
