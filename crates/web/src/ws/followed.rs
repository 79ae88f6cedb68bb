//! A room that a socket follows: its cursor, and the frames after it.

use bytes::Bytes;
use papo_app::{App, Connection, Error, Frame, Read, Start, Subscription};
use papo_domain::{RoomId, Seq};
use papo_protocol::{ResetReason, ServerFrame};

/// A subscription, and how far its socket has got.
pub(super) struct Followed {
    pub(super) subscription: Subscription,
    /// The last event that was counted as read from the log. A repeated read doesn't count it
    /// again.
    counted: Seq,
    presence: u64,
    typing: u64,
    /// Whether the log may have frames after the cursor.
    pub(super) is_due: bool,
    /// Whether there may be presence or typing to take.
    is_passing_due: bool,
}

/// What a read at a cursor found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The end of the log, with or without frames before it.
    End,
    /// Frames; there are more.
    More,
    /// The next frames are in the log, which may not be read now.
    Later,
    /// Too far behind: the client must start over.
    TooFarBehind,
}

impl Followed {
    pub(super) fn new(subscription: Subscription) -> Self {
        let typing = subscription.follower.room.typing_count();
        Self {
            subscription,
            counted: Seq::START,
            presence: 0,
            typing,
            is_due: true,
            is_passing_due: true,
        }
    }

    /// Notes that the room has something for the socket.
    pub(super) fn call(&mut self) {
        self.is_due = true;
        self.is_passing_due = true;
    }

    pub(super) fn room(&self) -> RoomId {
        self.subscription.follower.room.id
    }

    /// Takes about `budget` bytes of frames after the cursor and moves it. They come from memory,
    /// or from the log if they are no longer there and it may be read.
    pub(super) async fn read(
        &mut self,
        app: &App,
        (budget, may_read_log): (usize, bool),
        out: &mut Vec<Frame>,
    ) -> Result<Step, Error> {
        let room = &self.subscription.follower.room;
        let cursor = self.subscription.follower.cursor();
        let step = match room.read(cursor, budget, out) {
            Read::End => Step::End,
            Read::More => Step::More,
            Read::Behind if !may_read_log => Step::Later,
            Read::Behind if app.is_too_far_behind(cursor, room.end()) => Step::TooFarBehind,
            Read::Behind => {
                let end = room.end();
                let member = &self.subscription.member;
                let frames = app.frames_after(member, cursor, budget).await?;
                let new = frames.partition_point(|frame| frame.seq <= self.counted);
                app.may_take_frames(member, &frames[new..])?;
                self.counted = frames
                    .last()
                    .map_or(self.counted, |last| last.seq.max(self.counted));
                // Frames that the tail hasn't taken may not be shown yet.
                out.extend(frames.into_iter().filter(|frame| frame.seq <= end));
                Step::More
            }
        };
        if let Some(last) = out.last() {
            self.subscription.follower.set_cursor(last.seq);
        }
        Ok(step)
    }

    /// Starts over at the log's present state. Returns the new cursor and the frames for the
    /// client.
    pub(super) async fn reset(&self, app: &App) -> Result<(Seq, [ServerFrame; 2]), Error> {
        let (seq, snapshot) = app.snapshot(&self.subscription.member).await?;
        let reset = ServerFrame::Reset {
            r#ref: None,
            room: self.room().0,
            reason: ResetReason::Behind,
        };
        Ok((seq, [reset, snapshot]))
    }

    /// Takes presence and typing, which are sent only when the socket has room.
    pub(super) fn read_passing(&mut self, connection: &Connection) -> Vec<Bytes> {
        let mut out = Vec::new();
        if !std::mem::take(&mut self.is_passing_due) {
            return out;
        }
        let room = &self.subscription.follower.room;
        if let Some(frame) = room.presence_after(self.presence) {
            self.presence = frame.version;
            out.push(frame.bytes);
        }
        room.read_typing(connection.person, &mut self.typing, &mut out);
        out
    }

    /// Skips typing, because the socket has no room now. Presence is taken later.
    pub(super) fn skip_passing(&mut self) {
        self.typing = self.subscription.follower.room.typing_count();
    }

    /// The frames that answer the `subscribe`.
    pub(super) fn answer(&mut self, reference: Option<u64>) -> Vec<ServerFrame> {
        let room = self.room().0;
        let with_reference = |mut snapshot| {
            if let ServerFrame::Snapshot { r#ref, .. } = &mut snapshot {
                *r#ref = reference;
            }
            snapshot
        };
        match std::mem::replace(&mut self.subscription.start, Start::Live) {
            Start::Live => vec![],
            Start::Snapshot(snapshot) => vec![with_reference(snapshot)],
            Start::Resumed(Seq(seq)) => vec![ServerFrame::Subscribed {
                r#ref: reference,
                room,
                after: self.subscription.follower.cursor().0,
                seq,
                username: self.subscription.member.username().to_string(),
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
        }
    }
}

/// The rooms that a socket follows, few enough to look through.
pub(super) fn find(rooms: &mut [Followed], id: RoomId) -> Option<&mut Followed> {
    rooms.iter_mut().find(|followed| followed.room() == id)
}
