//! How the rows of a batch are written and committed: one statement for each table, all sent
//! together.

use std::sync::atomic::{AtomicBool, Ordering};

use papo_domain::{ClientId, MessageText, Posted, Timestamp};
use tokio_postgres::{Error, Statement};

use super::audit::{self, Notes};
use super::connection::{Connection, Value};
use super::errors::Failure;
use crate::fold::fold;
use crate::ledger::{Effects, Place};

const MESSAGES: &str = "INSERT INTO message (room_id, seq, sender, username, username_folded, content, \
    content_folded, timestamp, edited, client_id) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
    $7::text[], $8::bigint[], $9::bigint[], $10::text[])";
const EVENTS: &str = "INSERT INTO event (room_id, seq, kind, target, at, body) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], \
    $6::text[])";
const CHANGED: &str = "UPDATE message SET content = new.content, content_folded = new.folded, \
    edited = new.edited \
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[]) \
    AS new (room_id, seq, content, folded, edited) \
    WHERE message.room_id = new.room_id AND message.seq = new.seq";
const ROOMS: &str = "UPDATE room SET last_seq = new.last_seq, last_at = new.last_at, \
    last_activity = new.last_activity \
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) \
    AS new (id, last_seq, last_at, last_activity) WHERE room.id = new.id";
const STATE: &str = "UPDATE room SET name = $2, name_key = $3, description = $4, \
    description_folded = $5, is_active = $6, kind = $7, is_announcement = $8 WHERE id = $1";

/// How a transaction ended without success.
pub(super) enum Ended {
    /// Nothing is stored.
    Failed(Failure),
    /// The commit was sent, and no answer came.
    Unknown(String),
}

/// Statements that are sent without waiting for answers.
struct Pipeline<'a> {
    db: &'a Connection,
    /// Whether one has failed. Before the commit only sending can fail.
    has_failed: AtomicBool,
}

/// Writes all rows and commits.
pub(super) async fn write(db: &Connection, effects: &Effects) -> Result<(), Ended> {
    let statements = async {
        Ok([
            db.statement(MESSAGES).await?,
            db.statement(EVENTS).await?,
            db.statement(CHANGED).await?,
            db.statement(ROOMS).await?,
            db.statement(STATE).await?,
            db.statement(audit::INSERT).await?,
        ])
    };
    let [messages, events, changed, rooms, state, audit] =
        statements.await.map_err(Ended::Failed)?;
    let pipeline = Pipeline {
        db,
        has_failed: AtomicBool::new(false),
    };
    let written = tokio::join!(
        biased;
        write_messages(&pipeline, &messages, effects),
        write_events(&pipeline, &events, effects),
        write_changed(&pipeline, &changed, effects),
        write_rooms(&pipeline, &rooms, effects),
        write_states(&pipeline, &state, effects),
        write_audit(&pipeline, &audit, effects),
        pipeline.commit(),
    );
    let (messages, events, changed, rooms, states, audit, committed) = written;
    let is_commit_sent = committed.is_some();
    // The first error is the cause of those after it.
    let first = messages
        .and(events)
        .and(changed)
        .and(rooms)
        .and(states)
        .and(audit)
        .and(committed.unwrap_or(Ok(())));
    first.map_err(|error| Ended::by(error, is_commit_sent))
}

impl Ended {
    fn by(error: Error, is_commit_sent: bool) -> Self {
        let is_servers = error.as_db_error().is_some();
        match Failure::from(error) {
            failure if !is_commit_sent => Self::Failed(failure),
            Failure::Lost(text) => Self::Unknown(text),
            // After an error from the server, the commit did nothing.
            failure if is_servers => Self::Failed(failure),
            failure => Self::Unknown(failure.into_error().to_string()),
        }
    }
}

impl Pipeline<'_> {
    /// Runs a statement, unless there are no rows for it.
    async fn run(
        &self,
        statement: &Statement,
        rows: usize,
        values: &[Value<'_>],
    ) -> Result<(), Error> {
        if rows == 0 {
            return Ok(());
        }
        let done = self.db.client().execute(statement, values).await;
        if done.is_err() {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        done.map(|_| ())
    }

    /// Commits, unless a statement before couldn't be sent: the server would commit the rest.
    async fn commit(&self) -> Option<Result<(), Error>> {
        if self.has_failed.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.db.client().batch_execute("COMMIT").await)
    }
}

async fn write_messages(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    effects: &Effects,
) -> Result<(), Error> {
    let mut rows = Rows::default();
    for (event, posted) in effects.posted() {
        rows.add((event.room, event.seq), posted);
        rows.senders.push(posted.sender.0.cast_signed());
        rows.usernames.push(posted.username.as_str());
        rows.usernames_folded.push(folded(posted.username.as_str()));
        rows.times.push(event.timestamp.as_millis());
        let client_id = posted.client_id.as_ref().map(ClientId::as_str);
        rows.client_ids.push(client_id);
    }
    let values: [Value<'_>; 10] = [
        &rows.rooms,
        &rows.seqs,
        &rows.senders,
        &rows.usernames,
        &rows.usernames_folded,
        &rows.contents,
        &rows.contents_folded,
        &rows.times,
        &rows.edited,
        &rows.client_ids,
    ];
    pipeline.run(statement, rows.rooms.len(), &values).await
}

async fn write_changed(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    effects: &Effects,
) -> Result<(), Error> {
    let mut rows = Rows::default();
    for message in &effects.changed {
        rows.add((message.room, message.seq), &message.posted);
    }
    let values: [Value<'_>; 5] = [
        &rows.rooms,
        &rows.seqs,
        &rows.contents,
        &rows.contents_folded,
        &rows.edited,
    ];
    pipeline.run(statement, rows.rooms.len(), &values).await
}

/// The rows of messages, as columns.
#[derive(Default)]
struct Rows<'a> {
    rooms: Vec<i64>,
    seqs: Vec<i64>,
    senders: Vec<i64>,
    usernames: Vec<&'a str>,
    usernames_folded: Vec<Option<String>>,
    contents: Vec<Option<&'a str>>,
    contents_folded: Vec<Option<String>>,
    times: Vec<i64>,
    edited: Vec<Option<i64>>,
    client_ids: Vec<Option<&'a str>>,
}

impl<'a> Rows<'a> {
    /// Adds a new or a changed message.
    fn add(&mut self, (room, seq): Place, posted: &'a Posted) {
        let text = posted.text.as_ref().map(MessageText::as_str);
        self.rooms.push(room.0);
        self.seqs.push(seq.0);
        self.contents.push(text);
        self.contents_folded.push(text.and_then(folded));
        self.edited.push(posted.edited.map(Timestamp::as_millis));
    }
}

async fn write_events(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    effects: &Effects,
) -> Result<(), Error> {
    let (mut rooms, mut seqs, mut times) = (vec![], vec![], vec![]);
    let (mut kinds, mut targets, mut bodies) = (vec![], vec![], vec![]);
    for event in effects.changes() {
        let stored = event.kind.to_stored();
        rooms.push(event.room.0);
        seqs.push(event.seq.0);
        kinds.push(stored.code);
        targets.push(stored.target.map(|target| target.0));
        times.push(event.timestamp.as_millis());
        bodies.push(stored.body);
    }
    let values: [Value<'_>; 6] = [&rooms, &seqs, &kinds, &targets, &times, &bodies];
    pipeline.run(statement, rooms.len(), &values).await
}

async fn write_rooms(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    effects: &Effects,
) -> Result<(), Error> {
    let (mut ids, mut seqs, mut times, mut activities) = (vec![], vec![], vec![], vec![]);
    for (id, log) in &effects.heads {
        ids.push(id.0);
        seqs.push(log.last_seq.0);
        times.push(log.last_at.as_millis());
        activities.push(log.last_activity.map(Timestamp::as_millis));
    }
    let values: [Value<'_>; 4] = [&ids, &seqs, &times, &activities];
    pipeline.run(statement, ids.len(), &values).await
}

/// One at a time, in order, since a name may go from one room to another.
async fn write_states(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    effects: &Effects,
) -> Result<(), Error> {
    let mut writing = Vec::new();
    for (room, state) in effects.states() {
        writing.push(async move {
            let (name, description) = (state.name.as_str(), state.description.as_str());
            let (key, folded) = (fold(name), fold(description));
            let kind = state.kind.code();
            let values: [Value<'_>; 8] = [
                &room.0,
                &name,
                &key,
                &description,
                &folded,
                &state.is_active,
                &kind,
                &state.is_announcement,
            ];
            pipeline.run(statement, 1, &values).await
        });
    }
    let mut written = Ok(());
    for one in futures_util::future::join_all(writing).await {
        written = written.and(one);
    }
    written
}

async fn write_audit(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    effects: &Effects,
) -> Result<(), Error> {
    let notes = Notes::of(&effects.audit);
    let rows = effects.audit.len();
    pipeline.run(statement, rows, &notes.values()).await
}

/// The text without its case, if that differs.
fn folded(text: &str) -> Option<String> {
    Some(fold(text).into_owned()).filter(|folded| folded != text)
}
