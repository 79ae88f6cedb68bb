//! The naive count: every message of the database, one after the other.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use papo_domain::PersonId;

use super::badge::MOST;
use crate::database::Place;

const MESSAGES: &str = "SELECT room_id || ' ' || seq || ' ' || sender || ' ' || \
    CASE WHEN content IS NULL THEN 0 ELSE 1 END FROM message";
const MEMBERSHIPS: &str = "SELECT person_id || ' ' || room_id || ' ' || read_seq || ' ' || \
    read_version FROM membership";

/// What is true of a person in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) version: i64,
    pub(super) read: i64,
    pub(super) unread: u32,
}

/// A person, as on the wire, and a room.
pub(super) type Key = (String, i64);

/// Counts what is unread, for each person and room. Blocks.
pub(super) fn count(place: &Place) -> Result<BTreeMap<Key, Truth>> {
    let messages = numbers(place, MESSAGES)?;
    let memberships = numbers(place, MEMBERSHIPS)?;
    let truth = memberships.iter().map(|&[person, room, read, version]| {
        let is_unread = |message: &&[i64; 4]| {
            let [of, seq, sender, is_there] = **message;
            of == room && seq > read && sender != person && is_there == 1
        };
        let unread = messages.iter().filter(is_unread).count();
        let truth = Truth {
            version,
            read,
            unread: u32::try_from(unread).map_or(MOST, |unread| unread.min(MOST)),
        };
        ((PersonId(person.cast_unsigned()).to_string(), room), truth)
    });
    Ok(truth.collect())
}

fn numbers(place: &Place, sql: &str) -> Result<Vec<[i64; 4]>> {
    let lines = place.lines(sql)?;
    let parse = |line: &String| -> Result<[i64; 4]> {
        let words = line.split(' ').map(str::parse::<i64>);
        let numbers = words.collect::<Result<Vec<_>, _>>()?;
        numbers.try_into().ok().context("four numbers")
    };
    lines.iter().map(parse).collect()
}
