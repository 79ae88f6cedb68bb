//! Offers by which a person signs in on another device: the device that is signed in shows one, the
//! other takes it, and the first confirms. An offer lives for minutes, so transfers leave it out.

use async_trait::async_trait;
use papo_domain::{Account, DeviceText, SessionId};

use crate::{NewSession, Served, StorageError, TokenHash};

/// Offers to sign in on another device.
#[async_trait]
pub trait Offers: Send + Sync {
    /// Makes an offer of a session's account. An earlier one of this session ends, and so do those
    /// that are too old. `false` when the session has ended or has no account.
    async fn make_offer(
        &self,
        session: SessionId,
        offer: TokenHash,
        until: Served,
        now: Served,
    ) -> Result<bool, StorageError>;

    /// An offer that holds at this moment.
    async fn offer(&self, offer: TokenHash, now: Served) -> Result<Option<Offer>, StorageError>;

    /// Takes an offer for a device. Of several devices the first gets it. `false` when it doesn't
    /// hold or was taken.
    async fn take_offer(
        &self,
        offer: TokenHash,
        taker: Taker,
        now: Served,
    ) -> Result<bool, StorageError>;

    /// Confirms an offer that this taker took, by the session that made it. `false` when there is
    /// no such offer.
    async fn confirm_offer(
        &self,
        session: SessionId,
        offer: TokenHash,
        code: i64,
        now: Served,
    ) -> Result<bool, StorageError>;

    /// Ends an offer of a session.
    async fn end_offer(&self, session: SessionId, offer: TokenHash) -> Result<(), StorageError>;

    /// Signs in with a confirmed offer, and ends it: all or nothing. The session `before` ends as
    /// in [`Sessions::sign_in`](crate::Sessions::sign_in). `None`, and no change, when the offer
    /// doesn't hold, isn't confirmed or was taken by somebody else, when the session that made it
    /// has ended, or the account is suspended.
    async fn claim_offer(
        &self,
        offer: TokenHash,
        taker: TokenHash,
        session: NewSession,
        before: Option<SessionId>,
    ) -> Result<Option<(Account, SessionId)>, StorageError>;
}

/// An offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The session that made it.
    pub session: SessionId,
    /// The account that it signs in to.
    pub account: Account,
    /// Who took it, if somebody has.
    pub taker: Option<Taker>,
    /// Whether the session that made it has confirmed the taker.
    pub is_confirmed: bool,
}

/// The device that took an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taker {
    /// The hash of the secret that it keeps.
    pub token: TokenHash,
    /// The number that it shows.
    pub code: i64,
    /// What it is.
    pub device: DeviceText,
}
