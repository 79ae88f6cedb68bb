//! Where Papo keeps what must not be lost: one trait, and an implementation for each database.
//!
//! A method of [`Storage`] is one use case and at most one transaction. Nothing above this crate
//! knows which database it is; one suite of tests (`tests/it/`) runs on all of them.

mod defects;
mod fold;
mod latest;
mod model;
mod new_file;
pub mod postgres;
mod random;
pub mod sqlite;
mod storage;
pub mod transfer;

pub use latest::SESSION_LIFETIME_MILLIS;
pub use model::{
    Appended, Change, ImportReport, ImportedMessage, ImportedRoom, JoinRefusal, Joined,
    MessageFilter, MessagePage, NewAccount, NewEvent, NewSession, Refusal, Revocation,
    RevocationId, Revoked, RoomFilter, Session, SessionToken, Snapshot, StoredPassword, TokenHash,
};
pub use storage::{Batch, Outcome, Storage, StorageError};
