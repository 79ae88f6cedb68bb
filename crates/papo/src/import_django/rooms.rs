//! The rooms of the old database.

use std::collections::HashSet;

use anyhow::{Context, Result, anyhow};
use papo_domain::{RoomDescription, RoomName, Timestamp};
use rusqlite::Row;
use unicode_normalization::UnicodeNormalization as _;

use super::repair;
use super::source::{self, Source};

/// A room of the old database, and what it becomes.
#[derive(Debug)]
pub(super) struct OldRoom {
    /// Its number there.
    pub(super) id: i64,
    /// Its name there.
    pub(super) old_name: String,
    /// Its name here.
    pub(super) name: RoomName,
    pub(super) description: RoomDescription,
    /// The description had to be shortened.
    pub(super) is_shortened: bool,
    pub(super) is_active: bool,
    pub(super) created_at: Timestamp,
}

/// All rooms, in the order of their numbers.
pub(super) fn rooms(source: &Source) -> Result<Vec<OldRoom>> {
    let mut statement = source.db.prepare(
        "SELECT id, name, description, created_at, is_active FROM chat_room ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut rooms = Vec::new();
    let mut names = HashSet::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get("id")?;
        let mut room = room(id, row).with_context(|| format!("chat_room, row {id}"))?;
        // There, two names may differ in their case alone. Here they would be one room.
        if !names.insert(key(&room.name)) {
            room.name = repair::numbered(&room.name, id);
            names.insert(key(&room.name));
        }
        rooms.push(room);
    }
    Ok(rooms)
}

fn room(id: i64, row: &Row<'_>) -> Result<OldRoom> {
    let text = |column: &str| -> Result<String> {
        source::text(row.get_ref(column)?).ok_or_else(|| anyhow!("{column} is not text"))
    };
    let old_name = text("name")?;
    let created_at = text("created_at")?;
    let (description, is_shortened) = repair::description(&text("description")?);
    Ok(OldRoom {
        id,
        name: repair::room_name(&old_name),
        old_name,
        description,
        is_shortened,
        is_active: row
            .get("is_active")
            .context("is_active is neither 0 nor 1")?,
        created_at: source::timestamp(&created_at)
            .ok_or_else(|| anyhow!("created_at is not a time: {created_at:?}"))?,
    })
}

/// The key of a name. Papo treats names with one key as one.
fn key(name: &RoomName) -> String {
    name.as_str().nfkc().flat_map(char::to_lowercase).collect()
}
