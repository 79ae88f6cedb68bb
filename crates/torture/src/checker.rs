//! The checker: compares acknowledgements, the database and every client's view. It is pure.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::history::{Changed, Database, Event, History, Kind, Moment, RoomLog, Sent};
use crate::view_checker::check_view;

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A message was acknowledged, and isn't in the log at that place.
    AckedLost { client_id: String, seq: i64 },
    /// An edit or a deletion was acknowledged, and isn't in the log at that place.
    ChangeLost { room: i64, seq: i64 },
    /// One message has acknowledgements with two numbers.
    AcksDiffer { client_id: String, seqs: Vec<i64> },
    /// One message is in the log twice.
    Double { client_id: String, seqs: Vec<i64> },
    /// The log has a hole, or a number twice.
    LogGap {
        room: i64,
        after: i64,
        found: Option<i64>,
    },
    /// A message was acknowledged before another was sent, and comes after it.
    Causality {
        client_id: String,
        seq: i64,
        acknowledged_before: i64,
    },
    /// Two messages of one connection changed places.
    SenderOrder {
        client_id: String,
        seq: i64,
        earlier: i64,
    },
    /// A view lacks events between two that it has.
    Gap { view: String, after: i64, seq: i64 },
    /// A view has an event again, or one before another that it has.
    Order { view: String, after: i64, seq: i64 },
    /// A view has an event that the log doesn't have there.
    NotInLog { view: String, seq: i64 },
    /// A snapshot isn't the room as of its event.
    WrongSnapshot {
        view: String,
        seq: i64,
        message: i64,
    },
    /// A view's messages aren't the log's: one is missing, stale or different.
    WrongRow { view: String, message: i64 },
    /// A view doesn't come to the end of the log.
    Unfinished { view: String, last: i64, end: i64 },
    /// A client saw something that was sent after its right to it had ended.
    SeenAfterRevocation { view: String, seq: i64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// The messages of the log by client id.
pub(crate) type Places<'a> = HashMap<&'a str, Vec<(i64, i64)>>;

/// All faults of a history, given what the database holds after it.
pub(crate) fn check(history: &History, database: &Database) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (&room, log) in &database.rooms {
        check_log(room, log, &mut faults);
    }
    let places = places(database);
    for (client_id, found) in &places {
        if found.len() > 1 {
            faults.push(Fault::Double {
                client_id: (*client_id).to_owned(),
                seqs: found.iter().map(|(_, seq)| *seq).collect(),
            });
        }
    }
    for sent in &history.sent {
        check_acks(sent, database, &places, &mut faults);
    }
    for changed in &history.changed {
        check_change(changed, database, &mut faults);
    }
    check_causality(&history.sent, database, &places, &mut faults);
    check_senders(&history.sent, &places, &mut faults);
    let sent_at: HashMap<&str, Moment> = history
        .sent
        .iter()
        .map(|sent| (sent.client_id.as_str(), sent.at))
        .collect();
    let empty = RoomLog::default();
    for view in &history.views {
        let log = database.rooms.get(&view.room).unwrap_or(&empty);
        check_view(view, log, &sent_at, &mut faults);
    }
    faults
}

/// The place of each message of the log: room and seq.
pub(crate) fn places(database: &Database) -> Places<'_> {
    let mut places = Places::new();
    for (&room, log) in &database.rooms {
        for event in &log.events {
            if let Kind::Posted {
                client_id: Some(id),
                ..
            } = &event.kind
            {
                places.entry(id).or_default().push((room, event.seq));
            }
        }
    }
    places
}

fn check_log(room: i64, log: &RoomLog, faults: &mut Vec<Fault>) {
    for (expected, event) in (1..).zip(&log.events) {
        if event.seq != expected {
            faults.push(Fault::LogGap {
                room,
                after: expected - 1,
                found: Some(event.seq),
            });
            return;
        }
    }
}

/// Only acknowledgements of the database's own history count. Those of a history that a backup
/// replaced are gone with it.
fn check_acks(sent: &Sent, database: &Database, places: &Places<'_>, faults: &mut Vec<Fault>) {
    let acks = sent.acks.iter().filter(|ack| *ack.epoch == *database.epoch);
    let mut seqs: Vec<i64> = acks.map(|ack| ack.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    if seqs.len() > 1 {
        faults.push(Fault::AcksDiffer {
            client_id: sent.client_id.clone(),
            seqs: seqs.clone(),
        });
    }
    let found = places.get(sent.client_id.as_str());
    for seq in seqs {
        if !found.is_some_and(|found| found.contains(&(sent.room, seq))) {
            faults.push(Fault::AckedLost {
                client_id: sent.client_id.clone(),
                seq,
            });
        }
    }
}

fn check_change(changed: &Changed, database: &Database, faults: &mut Vec<Fault>) {
    if *changed.epoch != *database.epoch {
        return;
    }
    let expected = Event {
        seq: changed.seq,
        kind: changed.kind.clone(),
    };
    let log = database.rooms.get(&changed.room);
    let logged = log.and_then(|log| log.event(changed.seq));
    if !logged.is_some_and(|logged| logged.is_same(&expected)) {
        faults.push(Fault::ChangeLost {
            room: changed.room,
            seq: changed.seq,
        });
    }
}

/// A message that was acknowledged before another was sent comes before it.
fn check_causality(
    sent: &[Sent],
    database: &Database,
    places: &Places<'_>,
    faults: &mut Vec<Fault>,
) {
    enum Step<'a> {
        Sent(&'a Sent),
        Acknowledged(i64),
    }
    let mut steps: BTreeMap<i64, Vec<(Moment, Step<'_>)>> = BTreeMap::new();
    for message in sent {
        let room = steps.entry(message.room).or_default();
        room.push((message.at, Step::Sent(message)));
        let acks = message
            .acks
            .iter()
            .filter(|ack| *ack.epoch == *database.epoch);
        room.extend(acks.map(|ack| (ack.at, Step::Acknowledged(ack.seq))));
    }
    for steps in steps.values_mut() {
        steps.sort_by_key(|(at, _)| *at);
        let mut acknowledged = 0;
        for (_, step) in steps {
            match step {
                Step::Acknowledged(seq) => acknowledged = acknowledged.max(*seq),
                Step::Sent(message) => {
                    let place = places.get(message.client_id.as_str());
                    if let Some(&(_, seq)) = place.and_then(|found| found.first())
                        && seq <= acknowledged
                    {
                        faults.push(Fault::Causality {
                            client_id: message.client_id.clone(),
                            seq,
                            acknowledged_before: acknowledged,
                        });
                    }
                }
            }
        }
    }
}

/// Messages of one connection keep their order.
fn check_senders(sent: &[Sent], places: &Places<'_>, faults: &mut Vec<Fault>) {
    let mut connections: BTreeMap<(u64, i64), Vec<&Sent>> = BTreeMap::new();
    for message in sent {
        connections
            .entry((message.connection, message.room))
            .or_default()
            .push(message);
    }
    for messages in connections.values_mut() {
        messages.sort_by_key(|message| message.at);
        let mut last = 0;
        for message in messages {
            let place = places.get(message.client_id.as_str());
            let Some(&(_, seq)) = place.and_then(|found| found.first()) else {
                continue;
            };
            if seq < last {
                faults.push(Fault::SenderOrder {
                    client_id: message.client_id.clone(),
                    seq,
                    earlier: last,
                });
            }
            last = last.max(seq);
        }
    }
}
