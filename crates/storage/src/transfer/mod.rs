//! An instance as a whole: read record by record in one order, and stored elsewhere.
//!
//! Migration, export and restore use the same parts. [`Pages`] is a database that gives out its
//! rows as [`Record`]s. [`Source`] gives all records in order: a [`Walk`] over a database, or an
//! [`archive`]. [`Intake`] stores them, in a database or an archive. A [`Summary`] says whether two
//! places hold the same. Nothing here knows which database it is.

pub mod archive;
mod blocking;
mod checked;
mod compare;
mod place;
mod record;
mod rows;
mod rules;
mod summary;
mod table;
mod walk;

use async_trait::async_trait;

pub(crate) use blocking::Blocking;
pub use checked::Checked;
pub use compare::{Stored, resume};
pub use place::Place;
pub use record::{
    AccountRow, AuditRow, BanRow, InvitationRow, JobRow, Key, MembershipRow, PasswordLinkRow,
    PersonRow, PlaceRow, Record, RoomRow, SessionRow, Table,
};
pub use rows::{ChangeRow, EventRow, InstanceRow, MessageRow};
pub use summary::{Digest, RoomTally, Summary, Tally};
pub(crate) use table::{Cells, Description, Origin, Value, list};
pub use walk::Walk;

use crate::StorageError;

/// How many records are read and stored at once, unless they reach [`PAGE_BYTES`] before.
pub const PAGE: usize = 1_000;
/// A page ends with the record that brings it to this many bytes. Texts may be as long as a server
/// allowed them, imported ones longer, and a forged archive may hold anything.
pub const PAGE_BYTES: usize = 16_000_000;

/// The number of one filling of a database. The mark of a moved database holds it. So no other
/// database that was once filled with the same history is mistaken for the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalId(pub i64);

/// The mark of a moved database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where to, for people.
    pub to: String,
    /// The filling there.
    pub arrival: ArrivalId,
}

/// A database, all of it as of one moment.
#[async_trait]
pub trait Pages: Send {
    /// The next records at this place, in the order of their keys, at most `limit`. Ends after the
    /// record that brings the messages' texts to [`PAGE_BYTES`].
    async fn page(&mut self, place: Place, limit: usize) -> Result<Vec<Record>, StorageError>;
}

/// Gives a whole instance in order. The instance itself comes first, then its persons, accounts,
/// rooms, sessions, memberships, jobs, settings, audit, bans and invitations, each by key, then the
/// logs, room by room.
#[async_trait]
pub trait Source: Send {
    /// Some of the next records; none at the end.
    async fn next(&mut self) -> Result<Vec<Record>, StorageError>;
}

/// Takes a whole instance.
#[async_trait]
pub trait Intake: Send {
    /// Stores records, which come in the order of [`Source`].
    async fn take(&mut self, records: Vec<Record>) -> Result<(), StorageError>;
}

/// A database that is being filled. Its filler can read it meanwhile.
#[async_trait]
pub trait Filling: Pages + Intake {
    /// Prepares for reading everything, after all is stored and before the end.
    async fn prepare_reading(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Makes everything visible at once.
    async fn finish(self: Box<Self>) -> Result<(), StorageError>;
}

/// The number of events, from the rooms' rows.
pub async fn count_events(pages: &mut dyn Pages) -> Result<u64, StorageError> {
    let (mut place, mut events) = (Place::Rows(Table::Room, None), 0);
    loop {
        let rooms = pages.page(place, PAGE).await?;
        for record in &rooms {
            if let Record::Room(room) = record {
                events += room.last_seq.unsigned_abs();
            }
        }
        match rooms.last() {
            Some(last) => place = Place::of(last),
            None => return Ok(events),
        }
    }
}

/// Copies everything, and returns its summary. Calls `passed` now and then with the number of
/// events stored.
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

/// Reads everything, and returns its summary. Calls `passed` now and then with the number of events
/// read.
pub async fn summarize(
    source: &mut dyn Source,
    passed: &mut (dyn FnMut(u64) + Send),
) -> Result<Summary, StorageError> {
    /// An intake that stores nothing.
    struct Nowhere;

    #[async_trait]
    impl Intake for Nowhere {
        async fn take(&mut self, _: Vec<Record>) -> Result<(), StorageError> {
            Ok(())
        }
    }

    copy(source, &mut Nowhere, passed).await
}
