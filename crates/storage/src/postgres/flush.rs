//! Writing a batch into the tables: a statement for each table, whatever the number of changes, and the commit, all sent together.

use std::sync::atomic::{AtomicBool, Ordering};

use papo_domain::{Event, EventKind, RoomId, RoomState, Seq, Timestamp};
use tokio_postgres::{Error, Statement};

use super::batch::Batch;
use super::connection::{Connection, Value};
use super::errors::Failure;
use super::rows::kind;
use crate::fold::fold;

const MESSAGES: &str = "INSERT INTO message (room_id, seq, sender, username, username_folded, content, \
    content_folded, timestamp, edited, client_id) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
    $7::text[], $8::bigint[], $9::bigint[], $10::text[])";
const EVENTS: &str = "INSERT INTO event (room_id, seq, kind, target, at, name, description, is_active) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], \
    $6::text[], $7::text[], $8::boolean[])";
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
    description_folded = $5, is_active = $6 WHERE id = $1";

/// How a transaction ended without success.
pub(super) enum Ended {
    /// Nothing is stored.
    Failed(Failure),
    /// The commit was sent, and its answer isn't known.
    Unknown(String),
}

/// Statements that are all sent before the first is answered.
struct Pipeline<'a> {
    db: &'a Connection,
    /// Whether one has failed: before the commit is sent, that is one that couldn't be sent.
    has_failed: AtomicBool,
}

/// Writes all and commits.
pub(super) async fn flush(db: &Connection, batch: &Batch) -> Result<(), Ended> {
    let statements = async {
        Ok([
            db.statement(MESSAGES).await?,
            db.statement(EVENTS).await?,
            db.statement(CHANGED).await?,
            db.statement(ROOMS).await?,
            db.statement(STATE).await?,
        ])
    };
    let [messages, events, changed, rooms, state] = statements.await.map_err(Ended::Failed)?;
    let pipeline = Pipeline {
        db,
        has_failed: AtomicBool::new(false),
    };
    let written = tokio::join!(
        biased;
        write_messages(&pipeline, &messages, batch),
        write_events(&pipeline, &events, batch),
        write_changed(&pipeline, &changed, batch),
        write_rooms(&pipeline, &rooms, batch),
        write_states(&pipeline, &state, batch),
        pipeline.commit(),
    );
    let (messages, events, changed, rooms, states, committed) = written;
    let is_commit_sent = committed.is_some();
    // The first error is the cause of those after it.
    let first = messages
        .and(events)
        .and(changed)
        .and(rooms)
        .and(states)
        .and(committed.unwrap_or(Ok(())));
    first.map_err(|error| Ended::by(error, is_commit_sent))
}

impl Ended {
    fn by(error: Error, is_commit_sent: bool) -> Self {
        let is_servers = error.as_db_error().is_some();
        match Failure::from(error) {
            failure if !is_commit_sent => Self::Failed(failure),
            Failure::Lost(text) => Self::Unknown(text),
            // After an error of the server's, the commit was none.
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

    /// Commits, unless something before it couldn't be sent: the server would commit the rest.
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
    batch: &Batch,
) -> Result<(), Error> {
    let mut rows = Rows::default();
    for key in &batch.posted {
        let Some((at, message)) = batch.known.messages.get(key) else {
            continue;
        };
        let text = message.text.as_ref().map(papo_domain::MessageText::as_str);
        rows.key(*key);
        rows.senders.push(message.sender.0.cast_signed());
        rows.usernames.push(message.username.as_str());
        rows.usernames_folded
            .push(folded(message.username.as_str()));
        rows.contents.push(text);
        rows.contents_folded.push(text.and_then(folded));
        rows.times.push(at.as_millis());
        rows.edited.push(message.edited.map(Timestamp::as_millis));
        rows.client_ids.push(
            message
                .client_id
                .as_ref()
                .map(papo_domain::ClientId::as_str),
        );
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
    batch: &Batch,
) -> Result<(), Error> {
    let mut rows = Rows::default();
    for key in &batch.changed {
        let Some((_, message)) = batch.known.messages.get(key) else {
            continue;
        };
        let text = message.text.as_ref().map(papo_domain::MessageText::as_str);
        rows.key(*key);
        rows.contents.push(text);
        rows.contents_folded.push(text.and_then(folded));
        rows.edited.push(message.edited.map(Timestamp::as_millis));
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

/// Columns of the table of messages.
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

impl Rows<'_> {
    fn key(&mut self, (room, seq): (RoomId, Seq)) {
        self.rooms.push(room.0);
        self.seqs.push(seq.0);
    }
}

async fn write_events(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Error> {
    fn column<'a, T>(events: &'a [Event], value: impl Fn(&'a Event) -> T) -> Vec<T> {
        events.iter().map(value).collect()
    }
    let events = &batch.events;
    let values: [Value<'_>; 8] = [
        &column(events, |event| event.room.0),
        &column(events, |event| event.seq.0),
        &column(events, |event| match event.kind {
            EventKind::Posted(_) => kind::POSTED,
            EventKind::Edited { .. } => kind::EDITED,
            EventKind::Deleted { .. } => kind::DELETED,
            EventKind::Room(_) => kind::ROOM,
        }),
        &column(events, |event| match event.kind {
            EventKind::Edited { target, .. } | EventKind::Deleted { target } => Some(target.0),
            EventKind::Posted(_) | EventKind::Room(_) => None,
        }),
        &column(events, |event| event.timestamp.as_millis()),
        &column(events, |event| {
            state(event).map(|state| state.name.as_str())
        }),
        &column(events, |event| {
            state(event).map(|state| state.description.as_str())
        }),
        &column(events, |event| state(event).map(|state| state.is_active)),
    ];
    pipeline.run(statement, events.len(), &values).await
}

async fn write_rooms(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Error> {
    let (mut ids, mut seqs, mut times, mut activities) = (vec![], vec![], vec![], vec![]);
    for (id, log) in batch.grown() {
        ids.push(id.0);
        seqs.push(log.last_seq.0);
        times.push(log.last_at.as_millis());
        activities.push(log.last_activity.map(Timestamp::as_millis));
    }
    let values: [Value<'_>; 4] = [&ids, &seqs, &times, &activities];
    pipeline.run(statement, ids.len(), &values).await
}

/// One at a time and in order, since a name may go from one room to another.
async fn write_states(
    pipeline: &Pipeline<'_>,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Error> {
    let mut writing = Vec::new();
    for event in &batch.events {
        if let Some(state) = state(event) {
            writing.push(async move {
                let (name, description) = (state.name.as_str(), state.description.as_str());
                let (key, folded) = (fold(name), fold(description));
                let values: [Value<'_>; 6] = [
                    &event.room.0,
                    &name,
                    &key,
                    &description,
                    &folded,
                    &state.is_active,
                ];
                pipeline.run(statement, 1, &values).await
            });
        }
    }
    let mut written = Ok(());
    for one in futures_util::future::join_all(writing).await {
        written = written.and(one);
    }
    written
}

fn state(event: &Event) -> Option<&RoomState> {
    match &event.kind {
        EventKind::Room(state) => Some(state),
        _ => None,
    }
}

/// The text without its case, if that makes it another.
fn folded(text: &str) -> Option<String> {
    Some(fold(text).into_owned()).filter(|folded| folded != text)
}
