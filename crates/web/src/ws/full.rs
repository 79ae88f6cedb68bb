//! `papo.v1`: the requests of a client's frames.

use std::sync::Arc;

use papo_app::{Connection, Error, PostRequest, ReadMark, Reply, StartingPoint, Wants};
use papo_domain::{Emoji, Epoch, RoomId, Seq, Username};
use papo_protocol::{Cause, ClientFrame, ErrorCode, ServerFrame, encode, parse_client_frame};
use papo_websocket::CloseCode;

use super::answers;
use super::ending::{Closing, End};
use super::followed::{Followed, find};
use super::session::Session;
use crate::waiting::{Full, Waiting};

/// A refused request, which is answered with an error at once.
struct Refused {
    code: ErrorCode,
    message: String,
    retry: Option<u64>,
    cause: Option<Cause>,
}

impl From<(ErrorCode, &str)> for Refused {
    fn from((code, message): (ErrorCode, &str)) -> Self {
        Self {
            code,
            message: message.to_owned(),
            retry: None,
            cause: None,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            code: answers::code(&error),
            message: error.to_string(),
            retry: answers::retry(&error),
            cause: None,
        }
    }
}

impl Session {
    /// Acts on one frame. `own` is the room of a room's own socket.
    pub(super) async fn act_full(&mut self, own: Option<RoomId>, text: &str) -> Result<(), End> {
        let (reference, done) = match parse_client_frame(text) {
            Ok(frame) => {
                if let ClientFrame::Ping { .. }
                | ClientFrame::Typing { .. }
                | ClientFrame::Unsubscribe { .. } = frame
                {
                    self.count_waste()?;
                }
                (frame.reference(), self.request(own, frame).await)
            }
            Err(message) => (None, Err((ErrorCode::BadFrame, message.as_str()).into())),
        };
        let Err(refused) = done else {
            return Ok(());
        };
        self.app.metrics().refusals.increment(1);
        match refused.code {
            // The client does nothing wrong if it retries later.
            ErrorCode::RateLimited | ErrorCode::Unavailable => self.count_refusal(),
            _ => self.count_waste()?,
        }
        let Refused {
            code,
            message,
            retry,
            cause,
        } = refused;
        self.outgoing.push(encode(&ServerFrame::Error {
            r#ref: reference,
            code,
            message,
            retry,
            cause,
        }));
        Ok(())
    }

    /// Counts a frame that changes nothing. The socket ends when there are too many of them.
    pub(super) fn count_waste(&mut self) -> Result<(), End> {
        let counted = self.app.may_waste(&self.connection);
        counted.map_err(|error| {
            self.app.metrics().refusals.increment(1);
            Closing::new(CloseCode::POLICY, error.to_string()).into()
        })
    }

    /// Counts a request that can't be done now. After too many, the server doesn't read the client
    /// for a while.
    fn count_refusal(&mut self) {
        if let Err(Error::RateLimited(after)) = self.app.may_be_refused(&self.connection) {
            self.pauses.pause_hearing(after);
        }
    }

    /// The error when there is no space for an answer.
    pub(super) fn full(&self) -> Error {
        Error::Unavailable(Waiting::retry(self.app.random()))
    }

    async fn request(&mut self, own: Option<RoomId>, frame: ClientFrame) -> Result<(), Refused> {
        match frame {
            ClientFrame::Subscribe {
                r#ref,
                room,
                epoch,
                after,
                timestamp,
            } => {
                let from = self.begin(epoch.as_deref(), after, timestamp.as_deref())?;
                self.subscribe(r#ref, room_of(own, room)?, from).await
            }
            ClientFrame::Unsubscribe { r#ref, room } => {
                let room = self.followed(own, room)?.room();
                self.stop_following(room);
                self.acknowledge(r#ref, room);
                Ok(())
            }
            ClientFrame::Send {
                r#ref,
                room,
                client_id,
                message,
                username,
            } => {
                let room = self.followed_as(own, room, username.as_deref())?;
                let request = PostRequest {
                    room,
                    client_id: Some(client_id),
                    message,
                };
                let reply = Self::reply(r#ref, room);
                Ok(self.app.post(&self.connection, request, reply)?)
            }
            ClientFrame::Edit {
                r#ref,
                room,
                seq,
                message,
            } => {
                let room = self.followed(own, room)?.room();
                let (target, reply) = (Seq(seq), Self::reply(r#ref, room));
                let edited = self
                    .app
                    .edit(&self.connection, room, target, &message, reply);
                Ok(edited?)
            }
            ClientFrame::Delete { r#ref, room, seq } => {
                let room = self.followed(own, room)?.room();
                let reply = Self::reply(r#ref, room);
                Ok(self.app.delete(&self.connection, room, Seq(seq), reply)?)
            }
            ClientFrame::React {
                r#ref,
                room,
                seq,
                emoji,
                on,
            } => {
                let room = self.followed(own, room)?.room();
                let emoji = Emoji::parse(&emoji)
                    .map_err(|_| (ErrorCode::BadFrame, "`emoji` isn't one emoji"))?;
                let (target, reply) = (Seq(seq), Self::reply(r#ref, room));
                let reacted = self
                    .app
                    .react(&self.connection, room, target, (emoji, on), reply);
                Ok(reacted?)
            }
            ClientFrame::Typing { room, .. } => {
                let app = Arc::clone(&self.app);
                app.typing(&self.followed(own, room)?.subscription.member);
                Ok(())
            }
            ClientFrame::Read {
                r#ref,
                room,
                seq,
                version,
            } => {
                let seq = Seq(seq);
                self.mark(r#ref, room_of(own, room)?, ReadMark::Read { seq, version })
            }
            ClientFrame::Unread { r#ref, room, seq } => {
                let mark = ReadMark::Unread { seq: Seq(seq) };
                self.mark(r#ref, room_of(own, room)?, mark)
            }
            ClientFrame::Level { r#ref, room, level } => {
                let mark = ReadMark::Level(level.into());
                self.mark(r#ref, room_of(own, room)?, mark)
            }
            ClientFrame::Refresh { r#ref, room } => self.refresh(r#ref, room_of(own, room)?).await,
            ClientFrame::Ping { r#ref } => {
                self.outgoing.push(encode(&ServerFrame::Pong { r#ref }));
                Ok(())
            }
        }
    }

    fn acknowledge(&mut self, reference: Option<u64>, room: RoomId) {
        self.outgoing.push(encode(&ServerFrame::Ack {
            r#ref: reference,
            room: room.0,
            seq: None,
            timestamp: None,
        }));
    }

    /// Tells the person's membership of a room as it is now.
    async fn refresh(&mut self, reference: Option<u64>, room: RoomId) -> Result<(), Refused> {
        let membership = self.app.membership(&self.connection, room).await?;
        self.outgoing.push(encode(&ServerFrame::Membership {
            r#ref: reference,
            membership,
        }));
        Ok(())
    }

    /// Moves the read position in a room, or sets its level.
    fn mark(&self, reference: Option<u64>, room: RoomId, mark: ReadMark) -> Result<(), Refused> {
        let told = Arc::clone(&self.told);
        let departures = told.departures(room);
        let reply = move |connection: &Connection, result| {
            told.answer((room, departures), result, |result| {
                connection.answer(answers::membership(connection, reference, result));
            });
        };
        let marked = self.app.mark(&self.connection, room, mark, Box::new(reply));
        Ok(marked?)
    }

    /// Where a subscription begins.
    fn begin(
        &self,
        epoch: Option<&str>,
        after: Option<i64>,
        timestamp: Option<&str>,
    ) -> Result<StartingPoint, Refused> {
        let timestamp = timestamp.map(str::parse).transpose();
        let timestamp =
            timestamp.map_err(|_| (ErrorCode::BadFrame, "`timestamp` is no timestamp"))?;
        match (epoch, after) {
            (None, None) if timestamp.is_none() => Ok(StartingPoint::Snapshot),
            (Some(epoch), Some(after)) => {
                // A text that is no epoch names another history.
                let epoch = epoch.parse().unwrap_or(Epoch(!self.app.epoch().0));
                Ok(StartingPoint::After(epoch, Seq(after), timestamp))
            }
            _ => Err((
                ErrorCode::BadFrame,
                "`epoch` and `after` come together, and `timestamp` with them",
            )
                .into()),
        }
    }

    async fn subscribe(
        &mut self,
        reference: Option<u64>,
        room: RoomId,
        from: StartingPoint,
    ) -> Result<(), Refused> {
        let is_new = find(&mut self.rooms, room).is_none();
        if is_new && self.rooms.len() >= self.app.limits().rooms {
            return Err((ErrorCode::TooMany, "too many rooms on one socket").into());
        }
        let waiting = Arc::clone(&self.waiting);
        // A client that resumes gets a few bytes.
        let is_large = match from {
            StartingPoint::Snapshot => true,
            StartingPoint::After(epoch, ..) => epoch != self.app.epoch(),
            StartingPoint::End => false,
        };
        let _turn = if is_large {
            let turn = waiting.turn(&self.taker).await;
            Some(turn.map_err(|Full| self.full())?)
        } else {
            None
        };
        let subscription = self
            .app
            .subscribe(&self.connection, room, Wants::Everything, from)
            .await
            .map_err(|error| Refused {
                cause: answers::cause(&self.connection, &error),
                ..error.into()
            })?;
        let mut followed = Followed::new(subscription);
        let frames = followed.answer(reference);
        let mut frames = self.waiting.make_frames(frames).await;
        let counted = self.waiting.count_all(&self.taker, &mut frames);
        counted.map_err(|Full| self.full())?;
        self.unfollow(room);
        self.app.unwatch(&self.connection, room);
        for frame in frames {
            self.outgoing.push(frame);
        }
        self.rooms.push(followed);
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

    /// The same, for a request that may give the person's name in the room.
    fn followed_as(
        &mut self,
        own: Option<RoomId>,
        room: Option<i64>,
        username: Option<&str>,
    ) -> Result<RoomId, Refused> {
        let followed = self.followed(own, room)?;
        let name = followed.subscription.member.username();
        if username.is_some_and(|given| Username::parse(given).ok().as_ref() != Some(name)) {
            return Err(Error::WrongUsername.into());
        }
        Ok(followed.room())
    }

    /// Sends the writer's answer to this connection.
    fn reply(reference: Option<u64>, room: RoomId) -> Reply {
        Box::new(move |connection: &Connection, result| {
            connection.answer(answers::outcome(connection, reference, room, result));
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
