//! Writing a batch into the tables: a statement for each table, whatever the number of changes, and the commit, all sent together.

use papo_domain::{Event, EventKind, RoomId, RoomState, Seq, Timestamp};
use tokio_postgres::Statement;

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
    /// The connection ended before the commit was answered.
    Unknown(String),
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
    let written = tokio::join!(
        biased;
        write_messages(db, &messages, batch),
        write_events(db, &events, batch),
        write_changed(db, &changed, batch),
        write_rooms(db, &rooms, batch),
        write_states(db, &state, batch),
        db.batch("COMMIT"),
    );
    let (messages, events, changed, rooms, states, committed) = written;
    // The first error is the cause of those after it. After one of the server's, the commit was none.
    let first = messages
        .and(events)
        .and(changed)
        .and(rooms)
        .and(states)
        .and(committed);
    first.map_err(|failure| match failure {
        Failure::Lost(text) => Ended::Unknown(text),
        failure => Ended::Failed(failure),
    })
}

async fn write_messages(
    db: &Connection,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Failure> {
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
    run(db, statement, rows.rooms.len(), &values).await
}

async fn write_changed(
    db: &Connection,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Failure> {
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
    run(db, statement, rows.rooms.len(), &values).await
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
    db: &Connection,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Failure> {
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
    run(db, statement, events.len(), &values).await
}

async fn write_rooms(db: &Connection, statement: &Statement, batch: &Batch) -> Result<(), Failure> {
    let (mut ids, mut seqs, mut times, mut activities) = (vec![], vec![], vec![], vec![]);
    for (id, log) in batch.grown() {
        ids.push(id.0);
        seqs.push(log.last_seq.0);
        times.push(log.last_at.as_millis());
        activities.push(log.last_activity.map(Timestamp::as_millis));
    }
    run(
        db,
        statement,
        ids.len(),
        &[&ids, &seqs, &times, &activities],
    )
    .await
}

/// One at a time and in order, since a name may go from one room to another.
async fn write_states(
    db: &Connection,
    statement: &Statement,
    batch: &Batch,
) -> Result<(), Failure> {
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
                run(db, statement, 1, &values).await
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

async fn run(
    db: &Connection,
    statement: &Statement,
    rows: usize,
    values: &[Value<'_>],
) -> Result<(), Failure> {
    if rows > 0 {
        db.client().execute(statement, values).await?;
    }
    Ok(())
}
