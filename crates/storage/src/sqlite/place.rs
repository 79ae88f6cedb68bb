//! The settings of the place.

use async_trait::async_trait;
use papo_domain::{AuditAct, PersonId, Place, SettingChange, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, administrators, audit, revocations, rows};
use crate::audit::AuditNote;
use crate::place::{from_stored, to_stored};
use crate::{By, PlaceRefusal, PlaceSettings, PlaceVersion, Revoked, StorageError, StoredPlace};

#[async_trait]
impl PlaceSettings for SqliteStorage {
    async fn place(&self) -> Result<StoredPlace, StorageError> {
        self.read(get).await
    }

    async fn set_place(
        &self,
        by: By,
        before: PlaceVersion,
        place: Place,
        at: Timestamp,
    ) -> Result<Result<PlaceVersion, PlaceRefusal>, StorageError> {
        self.write(move |db| set(db, by, before, &place, at)).await
    }
}

/// The settings.
pub(super) fn get(db: &Connection) -> Result<StoredPlace, StorageError> {
    let mut statement = db.prepare_cached("SELECT version, settings FROM place")?;
    let found = statement.query_row([], |row| Ok((row.get(0)?, rows::text(row, 1)?)));
    let Some((version, settings)) = found.optional()? else {
        return Ok(StoredPlace::default());
    };
    Ok(StoredPlace {
        version: PlaceVersion(version),
        place: from_stored(&settings)?,
    })
}

/// Replaces the settings.
pub(super) fn set(
    db: &Connection,
    by: By,
    before: PlaceVersion,
    place: &Place,
    at: Timestamp,
) -> Result<Result<PlaceVersion, PlaceRefusal>, StorageError> {
    let person = match administrators::check(db, by)? {
        Ok(person) => person,
        Err(denial) => return Ok(Err(denial.into())),
    };
    let stored = get(db)?;
    if stored.version != before {
        return Ok(Err(PlaceRefusal::Changed));
    }
    let version = PlaceVersion(before.0 + 1);
    db.prepare_cached(
        "INSERT INTO place (id, version, settings) VALUES (1, ?1, ?2) \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, settings = excluded.settings",
    )?
    .execute(params![version.0, to_stored(place)])?;
    let note = AuditNote {
        by: person,
        at,
        act: AuditAct::PlaceSet {
            changes: SettingChange::between(&stored.place, place),
        },
    };
    audit::add(db, &note)?;
    revocations::add(db, PersonId(0), &Revoked::Place)?;
    Ok(Ok(version))
}
