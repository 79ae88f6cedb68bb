//! Reads the old database once, to check that it can be understood, and to count.

use std::collections::HashSet;

use anyhow::{Result, bail};
use rusqlite::OptionalExtension as _;

use super::messages::{OldMessage, each_message};
use super::rooms;
use super::source::Source;

/// Counts of the old database that the storage can't make.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Messages to one person, which are left out.
    pub(super) private_messages: u64,
    /// Messages with nothing in them, which are left out.
    pub(super) blank_messages: u64,
    /// People whose name had to be changed.
    pub(super) people_renamed: usize,
    /// Rooms whose name had to be changed.
    pub(super) rooms_renamed: usize,
    /// Rooms whose description had to be shortened.
    pub(super) descriptions_shortened: usize,
}

/// Reads everything. Fails where something can't be understood.
pub(super) fn survey(source: &Source) -> Result<Survey> {
    refuse_strays(source)?;
    let mut survey = Survey {
        private_messages: private_messages(source)?,
        ..Survey::default()
    };
    let mut people_renamed = HashSet::new();
    for room in rooms::rooms(source)? {
        survey.rooms_renamed += usize::from(room.name.as_str() != room.old_name);
        survey.descriptions_shortened += usize::from(room.is_shortened);
        each_message(source, &room, |message| {
            match message {
                OldMessage::Message { message, old_name } => {
                    if message.username.as_str() != old_name {
                        people_renamed.insert(old_name);
                    }
                }
                OldMessage::Blank => survey.blank_messages += 1,
            }
            true
        })?;
    }
    survey.people_renamed = people_renamed.len();
    Ok(survey)
}

fn private_messages(source: &Source) -> Result<u64> {
    if !source.layout.has_private_messages {
        return Ok(0);
    }
    let sql = "SELECT count(*) FROM chat_message WHERE user_to_id IS NOT NULL";
    let count: i64 = source.db.query_row(sql, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Refuses messages of missing rooms, which an import would lose silently.
fn refuse_strays(source: &Source) -> Result<()> {
    let sql = "SELECT id FROM chat_message \
               WHERE room_id IS NULL OR room_id NOT IN (SELECT id FROM chat_room) LIMIT 1";
    let stray: Option<i64> = source.db.query_row(sql, [], |row| row.get(0)).optional()?;
    match stray {
        Some(id) => bail!("chat_message, row {id}: its room is missing"),
        None => Ok(()),
    }
}
