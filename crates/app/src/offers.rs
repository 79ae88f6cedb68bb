//! Signing in on another device without a password: the device that is signed in shows an offer,
//! the other takes it, and the first confirms.
//!
//! Whoever sees the offer may take it, and gets in only if the first device confirms. Its owner
//! compares the number that both show.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use papo_channel_layer::Signal;
use papo_domain::DeviceText;
use papo_storage::{Offer, Taker};

use crate::visits::hash_of;
use crate::{Action, App, Error, SignedIn, Visitor};

/// How long an offer holds, in the time of service.
pub const OFFER_LIFETIME: Duration = Duration::from_mins(2);
/// The smallest number that both devices show, and how many there are: all have two digits.
const FIRST_CODE: i64 = 10;
const CODES: u64 = 90;

/// What the device that took an offer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferSeen {
    /// Nobody has taken it.
    Free,
    /// This device has taken it, and shows this number.
    Taken(i64),
    /// It is confirmed for this device.
    Confirmed,
}

impl App {
    /// Makes an offer. Returns its secret, for `/device/{secret}/`.
    pub async fn make_offer(&self, visitor: &Visitor, address: IpAddr) -> Result<String, Error> {
        let person = Some(visitor.person());
        self.rate_limits
            .check(Action::Account, person, Some(address), None)?;
        let (text, hash) = self.new_token();
        let now = self.served();
        let until = now.after(OFFER_LIFETIME);
        let made = self
            .storage
            .make_offer(visitor.session.id, hash, until, now);
        if made.await? {
            Ok(text)
        } else {
            Err(Error::NoSession)
        }
    }

    /// The visitor's own offer, as the device that made it sees it.
    pub async fn own_offer(&self, visitor: &Visitor, offer: &str) -> Result<Offer, Error> {
        let hash = hash_of(offer).ok_or(Error::Offer)?;
        let found = self.storage.offer(hash, self.served()).await?;
        let own = found.filter(|offer| offer.session == visitor.session.id);
        own.ok_or(Error::Offer)
    }

    /// Confirms that the device with this number may sign in.
    pub async fn confirm_offer(
        &self,
        visitor: &Visitor,
        offer: &str,
        code: i64,
    ) -> Result<(), Error> {
        let hash = hash_of(offer).ok_or(Error::Offer)?;
        let (session, now) = (visitor.session.id, self.served());
        let confirmed = self.storage.confirm_offer(session, hash, code, now).await?;
        confirmed.then_some(()).ok_or(Error::Offer)
    }

    /// Takes the visitor's own offer back.
    pub async fn end_offer(&self, visitor: &Visitor, offer: &str) -> Result<(), Error> {
        let hash = hash_of(offer).ok_or(Error::Offer)?;
        Ok(self.storage.end_offer(visitor.session.id, hash).await?)
    }

    /// What another device sees of an offer, with the secret that it keeps if it took one.
    pub async fn offer_seen(
        &self,
        offer: &str,
        taker: &str,
        address: IpAddr,
    ) -> Result<(String, OfferSeen), Error> {
        self.rate_limits
            .check(Action::Offer, None, Some(address), None)?;
        let hash = hash_of(offer).ok_or(Error::Offer)?;
        let found = self.storage.offer(hash, self.served()).await?;
        let offer = found.ok_or(Error::Offer)?;
        let seen = match &offer.taker {
            None => OfferSeen::Free,
            Some(by) if Some(by.token) != hash_of(taker) => return Err(Error::Offer),
            Some(_) if offer.is_confirmed => OfferSeen::Confirmed,
            Some(by) => OfferSeen::Taken(by.code),
        };
        Ok((offer.account.name.to_string(), seen))
    }

    /// Takes an offer for a device. Returns the secret that the device keeps.
    pub async fn take_offer(
        &self,
        offer: &str,
        device: DeviceText,
        address: IpAddr,
    ) -> Result<String, Error> {
        self.rate_limits
            .check(Action::SignIn, None, Some(address), None)?;
        let hash = hash_of(offer).ok_or(Error::Offer)?;
        let (text, token) = self.new_token();
        let random = u64::from_le_bytes(self.settings.random.bytes()) % CODES;
        let taker = Taker {
            token,
            code: FIRST_CODE + random.cast_signed(),
            device,
        };
        let is_first = self.storage.take_offer(hash, taker, self.served());
        is_first.await?.then_some(text).ok_or(Error::Offer)
    }

    /// Signs in with a confirmed offer. A guest's rooms come along.
    pub async fn claim_offer(
        &self,
        before: Option<&Visitor>,
        offer: &str,
        taker: &str,
        kept: &str,
    ) -> Result<SignedIn, Error> {
        let hash = hash_of(offer).ok_or(Error::Offer)?;
        let taker = hash_of(taker).ok_or(Error::Offer)?;
        let (token, session) = self.new_session();
        let (storage, hub) = (Arc::clone(&self.storage), Arc::clone(&self.hub));
        let ended = before.map(|visitor| (visitor.person(), visitor.session.id));
        let claim = async move {
            let before = ended.map(|(_, session)| session);
            let claimed = storage.claim_offer(hash, taker, session, before).await?;
            let (account, _) = claimed.ok_or(Error::Offer)?;
            if let Some((person, session)) = ended {
                hub.end_session(person, session);
                hub.tell(Signal::Changed);
            }
            Ok(account)
        };
        let account = self.to_the_end(claim).await?;
        self.tell_inbox();
        tracing::info!(account = ?account.name.as_str(), "signed in on another device");
        // A new mark would stand for a typed password, and none was typed.
        let kept = kept.to_owned();
        Ok(SignedIn { token, kept })
    }
}
