//! An instance as a whole: read from wherever it is, record by record in one order, and taken in
//! somewhere else.
//!
//! What migrates, exports and restores is built of the same parts. [`Pages`] is a database that
//! gives its rows out as [`Record`]s, [`Source`] gives all of them in order (a [`Walk`] over a
//! database, or an [`archive`]), [`Intake`] stores them (a database or an archive), and a
//! [`Summary`] says whether two places hold the same. Nothing here knows which database it is.

pub mod archive;
mod blocking;
mod checked;
mod compare;
mod record;
mod summary;
mod walk;

use async_trait::async_trait;

pub(crate) use blocking::Blocking;
pub use checked::Checked;
pub use compare::{Stored, resume};
pub use record::{
    AccountRow, ChangeRow, EventRow, InstanceRow, MembershipRow, MessageRow, PersonRow, Record,
    RoomRow, SessionRow,
};
pub use summary::{Digest, RoomTally, Summary, Tally};
pub use walk::{Place, Walk};

use crate::StorageError;

/// How many records are read and stored at once, unless they come to [`PAGE_BYTES`] before.
pub const PAGE: usize = 1_000;
/// With the record with which it has come to so many bytes a page ends, however few they are: texts
/// may be as long as a server was set to take them, those that were imported longer than that, and
/// a made-up archive may hold anything.
pub const PAGE_BYTES: usize = 16_000_000;

/// The number of one filling of a database. What was moved is marked with it, so that no other
/// database that was begun to be filled with the same history is ever taken for the one that it was
/// moved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalId(pub i64);

/// What marks a database as moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where to, for people.
    pub to: String,
    /// What was filled there.
    pub arrival: ArrivalId,
}

/// A database, all of it as of one moment.
#[async_trait]
pub trait Pages: Send {
    /// The records that come next at this place, in the order of their keys, at most `limit`, and
    /// no more after the one with which the messages' texts have come to [`PAGE_BYTES`].
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError>;
}

/// What gives a whole instance in order: the instance itself, its persons, accounts, rooms,
/// sessions and memberships, each by its key, and the logs, room by room.
#[async_trait]
pub trait Source: Send {
    /// Some of the records that come next; none at the end.
    async fn next(&mut self) -> Result<Vec<Record>, StorageError>;
}

/// What takes a whole instance in.
#[async_trait]
pub trait Intake: Send {
    /// Stores records, which come in the order of [`Source`].
    async fn take(&mut self, records: Vec<Record>) -> Result<(), StorageError>;
}

/// A database that is being filled, and can be read meanwhile by whoever fills it.
#[async_trait]
pub trait Filling: Pages + Intake {
    /// All has been stored, and is to be read before the end.
    async fn prepare_reading(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Makes what was stored visible, all at once.
    async fn finish(self: Box<Self>) -> Result<(), StorageError>;
}

/// How many events there are: as the rooms say, without reading their logs.
pub async fn count_events(pages: &mut dyn Pages) -> Result<u64, StorageError> {
    let (mut after, mut events) = (0, 0);
    loop {
        let rooms = pages.page(Place::Rooms(after), PAGE).await?;
        if rooms.is_empty() {
            return Ok(events);
        }
        for record in rooms {
            if let Record::Room(room) = record {
                events += room.last_seq.unsigned_abs();
                after = room.id;
            }
        }
    }
}

/// Takes in all that there is, and says what that was. `passed` is told how many events have been
/// stored, now and then.
pub async fn copy(
    source: &mut dyn Source,
    intake: &mut dyn Intake,
    passed: &mut (dyn FnMut(u64) + Send),
) -> Result<Summary, StorageError> {
    let mut summary = Summary::gather();
    loop {
        let records = source.next().await?;
        if records.is_empty() {
            return Ok(summary.finish());
        }
        for record in &records {
            summary.add(record)?;
        }
        intake.take(records).await?;
        passed(summary.events());
    }
}

/// Reads all that there is, and says what it was. `passed` is told how many events have been read,
/// now and then.
pub async fn summarize(
    source: &mut dyn Source,
    passed: &mut (dyn FnMut(u64) + Send),
) -> Result<Summary, StorageError> {
    /// Keeps nothing.
    struct Nowhere;

    #[async_trait]
    impl Intake for Nowhere {
        async fn take(&mut self, _: Vec<Record>) -> Result<(), StorageError> {
            Ok(())
        }
    }

    copy(source, &mut Nowhere, passed).await
}
