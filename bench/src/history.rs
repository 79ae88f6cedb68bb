//! Makes a database of the Django chat with rooms of given sizes. `papo import django` makes a long
//! history of it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rusqlite::Connection;

use crate::scan::text;

/// Which rooms, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The database, which is made.
    #[arg(long)]
    file: PathBuf,
    /// A room and how many messages it has, `NAME=COUNT`.
    #[arg(long, required = true, value_parser = room)]
    room: Vec<(String, u32)>,
}

/// Writes the rooms.
pub fn run(arguments: &Arguments) -> Result<()> {
    let db = Connection::open(&arguments.file)
        .with_context(|| format!("making {}", arguments.file.display()))?;
    db.execute_batch(
        "PRAGMA synchronous = OFF;
         BEGIN;
         CREATE TABLE chat_room(id integer PRIMARY KEY, name varchar(100) UNIQUE, description text,
             created_at datetime, is_active bool);
         CREATE TABLE chat_message(id integer PRIMARY KEY, room_id bigint, content text, timestamp datetime,
             sender varchar(25));",
    )?;
    for (room, (name, messages)) in (1_u32..).zip(&arguments.room) {
        db.execute(
            "INSERT INTO chat_room VALUES (?1, ?2, '', '2025-01-01 00:00:00', 1)",
            (room, name),
        )?;
        let mut insert = db.prepare(
            "INSERT INTO chat_message(room_id, content, timestamp, sender)
             VALUES (?1, ?2, datetime('2025-01-01', format('+%d seconds', ?3)), format('guest-%05d', ?3 % 100))",
        )?;
        for number in 0..*messages {
            insert.execute((room, text(usize::try_from(number)?), number))?;
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(())
}

fn room(argument: &str) -> Result<(String, u32)> {
    let (name, count) = argument.split_once('=').context("NAME=COUNT")?;
    Ok((name.to_owned(), count.parse()?))
}
