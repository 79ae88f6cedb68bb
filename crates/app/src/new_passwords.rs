//! Other passwords: by somebody who knows the one before, or by a one-time link from an
//! administrator.

use std::net::IpAddr;
use std::time::Duration;

use papo_domain::Account;

use crate::visits::hash_of;
use crate::{Action, Administrator, App, Error, SignedIn, Visitor};

/// How long a link holds, in the time of service.
const LINK_LIFETIME: Duration = Duration::from_hours(24);

impl App {
    /// Gives the visitor's account another password, and ends their sessions on other devices.
    /// Returns how many ended.
    pub async fn change_password(
        &self,
        visitor: &Visitor,
        current: String,
        new: String,
        address: IpAddr,
    ) -> Result<usize, Error> {
        let account = visitor.account().ok_or(Error::NoSession)?;
        let before = self.check_own_password(account, current, address).await?;
        let after = self.hash_new(new, &account.name).await?;
        let session = visitor.session.id;
        let ended = self.storage.change_password(session, before, after).await?;
        // Somebody else may have changed it since it was checked.
        let ended = ended.ok_or(Error::WrongPassword)?;
        tracing::info!(account = ?account.name.as_str(), "changed their password");
        Ok(self.end_sessions_of(visitor, &ended))
    }

    /// Makes a one-time link for another password of an account, in place of an earlier one.
    /// Returns its secret, for `/password/{secret}/`.
    pub async fn new_password_link(
        &self,
        _by: &Administrator,
        account: &Account,
    ) -> Result<String, Error> {
        let (text, hash) = self.new_token();
        let until = self.served().after(LINK_LIFETIME);
        let made = self.storage.set_password_link(account.id, hash, until);
        if made.await? {
            Ok(text)
        } else {
            Err(Error::NoAccount)
        }
    }

    /// The account whose password a one-time link changes.
    pub async fn password_link(&self, link: &str, address: IpAddr) -> Result<Account, Error> {
        self.rate_limits
            .check(Action::SignIn, None, Some(address), None)?;
        let hash = hash_of(link).ok_or(Error::PasswordLink)?;
        let found = self.storage.password_link(hash, self.served()).await?;
        found.ok_or(Error::PasswordLink)
    }

    /// Gives an account another password by its one-time link, ends its sessions, and signs in.
    pub async fn claim_password_link(
        &self,
        before: Option<&Visitor>,
        link: &str,
        password: String,
        address: IpAddr,
        kept: &str,
    ) -> Result<SignedIn, Error> {
        let account = self.password_link(link, address).await?;
        let password = self.hash_new(password, &account.name).await?;
        let hash = hash_of(link).ok_or(Error::PasswordLink)?;
        let (now, stored) = (self.served(), password.clone());
        let claimed = self.storage.claim_password_link(hash, now, stored).await?;
        let (account, ended) = claimed.ok_or(Error::PasswordLink)?;
        tracing::info!(account = ?account.name.as_str(), "has another password by a one-time link");
        for session in ended {
            self.hub.end_session(account.person, session);
        }
        self.tell_of_revocations();
        if account.is_suspended {
            return Err(Error::Suspended);
        }
        // The session before may have ended just now.
        self.start_session(&account, password, before, kept).await
    }
}
