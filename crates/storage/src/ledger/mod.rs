//! The rules of the log, the same for every database: which changes are refused, what is a
//! duplicate, and which rows a change writes.
//!
//! A [`Ledger`] decides the changes of a batch one after the other. It reads the database through
//! [`Facts`] and returns [`Effects`], which the same transaction writes. It knows no database and
//! does no I/O of its own.

mod change;
mod decide;
mod effects;
mod facts;
#[cfg(test)]
mod tests;

pub use change::{Act, Appended, By, Change, NewEvent, Refusal};
pub(crate) use decide::Ledger;
pub(crate) use effects::Effects;
pub(crate) use facts::{Facts, Place, Poster, RoomHead, StoredMessage};
