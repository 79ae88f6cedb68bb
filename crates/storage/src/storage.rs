//! The trait that a database implements, composed of its themes.

use crate::{
    AccountChanges, Accounts, Audit, Authors, Bans, Check, Devices, Directs, Import, Inboxes,
    Instance, Invitations, Jobs, Log, Members, Memberships, Messages, Offers, Passwords, People,
    Persons, PlaceSettings, ReadPositions, Revocations, Rooms, Sessions, Setup, Times,
};

/// A database of rooms, their logs, persons, accounts and jobs. Each theme is a trait of its own,
/// with its types, in the file of its name.
pub trait Storage:
    Instance
    + Log
    + Messages
    + Authors
    + Rooms
    + Times
    + Persons
    + Sessions
    + Devices
    + Memberships
    + Members
    + Bans
    + Invitations
    + Directs
    + ReadPositions
    + Inboxes
    + Revocations
    + Accounts
    + AccountChanges
    + Passwords
    + Offers
    + Setup
    + PlaceSettings
    + People
    + Audit
    + Jobs
    + Import
    + Check
    + Send
    + Sync
    + 'static
{
}
