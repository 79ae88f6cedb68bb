//! Where Papo stores what must not be lost: one trait, and an implementation for each database.
//!
//! [`Storage`] is made of themes: [`Rooms`], [`Sessions`], [`Log`] and so on. The theme of
//! `rooms.rs` is implemented in `sqlite/rooms.rs` and in `postgres/rooms.rs`, beside its SQL.
//!
//! A method is one use case and at most one transaction. Nothing above this crate knows which
//! database it uses. One suite of tests (`tests/it/`) runs on all of them.

mod account_changes;
mod accounts;
mod audit;
mod authors;
mod bans;
mod check;
mod damage;
mod defects;
mod devices;
mod directs;
mod error;
mod fold;
mod import;
mod inboxes;
mod instance;
mod invitations;
mod jobs;
mod ledger;
mod log;
mod members;
mod memberships;
mod messages;
mod names;
mod new_file;
mod offers;
pub mod owner;
mod passwords;
mod people;
mod persons;
mod place;
pub mod postgres;
mod random;
mod read_positions;
mod revocations;
mod rooms;
mod sessions;
mod setup;
pub mod sqlite;
mod storage;
mod times;
pub mod transfer;

pub use account_changes::{AccountChange, AccountChanges, AccountRefusal, AccountSession};
pub use accounts::{Accounts, NewAccount, StoredPassword};
pub use audit::{AUDIT_KEPT, Audit, AuditFilter};
pub use authors::Authors;
pub use bans::{Ban, Bans};
pub use check::Check;
pub use devices::Devices;
pub use directs::{AccountPerson, DirectRefusal, Directs};
pub use error::StorageError;
pub use import::{Import, ImportReport, ImportedMessage, ImportedRoom};
pub use inboxes::{InboxChange, InboxEntry, InboxId, Inboxes};
pub use instance::Instance;
pub use invitations::{Invitation, InvitationId, Invitations, NewInvitation};
pub use jobs::{
    DEAD_JOB_KEPT, DeadJob, JOB_KEY_BYTES, JOB_LEASE, JOB_PAYLOAD_BYTES, JobId, JobLease, Jobs,
    NewJob, Queues, TakeJobs, TakenJob,
};
pub use ledger::{Act, Appended, By, Change, NewEvent, Refusal};
pub use log::{Batch, Log, Outcome};
pub use members::{MemberFilter, MemberRefusal, Members, RoomMember};
pub use memberships::{Identity, JoinRefusal, Joined, Memberships, Standing};
pub use messages::{MessageFilter, MessagePage, Messages, Snapshot};
pub use offers::{Offer, Offers, Taker};
pub use papo_domain::SESSION_LIFETIME;
pub use passwords::Passwords;
pub use people::{AccountFilter, AccountOverview, People};
pub use persons::Persons;
pub use place::{PlaceRefusal, PlaceSettings, PlaceVersion, StoredPlace};
pub use read_positions::{MembershipState, ReadMark, ReadPositions};
pub use revocations::{Revocation, RevocationId, Revocations, Revoked};
pub use rooms::{RoomFilter, Rooms};
pub use sessions::{NewSession, Session, SessionToken, Sessions, TokenHash};
pub use setup::Setup;
pub use storage::Storage;
pub use times::{Clocks, Served, Times};
