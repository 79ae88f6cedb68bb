//! The part of the checker that goes through one client's view.

use std::collections::{BTreeMap, HashMap};

use crate::checker::Fault;
use crate::history::{Event, Kind, Moment, RoomLog, Seen, Snapshot, View};

/// How many messages a snapshot holds.
const SNAPSHOT_MESSAGES: usize = papo_protocol::SNAPSHOT_MESSAGES;

/// A view, followed event by event.
struct Reading<'a> {
    view: &'a View,
    log: &'a RoomLog,
    changes: HashMap<i64, Vec<&'a Event>>,
    sent_at: &'a HashMap<&'a str, Moment>,
    /// The last event that the client has; `None` before the first snapshot.
    last: Option<i64>,
    /// The messages that the client shows.
    rows: BTreeMap<i64, Option<String>>,
    /// The message from which on it must show all.
    from: i64,
}

/// Compares a view with the log.
pub(crate) fn check_view(
    view: &View,
    log: &RoomLog,
    sent_at: &HashMap<&str, Moment>,
    faults: &mut Vec<Fault>,
) {
    let mut reading = Reading {
        view,
        log,
        changes: changes(log),
        sent_at,
        last: None,
        rows: BTreeMap::new(),
        from: 0,
    };
    for seen in &view.seen {
        match seen {
            Seen::Event(event) => reading.event(event, faults),
            Seen::Snapshot(snapshot) => reading.snapshot(snapshot, faults),
            Seen::Resumed(after) => reading.resumed(*after, faults),
            Seen::Reset => {
                reading.last = None;
                reading.rows.clear();
            }
        }
    }
    reading.finish(faults);
}

/// The edits and deletions of each message.
fn changes(log: &RoomLog) -> HashMap<i64, Vec<&Event>> {
    let mut changes: HashMap<i64, Vec<&Event>> = HashMap::new();
    for event in &log.events {
        if let Kind::Edited { target, .. } | Kind::Deleted { target } = event.kind {
            changes.entry(target).or_default().push(event);
        }
    }
    changes
}

impl Reading<'_> {
    fn event(&mut self, event: &Event, faults: &mut Vec<Fault>) {
        let last = self.last.unwrap_or(0);
        if event.seq > last + 1 {
            faults.push(Fault::Gap {
                view: self.view.name.clone(),
                after: last,
                seq: event.seq,
            });
        } else if event.seq <= last {
            faults.push(Fault::Order {
                view: self.view.name.clone(),
                after: last,
                seq: event.seq,
            });
        }
        self.last = Some(event.seq.max(last));
        let logged = self.log.event(event.seq);
        if !logged.is_some_and(|logged| logged.is_same(event)) {
            faults.push(Fault::NotInLog {
                view: self.view.name.clone(),
                seq: event.seq,
            });
        }
        self.check_right(event.seq, faults);
        match &event.kind {
            Kind::Posted { text, .. } => {
                self.rows.insert(event.seq, text.clone());
            }
            // The client may lack the message, if it is older than its snapshot.
            Kind::Edited { target, text } => {
                if let Some(row) = self.rows.get_mut(target) {
                    row.clone_from(text);
                }
            }
            Kind::Deleted { target } => {
                if let Some(row) = self.rows.get_mut(target) {
                    *row = None;
                }
            }
            Kind::Room => {}
        }
    }

    fn snapshot(&mut self, snapshot: &Snapshot, faults: &mut Vec<Fault>) {
        self.last = Some(snapshot.seq);
        self.from = if snapshot.more {
            snapshot
                .messages
                .first()
                .map_or(snapshot.seq + 1, |first| first.0)
        } else {
            0
        };
        self.rows = snapshot
            .messages
            .iter()
            .map(|(seq, text)| (*seq, Some(text.clone())))
            .collect();
        let expected = self.messages_as_of(snapshot.seq);
        let shown: Vec<i64> = snapshot.messages.iter().map(|(seq, _)| *seq).collect();
        if let Some(&message) = expected
            .iter()
            .find(|seq| !shown.contains(seq))
            .or_else(|| shown.iter().find(|seq| !expected.contains(seq)))
        {
            faults.push(Fault::WrongSnapshot {
                view: self.view.name.clone(),
                seq: snapshot.seq,
                message,
            });
        }
        for (seq, text) in &snapshot.messages {
            self.check_right(*seq, faults);
            // A text is certain as long as no later event changed it.
            let is_final = self
                .changes
                .get(seq)
                .and_then(|changes| changes.last())
                .is_none_or(|change| change.seq <= snapshot.seq);
            if is_final && self.log.messages.get(seq) != Some(text) {
                faults.push(Fault::WrongSnapshot {
                    view: self.view.name.clone(),
                    seq: snapshot.seq,
                    message: *seq,
                });
            }
        }
    }

    /// The last messages when the log ended at `end`.
    fn messages_as_of(&self, end: i64) -> Vec<i64> {
        let end = usize::try_from(end)
            .unwrap_or_default()
            .min(self.log.events.len());
        let there = |event: &&Event| {
            let deleted = self.changes.get(&event.seq).is_some_and(|changes| {
                changes.iter().any(|change| {
                    matches!(change.kind, Kind::Deleted { .. })
                        && usize::try_from(change.seq).is_ok_and(|seq| seq <= end)
                })
            });
            matches!(event.kind, Kind::Posted { .. }) && !deleted
        };
        let events = self.log.events[..end].iter().rev();
        let last = events.filter(there).take(SNAPSHOT_MESSAGES);
        last.map(|event| event.seq).collect()
    }

    /// A client names what it has, and the server must answer with the same.
    fn resumed(&self, after: i64, faults: &mut Vec<Fault>) {
        let last = self.last.unwrap_or(0);
        if after != last {
            faults.push(Fault::Gap {
                view: self.view.name.clone(),
                after: last,
                seq: after,
            });
        }
    }

    fn check_right(&self, seq: i64, faults: &mut Vec<Fault>) {
        let Some(revoked) = self.view.revoked else {
            return;
        };
        let sent = self.log.event(seq).and_then(|event| match &event.kind {
            Kind::Posted {
                client_id: Some(id),
                ..
            } => self.sent_at.get(id.as_str()),
            _ => None,
        });
        if sent.is_some_and(|&sent| sent > revoked) {
            faults.push(Fault::SeenAfterRevocation {
                view: self.view.name.clone(),
                seq,
            });
        }
    }

    fn finish(self, faults: &mut Vec<Fault>) {
        if !self.view.is_complete {
            return;
        }
        let end = self.log.events.last().map_or(0, |event| event.seq);
        let last = self.last.unwrap_or(0);
        if last != end {
            faults.push(Fault::Unfinished {
                view: self.view.name.clone(),
                last,
                end,
            });
            return;
        }
        let shown = self
            .rows
            .iter()
            .filter_map(|(seq, text)| Some((*seq, text.as_deref()?)));
        let shown: BTreeMap<i64, &str> = shown.collect();
        let logged = self.log.messages.range(self.from..);
        let logged: BTreeMap<i64, &str> = logged.map(|(seq, text)| (*seq, text.as_str())).collect();
        if shown != logged {
            let seqs = shown.keys().chain(logged.keys());
            let wrong = seqs.filter(|seq| shown.get(seq) != logged.get(seq)).min();
            faults.push(Fault::WrongRow {
                view: self.view.name.clone(),
                message: wrong.copied().unwrap_or(0),
            });
        }
    }
}
