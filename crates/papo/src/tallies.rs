//! The content of an instance, as a table.

use papo_storage::transfer::{Summary, Table, Tally};

use crate::columns::columns;

/// How many rooms are shown one by one.
const SHOWN: usize = 20;

/// A line for each kind of thing and for each room, with the beginning of its checksum.
pub(crate) fn tallies(summary: &Summary) -> String {
    let kind = |table: Table, tally: &Tally| {
        [
            table.to_string(),
            tally.count.to_string(),
            String::new(),
            tally.digest.to_string(),
        ]
    };
    let tables = summary.tables.iter();
    let mut rows: Vec<_> = tables.map(|(table, tally)| kind(*table, tally)).collect();
    for (id, room) in summary.rooms.iter().take(SHOWN) {
        rows.push([
            format!("room {id}, {}", room.name),
            room.events.to_string(),
            room.messages.to_string(),
            room.digest.to_string(),
        ]);
    }
    let more = summary.rooms.len().saturating_sub(SHOWN);
    if more > 0 {
        rows.push([
            format!("and {more} more rooms"),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
    rows.push([
        format!("{} rooms", summary.rooms.len()),
        summary.events().to_string(),
        summary.messages().to_string(),
        String::new(),
    ]);
    columns(["WHAT", "RECORDS", "MESSAGES", "CHECKSUM"], &rows)
}
