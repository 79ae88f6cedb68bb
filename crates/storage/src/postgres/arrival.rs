//! A database to which an instance is moved. It is filled bit by bit, so an interrupted migration
//! goes on from where it was. No node serves it until it is finished.

use std::collections::HashMap;

use async_trait::async_trait;
use papo_domain::Epoch;

use super::connection::{Connection, Connector};
use super::errors::Failure;
use super::instance;
use super::intake::commit;
use super::records::{self, is_occupied};
use super::url::DatabaseUrl;
use super::{pages, schema};
use crate::StorageError;
use crate::transfer::{ArrivalId, Intake, Pages, Place, Record, Stored};

/// "Papf" in ASCII: the first half of the number of a filler's lock. The other half comes from the
/// schema, since each schema may have a filler.
const FILLERS: i32 = 0x5061_7066;

/// A database that is being filled.
pub struct Arrival {
    db: Connection,
    id: ArrivalId,
    /// Whether the transaction for everything before the logs is open.
    is_open: bool,
}

/// The state of the database.
pub enum Arrived {
    /// It was empty.
    Empty(Arrival),
    /// The same migration has filled it in part, and was cut off.
    Begun(Arrival),
    /// It holds the complete history.
    Whole,
}

impl Arrival {
    /// Connects, and prepares the database for this history. If the source is marked as moved, only
    /// the database in the mark is accepted. A database with anything else is refused, and stays as
    /// it is.
    pub async fn begin(
        url: &DatabaseUrl,
        epoch: Epoch,
        moved: Option<ArrivalId>,
    ) -> Result<Arrived, StorageError> {
        let connector = Connector::new(url.clone())?;
        let db = connector.connect_patiently("migrate").await?;
        let found = match begin(&db, epoch, moved).await {
            Ok(found) => found,
            Err(failure) => {
                db.close().await;
                return Err(connector.named(failure.into_error()));
            }
        };
        let arrival = |id| Self {
            db,
            id,
            is_open: false,
        };
        Ok(match found {
            Found::Empty(id) => Arrived::Empty(arrival(id)),
            Found::Begun(id) => Arrived::Begun(arrival(id)),
            Found::Whole => Arrived::Whole,
        })
    }

    /// The number with which the moved database is to be marked.
    pub fn id(&self) -> ArrivalId {
        self.id
    }

    /// Prepares for reading everything, after all is stored.
    pub async fn prepare_reading(&mut self) -> Result<(), StorageError> {
        let preparing = async {
            self.close_beginning().await?;
            records::analyze(&self.db).await
        };
        preparing.await.map_err(Failure::into_error)
    }

    /// Lets nodes serve the instance.
    pub async fn finish(self) -> Result<(), StorageError> {
        let finished = finish(&self.db).await;
        self.db.close().await;
        finished.map_err(Failure::into_error)
    }

    /// Stores everything before the logs in one transaction.
    async fn store(&mut self, records: &[Record]) -> Result<(), Failure> {
        if let Some(Record::Instance(instance)) = records.first() {
            self.db.batch("BEGIN").await?;
            // Everything before the logs is copied anew each time.
            records::clear(&self.db).await?;
            self.is_open = true;
            records::set_last_ids(&self.db, instance).await?;
        }
        if let Some(Record::Event(_)) = records.first() {
            self.close_beginning().await?;
            self.db.batch("BEGIN").await?;
            records::store(&self.db, records).await?;
            return commit(&self.db).await;
        }
        records::store(&self.db, records).await
    }

    async fn close_beginning(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.is_open) {
            commit(&self.db).await?;
        }
        Ok(())
    }
}

enum Found {
    Empty(ArrivalId),
    Begun(ArrivalId),
    Whole,
}

async fn begin(db: &Connection, epoch: Epoch, moved: Option<ArrivalId>) -> Result<Found, Failure> {
    // Held until the connection ends. The connection of a killed process ends soon.
    let sql = "SELECT pg_advisory_lock($1, hashtext(current_schema()))";
    let locked = db.rows(sql, &[&FILLERS]);
    locked.await.map_err(|failure| match failure {
        Failure::Final(StorageError::Unavailable(_)) => Failure::Final(StorageError::Unavailable(
            "another papo is filling it".into(),
        )),
        other => other,
    })?;
    schema::begin(db).await?;
    let found = match schema::filling(db).await? {
        Some(filling) if filling != epoch => {
            return refuse(
                "an unfinished migration of another instance fills it; if nobody goes on with that, drop the database and make it again",
            );
        }
        Some(_) => match moved {
            None => Found::Begun(set_filling(db, epoch).await?),
            Some(moved) if arrival(db).await? == Some(moved) => Found::Begun(moved),
            // The migration was begun here once and finished elsewhere. Two databases would have
            // one history.
            Some(_) => {
                return refuse(
                    "what an unfinished migration left in it isn't what was moved; drop the database and make it again",
                );
            }
        },
        None => {
            // This comes before the look at the tables. Anybody who makes something reads this row
            // and locks it. Then this sees what they made, or they see that the database is being
            // filled.
            let id = set_filling(db, epoch).await?;
            if is_occupied(db).await? {
                if instance::epoch(db).await? != epoch {
                    return refuse("there is another instance in it; name an empty database");
                }
                db.batch("ROLLBACK").await?;
                return Ok(Found::Whole);
            }
            if moved.is_some() {
                return refuse("what was moved isn't in it");
            }
            Found::Empty(id)
        }
    };
    commit(db).await?;
    Ok(found)
}

fn refuse(why: &str) -> Result<Found, Failure> {
    Err(StorageError::Other(why.to_owned()).into())
}

/// Notes the migration that fills the database, under a new number each time. A copy of the
/// database from before has another number.
async fn set_filling(db: &Connection, epoch: Epoch) -> Result<ArrivalId, Failure> {
    let id = schema::random_number()?;
    let sql = "UPDATE papo SET filling = $1, arrival = $2";
    db.execute(sql, &[&epoch.0.cast_signed(), &id]).await?;
    Ok(ArrivalId(id))
}

/// The number of the filling.
async fn arrival(db: &Connection) -> Result<Option<ArrivalId>, Failure> {
    let id: Option<i64> = schema::one(db, "SELECT arrival FROM papo").await?;
    Ok(id.map(ArrivalId))
}

async fn finish(db: &Connection) -> Result<(), Failure> {
    db.batch("BEGIN").await?;
    records::set_ends(db).await?;
    records::analyze(db).await?;
    let sql = "UPDATE papo SET epoch = filling, filling = NULL, arrival = NULL \
        WHERE filling IS NOT NULL";
    db.execute(sql, &[]).await?;
    records::set_last_numbers(db).await?;
    commit(db).await
}

#[async_trait]
impl Pages for Arrival {
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError> {
        let page = async {
            self.close_beginning().await?;
            pages::page(&self.db, place, limit).await
        };
        page.await.map_err(Failure::into_error)
    }
}

#[async_trait]
impl Intake for Arrival {
    async fn take(&mut self, records: Vec<Record>) -> Result<(), StorageError> {
        self.store(&records).await.map_err(Failure::into_error)
    }
}

#[async_trait]
impl Stored for Arrival {
    async fn stored(&mut self) -> Result<HashMap<i64, i64>, StorageError> {
        let sql = "SELECT id, last FROM room, LATERAL (SELECT greatest( \
            (SELECT max(seq) FROM message WHERE room_id = room.id), \
            (SELECT max(seq) FROM event WHERE room_id = room.id)) AS last) AS log \
            WHERE last IS NOT NULL";
        let found = self.db.rows(sql, &[]).await.map_err(Failure::into_error)?;
        let stored = found
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let stored = stored.collect::<Result<_, Failure>>();
        stored.map_err(Failure::into_error)
    }

    async fn forget(&mut self, room: i64) -> Result<(), StorageError> {
        let forgetting = async {
            self.db.batch("BEGIN").await?;
            let messages = "DELETE FROM message WHERE room_id = $1";
            self.db.execute(messages, &[&room]).await?;
            let events = "DELETE FROM event WHERE room_id = $1";
            self.db.execute(events, &[&room]).await?;
            commit(&self.db).await
        };
        forgetting.await.map_err(Failure::into_error)
    }
}
