//! The audit.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{AuditAct, AuditEntry, AuditId, AuditPerson, PersonId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{SqliteStorage, rows, served};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::{Audit, AuditFilter, StorageError};

#[async_trait]
impl Audit for SqliteStorage {
    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditEntry>, StorageError> {
        self.read(move |db| entries(db, &filter)).await
    }

    async fn forget_audit(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(move |db| forget(db, age)).await
    }
}

/// Adds an entry, in the transaction of its act.
pub(super) fn add(db: &Connection, note: &AuditNote) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO audit (at, served, person_id, name, act, detail) VALUES (?1, ?2, ?3, \
         ifnull((SELECT name FROM account WHERE person_id = ?3), ''), ?4, ?5)",
    )?
    .execute(params![
        note.at.as_millis(),
        served::get(db)?.0,
        note.by.map(|person| person.0.cast_signed()),
        note.act.code(),
        note.act.to_stored(),
    ])?;
    Ok(())
}

/// Entries, the latest first.
pub(super) fn entries(
    db: &Connection,
    filter: &AuditFilter,
) -> Result<Vec<AuditEntry>, StorageError> {
    let mut statement = db.prepare_cached(
        "SELECT id, at, person_id, name, detail FROM audit \
         WHERE (?1 IS NULL OR instr(fold(name), ?1) > 0) AND (?2 IS NULL OR act = ?2) \
         AND (?3 IS NULL OR at >= ?3) AND (?4 IS NULL OR at < ?4) AND (?5 IS NULL OR id < ?5) \
         ORDER BY id DESC LIMIT ?6 OFFSET ?7",
    )?;
    let parameters = params![
        filter.who.as_deref().map(fold),
        filter.act,
        filter.from.map(Timestamp::as_millis),
        filter.until.map(Timestamp::as_millis),
        filter.before.map(|before| before.0),
        rows::count(filter.limit),
        rows::count(filter.offset),
    ];
    let found = statement.query_map(parameters, entry)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, rusqlite::Error> {
    let (person, name) = (row.get::<_, Option<i64>>(2)?, rows::text(row, 3)?);
    let person = person.map(|person| PersonId(person.cast_unsigned()));
    Ok(AuditEntry {
        id: AuditId(row.get(0)?),
        at: rows::timestamp(row, 1)?,
        by: person.map(|person| AuditPerson { person, name }),
        act: AuditAct::from_stored(&rows::text(row, 4)?).ok(),
    })
}

/// Deletes the entries that are older than this. Returns how many.
pub(super) fn forget(db: &Connection, age: Duration) -> Result<u64, StorageError> {
    let until = served::get(db)?.before(age);
    let mut statement = db.prepare_cached("DELETE FROM audit WHERE served <= ?1")?;
    let forgotten = statement.execute([until.0])?;
    Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
}
