//! The rules of the log, once for every database: what a change may do, what it is refused, what is
//! a duplicate, and which rows it leaves behind.
//!
//! A [`Ledger`] decides a batch of changes one after the other. It reads a database through
//! [`Facts`] and hands over [`Effects`], which the same transaction writes. It knows no database
//! and does no I/O of its own.

mod change;
mod decide;
mod effects;
mod facts;
#[cfg(test)]
mod tests;

pub use change::{Appended, Change, NewEvent, Refusal};
pub(crate) use decide::Ledger;
pub(crate) use effects::Effects;
pub(crate) use facts::{Facts, Place, Poster, RoomHead, StoredMessage};
