//! A room that a socket follows: the cursor, and what lies after it.

use bytes::Bytes;
use papo_app::{App, Connection, Error, Frame, FrameKind, Read, Start, Subscription};
use papo_domain::{RoomId, Seq};
use papo_protocol::{ResetReason, ServerFrame, encode};

/// A subscription, and how far its socket has got.
pub(super) struct Followed {
    pub(super) subscription: Subscription,
    presence: u64,
    typing: u64,
}

/// What a cursor came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The end of the log, with or without frames before it.
    End,
    /// Frames; there are more.
    More,
    /// Too far behind: the client must start over.
    TooFarBehind,
}

impl Followed {
    pub(super) fn new(subscription: Subscription) -> Self {
        let typing = subscription.follower.room.typing_count();
        Self {
            subscription,
            presence: 0,
            typing,
        }
    }

    pub(super) fn room(&self) -> RoomId {
        self.subscription.follower.room.id
    }

    /// Takes the frames after the cursor from memory, or from the log when they are no longer there, and moves the cursor.
    /// About `budget` bytes of them.
    pub(super) async fn read(
        &mut self,
        app: &App,
        budget: usize,
        out: &mut Vec<Frame>,
    ) -> Result<Step, Error> {
        let room = &self.subscription.follower.room;
        let cursor = self.subscription.follower.cursor();
        let step = match room.read(cursor, budget, out) {
            Read::End => Step::End,
            Read::More => Step::More,
            Read::Behind if app.is_too_far_behind(cursor, room.end()) => Step::TooFarBehind,
            Read::Behind => {
                let end = room.end();
                let frames = app.frames_after(room.id, cursor, budget).await?;
                // What the tail hasn't taken isn't for anybody yet.
                out.extend(frames.into_iter().filter(|frame| frame.seq <= end));
                Step::More
            }
        };
        if let Some(last) = out.last() {
            self.subscription.follower.set_cursor(last.seq);
        }
        Ok(step)
    }

    /// How to start over at the log's present state: where the cursor then is, and what to tell the client.
    pub(super) async fn reset(&self, app: &App) -> Result<(Seq, [ServerFrame; 2]), Error> {
        let (seq, snapshot) = app
            .snapshot(self.room(), &self.subscription.username)
            .await?;
        let reset = ServerFrame::Reset {
            r#ref: None,
            room: self.room().0,
            reason: ResetReason::Behind,
        };
        Ok((seq, [reset, snapshot]))
    }

    /// Whether this frame ends it: the room was made inactive, and still is.
    pub(super) fn is_closed_by(&self, frame: &Frame) -> bool {
        frame.kind == FrameKind::Closing && !self.subscription.follower.room.is_active()
    }

    /// Takes what is sent when it can be: who is there, who is writing.
    pub(super) fn read_passing(&mut self, connection: &Connection) -> Vec<Bytes> {
        let room = &self.subscription.follower.room;
        let mut out = Vec::new();
        if let Some(frame) = room.presence_after(self.presence) {
            self.presence = frame.version;
            out.push(frame.bytes);
        }
        room.read_typing(connection.sender, &mut self.typing, &mut out);
        out
    }

    /// Passes over what is sent when it can be, because now it can't.
    pub(super) fn skip_passing(&mut self) {
        self.typing = self.subscription.follower.room.typing_count();
    }

    /// The answer to the `subscribe` that led here.
    pub(super) fn answer(&mut self, reference: Option<u64>) -> Vec<Bytes> {
        let room = self.room().0;
        let with_reference = |mut snapshot| {
            if let ServerFrame::Snapshot { r#ref, .. } = &mut snapshot {
                *r#ref = reference;
            }
            snapshot
        };
        let frames = match std::mem::replace(&mut self.subscription.start, Start::Live) {
            Start::Live => vec![],
            Start::Snapshot(snapshot) => vec![with_reference(snapshot)],
            Start::Resumed(Seq(seq)) => vec![ServerFrame::Subscribed {
                r#ref: reference,
                room,
                after: self.subscription.follower.cursor().0,
                seq,
                username: self.subscription.username.to_string(),
            }],
            Start::Reset(reason, snapshot) => {
                vec![
                    ServerFrame::Reset {
                        r#ref: reference,
                        room,
                        reason,
                    },
                    with_reference(snapshot),
                ]
            }
        };
        frames.iter().map(encode).collect()
    }
}

/// The rooms that a socket follows, few enough to look through.
pub(super) fn find(rooms: &mut [Followed], id: RoomId) -> Option<&mut Followed> {
    rooms.iter_mut().find(|followed| followed.room() == id)
}
