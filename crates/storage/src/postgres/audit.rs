//! The audit.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{AuditAct, AuditEntry, AuditId, AuditPerson, PersonId, Timestamp};
use tokio_postgres::Row;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::{PostgresStorage, rows, served};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::{Audit, AuditFilter, StorageError};

/// Stores entries, an array for each of the columns of [`Notes`].
pub(super) const INSERT: &str = "INSERT INTO audit \
    (at, served, person_id, name, name_key, act, detail) \
    SELECT new.at, (SELECT served FROM papo), new.person_id, coalesce(account.name, ''), \
    coalesce(account.name_key, ''), new.act, new.detail \
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY \
    AS new (at, person_id, act, detail, place) \
    LEFT JOIN account ON account.person_id = new.person_id ORDER BY new.place";

/// Entries as columns.
#[derive(Default)]
pub(super) struct Notes {
    times: Vec<i64>,
    persons: Vec<Option<i64>>,
    acts: Vec<&'static str>,
    details: Vec<String>,
}

impl Notes {
    /// The columns of these entries.
    pub(super) fn of<'a>(notes: impl IntoIterator<Item = &'a AuditNote>) -> Self {
        let mut columns = Self::default();
        for note in notes {
            columns.times.push(note.at.as_millis());
            let person = note.by.map(|person| person.0.cast_signed());
            columns.persons.push(person);
            columns.acts.push(note.act.code());
            columns.details.push(note.act.to_stored());
        }
        columns
    }

    /// The values for [`INSERT`].
    pub(super) fn values(&self) -> [Value<'_>; 4] {
        [&self.times, &self.persons, &self.acts, &self.details]
    }
}

#[async_trait]
impl Audit for PostgresStorage {
    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditEntry>, StorageError> {
        self.read(filter, |db, filter| Box::pin(entries(db, filter)))
            .await
    }

    async fn forget_audit(&self, age: Duration) -> Result<u64, StorageError> {
        self.write(age, |db, &age| Box::pin(forget(db, age))).await
    }
}

/// Adds an entry, in the transaction of its act.
pub(super) async fn add(db: &Connection, note: &AuditNote) -> Result<(), Failure> {
    db.execute(INSERT, &Notes::of([note]).values()).await?;
    Ok(())
}

/// Entries, the latest first.
pub(super) async fn entries(
    db: &Connection,
    filter: &AuditFilter,
) -> Result<Vec<AuditEntry>, Failure> {
    let who = filter.who.as_deref().map(fold);
    let texts = [who.as_deref(), filter.act.as_deref()];
    if texts.iter().flatten().any(|text| text.contains('\0')) {
        // No stored text has this character, and PostgreSQL refuses it.
        return Ok(Vec::new());
    }
    let sql = "SELECT id, at, person_id, name, detail FROM audit \
        WHERE ($1::text IS NULL OR position($1 IN name_key) > 0) \
        AND ($2::text IS NULL OR act = $2) AND ($3::bigint IS NULL OR at >= $3) \
        AND ($4::bigint IS NULL OR at < $4) AND ($5::bigint IS NULL OR id < $5) \
        ORDER BY id DESC LIMIT $6 OFFSET $7";
    let (from, until) = (filter.from, filter.until);
    let (from, until) = (
        from.map(Timestamp::as_millis),
        until.map(Timestamp::as_millis),
    );
    let before = filter.before.map(|before| before.0);
    let (limit, offset) = (rows::count(filter.limit), rows::count(filter.offset));
    let values: [Value<'_>; 7] = [&who, &filter.act, &from, &until, &before, &limit, &offset];
    let found = db.rows(sql, &values).await?;
    found.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<AuditEntry, Failure> {
    let (person, name) = (row.try_get::<_, Option<i64>>(2)?, row.try_get(3)?);
    let person = person.map(|person| PersonId(person.cast_unsigned()));
    Ok(AuditEntry {
        id: AuditId(row.try_get(0)?),
        at: rows::timestamp(row, 1)?,
        by: person.map(|person| AuditPerson { person, name }),
        act: AuditAct::from_stored(row.try_get(4)?).ok(),
    })
}

/// Deletes the entries that are older than this. Returns how many.
pub(super) async fn forget(db: &Connection, age: Duration) -> Result<u64, Failure> {
    let until = served::get(db).await?.before(age);
    db.execute("DELETE FROM audit WHERE served <= $1", &[&until.0])
        .await
}
