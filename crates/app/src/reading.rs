//! What people have read: their read positions, and their memberships as they are now.
//!
//! A task collects marks for a moment and stores them in one transaction. So thousands of readers
//! cost a few transactions a second. Each mark is a request of its connection, which ends with its
//! answer.

use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::{Connection, Request};
use papo_domain::{Right, Role, RoomId};
use papo_protocol::MembershipObject;
use papo_storage::{MembershipState, ReadMark, StorageError};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::inboxes::membership_object;
use crate::{Action, Actor, App, Error};

/// How long marks are collected.
const COLLECTING: Duration = Duration::from_millis(250);
/// How many marks may wait. Further ones are refused with [`Error::Unavailable`].
const WAITING: usize = 8_192;
/// The most marks of a transaction.
const TOGETHER: usize = 1_024;
const RETRY_OVERLOAD: Duration = Duration::from_secs(1);

/// Takes the answer to a mark, once.
pub type MarkReply = Box<dyn FnOnce(&Connection, Result<MembershipObject, Error>) + Send>;

/// The marks that wait to be stored.
#[derive(Default)]
pub(crate) struct Marks {
    line: Mutex<Line>,
    bell: Notify,
}

#[derive(Default)]
struct Line {
    waiting: Vec<WaitingMark>,
    is_closed: bool,
}

/// A mark of a connection's person.
struct WaitingMark {
    request: Request,
    room: RoomId,
    mark: ReadMark,
    reply: MarkReply,
}

impl Marks {
    /// Adds a mark; returns it when there are too many.
    fn add(&self, mark: WaitingMark) -> Result<(), WaitingMark> {
        let mut line = self.line.lock();
        if line.is_closed || line.waiting.len() >= WAITING {
            return Err(mark);
        }
        line.waiting.push(mark);
        drop(line);
        self.bell.notify_one();
        Ok(())
    }

    /// Takes some of the marks.
    fn take(&self) -> Vec<WaitingMark> {
        let mut line = self.line.lock();
        let count = line.waiting.len().min(TOGETHER);
        line.waiting.drain(..count).collect()
    }

    fn close(&self) {
        self.line.lock().is_closed = true;
    }
}

impl App {
    /// Moves the person's read position in a room. The reply runs when that is stored or refused. A
    /// refusal before that is returned instead.
    pub fn mark(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        mark: ReadMark,
        reply: MarkReply,
    ) -> Result<(), Error> {
        self.may_ask_for_membership(connection)?;
        let mark = WaitingMark {
            request: connection.request(),
            room,
            mark,
            reply,
        };
        let added = self.marks.add(mark);
        added.map_err(|_| Error::Unavailable(RETRY_OVERLOAD))
    }

    /// The person's membership of a room, as it is now.
    pub async fn membership(
        &self,
        connection: &Connection,
        room: RoomId,
    ) -> Result<MembershipObject, Error> {
        self.may_ask_for_membership(connection)?;
        match self
            .storage
            .membership_state(connection.session, room)
            .await?
        {
            Some(state) => Ok(membership_object(&state)),
            None => Err(self.no_membership(connection.into(), room).await),
        }
    }

    /// The person's memberships of all their active rooms, as they are now.
    pub async fn memberships_of(&self, actor: Actor) -> Result<Vec<MembershipObject>, Error> {
        let (_, states) = self.storage.membership_states(actor.session).await?;
        Ok(states.iter().map(membership_object).collect())
    }

    /// Stores marks, until the app stops and all are stored.
    pub(crate) async fn store_marks(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.marks.bell.notified() => {}
                () = self.stopping.cancelled() => {}
            }
            tokio::select! {
                () = tokio::time::sleep(COLLECTING) => {}
                () = self.stopping.cancelled() => {}
            }
            let is_stopping = self.stopping.is_cancelled();
            if is_stopping {
                self.marks.close();
            }
            self.store_waiting_marks().await;
            if is_stopping {
                return;
            }
        }
    }

    async fn store_waiting_marks(self: &Arc<Self>) {
        loop {
            let marks = self.marks.take();
            if marks.is_empty() {
                return;
            }
            let parts = marks.iter().map(|mark| {
                let session = mark.request.connection.session;
                (session, mark.room, mark.mark)
            });
            let stored = self.storage.mark(parts.collect()).await;
            if let Err(error) = &stored {
                self.note_failure(error);
            }
            // First the answers: a client that has its own isn't told the same again.
            self.answer_marks(marks, stored);
            self.tell_inbox();
        }
    }

    fn answer_marks(
        self: &Arc<Self>,
        marks: Vec<WaitingMark>,
        stored: Result<Vec<Option<MembershipState>>, StorageError>,
    ) {
        let results: Vec<Result<_, Error>> = match stored {
            Ok(states) => states.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error.into()); marks.len()],
        };
        let mut results = results.into_iter();
        let mut refused = Vec::new();
        for mark in marks {
            match results.next() {
                Some(Ok(Some(state))) => self.answer_mark(mark, Ok(membership_object(&state))),
                Some(Ok(None)) => refused.push(mark),
                Some(Err(error)) => self.answer_mark(mark, Err(error)),
                None => self.answer_mark(mark, Err(Error::Internal)),
            }
        }
        if refused.is_empty() {
            return;
        }
        // To find out why takes reads, and others' marks don't wait for them.
        let app = Arc::clone(self);
        self.tasks.spawn(async move {
            for mark in refused {
                let actor = Actor::from(&*mark.request.connection);
                let why = app.no_membership(actor, mark.room).await;
                app.answer_mark(mark, Err(why));
            }
        });
    }

    fn answer_mark(&self, mark: WaitingMark, result: Result<MembershipObject, Error>) {
        let WaitingMark { request, reply, .. } = mark;
        if result.is_err() {
            self.metrics.refusals.increment(1);
        }
        reply(&request.connection, result);
        self.tails.fan_out.count(request.finish());
    }

    fn may_ask_for_membership(&self, connection: &Connection) -> Result<(), Error> {
        let (person, address) = (Some(connection.person), connection.address);
        self.rate_limits
            .check(Action::Membership, person, address, None)
    }

    /// Why an actor has no membership of a room that could be shown.
    async fn no_membership(&self, actor: Actor, room: RoomId) -> Error {
        let role = match self.storage.standing(actor.session, room).await {
            Ok(Some(standing)) => standing.role(),
            // A session that has ended gets the answer of one that has joined nothing.
            Ok(None) => Role::Guest,
            Err(error) => return error.into(),
        };
        let may_read = self.room_for(role, Right::Read, room).await;
        // A member may have joined since.
        may_read.err().unwrap_or(Error::NotJoined)
    }
}
