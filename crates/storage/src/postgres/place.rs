//! The settings of the place.

use async_trait::async_trait;
use papo_domain::{AuditAct, PersonId, Place, SettingChange, Timestamp};

use super::connection::Connection;
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, administrators, audit, revocations, schema};
use crate::audit::AuditNote;
use crate::place::{from_stored, to_stored};
use crate::{By, PlaceRefusal, PlaceSettings, PlaceVersion, Revoked, StorageError, StoredPlace};

#[async_trait]
impl PlaceSettings for PostgresStorage {
    async fn place(&self) -> Result<StoredPlace, StorageError> {
        self.read((), |db, ()| Box::pin(get(db))).await
    }

    async fn set_place(
        &self,
        by: By,
        before: PlaceVersion,
        place: Place,
        at: Timestamp,
    ) -> Result<Result<PlaceVersion, PlaceRefusal>, StorageError> {
        self.write((by, before, place, at), |db, (by, before, place, at)| {
            Box::pin(set(db, *by, *before, place, *at))
        })
        .await
    }
}

/// The settings.
pub(super) async fn get(db: &Connection) -> Result<StoredPlace, Failure> {
    let row = db.row("SELECT version, settings FROM place", &[]).await?;
    let Some(row) = row else {
        return Ok(StoredPlace::default());
    };
    Ok(StoredPlace {
        version: PlaceVersion(row.try_get(0)?),
        place: from_stored(row.try_get(1)?)?,
    })
}

/// Replaces the settings. Of two changes of one version, one is stored.
pub(super) async fn set(
    db: &Connection,
    by: By,
    before: PlaceVersion,
    place: &Place,
    at: Timestamp,
) -> Result<Result<PlaceVersion, PlaceRefusal>, Failure> {
    // Guests share this lock when they join. So none joins who was admitted by the settings before.
    locks::take(db, Lock::Names).await?;
    let person = match administrators::check(db, by).await? {
        Ok(person) => person,
        Err(denial) => return Ok(Err(denial.into())),
    };
    schema::hold_unfilled(db).await?;
    let stored = get(db).await?;
    let version = PlaceVersion(before.0 + 1);
    // Only the default settings have no row.
    let sql = if before == PlaceVersion::default() {
        "INSERT INTO place (id, version, settings) VALUES (1, $2, $3) \
         ON CONFLICT (id) DO NOTHING RETURNING $1::bigint"
    } else {
        "UPDATE place SET version = $2, settings = $3 WHERE version = $1 RETURNING $1"
    };
    let settings = to_stored(place);
    if db
        .row(sql, &[&before.0, &version.0, &settings])
        .await?
        .is_none()
    {
        return Ok(Err(PlaceRefusal::Changed));
    }
    let note = AuditNote {
        by: person,
        at,
        act: AuditAct::PlaceSet {
            changes: SettingChange::between(&stored.place, place),
        },
    };
    audit::add(db, &note).await?;
    revocations::add(db, vec![(PersonId(0), Revoked::Place)]).await?;
    Ok(Ok(version))
}
