//! Accounts: making them, signing in and out, and the one-time link that makes the first
//! administrator.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use papo_domain::{Account, AccountName, skeleton};
use papo_storage::{NewAccount, StorageError, StoredPassword};

use crate::passwords::opaque;
use crate::visits::hash_of;
use crate::{Action, Administrator, App, Error, SignedIn, Visitor};

/// How many characters a password has.
pub const PASSWORD_CHARACTERS: RangeInclusive<usize> = 10..=200;

impl App {
    /// Signs in with a name and a password: makes a new session, in place of the visitor's. A
    /// guest's rooms come along. A browser that keeps the mark of an earlier sign-in has a limit of
    /// its own.
    pub async fn sign_in(
        &self,
        before: Option<&Visitor>,
        name: &str,
        password: String,
        address: IpAddr,
        kept: &str,
    ) -> Result<SignedIn, Error> {
        // A text that can't be a name belongs to no account, and is looked at no further.
        let name = AccountName::parse(name).ok();
        self.may_try(name.as_ref(), address, kept).await?;
        if opaque(&password).chars().count() > *PASSWORD_CHARACTERS.end() {
            tracing::warn!("a sign-in failed: longer than any password");
            return Err(Error::SignIn);
        }
        let found = match name {
            Some(name) => self.storage.account_password(name).await?,
            None => None,
        };
        let (account, stored) = found.unzip();
        let matches = self.passwords.verify(password, stored.clone()).await?;
        let Some((account, stored)) = account.zip(stored) else {
            // The typed name isn't logged: it may be a password, in the wrong field.
            tracing::warn!("a sign-in failed: no such account");
            return Err(Error::SignIn);
        };
        let name = account.name.as_str();
        if !matches {
            tracing::warn!(account = ?name, "a sign-in failed: wrong password");
            return Err(Error::SignIn);
        }
        // Only somebody who knows the password learns that the account is suspended.
        if account.is_suspended {
            tracing::warn!(account = ?name, "a sign-in was refused: the account is suspended");
            return Err(Error::Suspended);
        }
        let signed_in = self.start_session(&account, stored, before, kept).await?;
        tracing::info!(account = ?name, "signed in");
        Ok(signed_in)
    }

    /// Counts a try: by the browser's mark, if that holds and isn't used up. Otherwise by the
    /// address and the name.
    async fn may_try(
        &self,
        name: Option<&AccountName>,
        address: IpAddr,
        kept: &str,
    ) -> Result<(), Error> {
        if let Some(name) = name
            && let Some(device) = self.devices.find(kept, name)
            && self.rate_limits.check_device(device).is_ok()
        {
            let found = self.storage.account_password(name.clone()).await?;
            if found.is_some_and(|(_, stored)| self.devices.is_of(&device, &stored)) {
                return Ok(());
            }
        }
        self.may_try_as_stranger(name, address)
            .inspect_err(|_| tracing::warn!("a sign-in was refused: too many tries"))
    }

    fn may_try_as_stranger(
        &self,
        name: Option<&AccountName>,
        address: IpAddr,
    ) -> Result<(), Error> {
        let limits = &self.rate_limits;
        limits.check(Action::SignIn, None, Some(address), None)?;
        let name = name.map(|name| skeleton(name.as_str()));
        name.map_or(Ok(()), |name| {
            limits.check_name(Action::SignIn, &name, address)
        })
    }

    /// Signs out: ends the session, on its open connections too.
    pub async fn sign_out(&self, visitor: &Visitor) -> Result<(), Error> {
        self.end_session(visitor).await?;
        if let Some(account) = visitor.account() {
            tracing::info!(account = ?account.name.as_str(), "signed out");
        }
        Ok(())
    }

    /// Makes an account.
    pub async fn create_account(
        &self,
        _by: &Administrator,
        name: &str,
        password: String,
        is_admin: bool,
    ) -> Result<Account, Error> {
        let account = self.new_account(None, name, password, is_admin).await?;
        let account = self.storage.create_account(account).await;
        let account = account.map_err(name_taken)?;
        self.take_names().await;
        Ok(account)
    }

    /// Ends the rights of guests who had the name of a new account.
    async fn take_names(&self) {
        if let Err(error) = self.end_lost_rights().await {
            tracing::warn!(%error, "can't end the rights that a new account took");
        }
        self.tell_changed();
    }

    /// All accounts by name.
    pub async fn accounts(&self, _by: &Administrator) -> Result<Vec<Account>, Error> {
        Ok(self.storage.accounts().await?)
    }

    /// Makes the secret of a one-time link for the first administrator, unless there is one. An
    /// earlier link ends. The error is for the operator.
    pub async fn new_setup_token(&self) -> Result<Option<String>, StorageError> {
        let made = self.make_setup_token().await;
        if let Err(error) = &made {
            self.note_failure(error);
        }
        made
    }

    async fn make_setup_token(&self) -> Result<Option<String>, StorageError> {
        if self.has_administrator().await? {
            return Ok(None);
        }
        let (text, hash) = self.new_token();
        self.storage.set_setup_token(hash).await?;
        Ok(Some(text))
    }

    /// Whether a one-time link can be used.
    pub async fn setup_is_open(&self, token: &str, address: IpAddr) -> Result<bool, Error> {
        self.rate_limits
            .check(Action::SignIn, None, Some(address), None)?;
        match hash_of(token) {
            Some(hash) => {
                let is_token = self.storage.is_setup_token(hash).await?;
                Ok(is_token && !self.has_administrator().await?)
            }
            None => Ok(false),
        }
    }

    async fn has_administrator(&self) -> Result<bool, StorageError> {
        self.storage.has_administrator().await
    }

    /// Makes the first administrator by a one-time link, and signs them in. A guest stays the same
    /// person, with their rooms and messages.
    pub async fn claim_setup(
        &self,
        before: Option<&Visitor>,
        token: &str,
        name: &str,
        password: String,
        address: IpAddr,
        kept: &str,
    ) -> Result<SignedIn, Error> {
        if !self.setup_is_open(token, address).await? {
            return Err(Error::SetupLink);
        }
        let account = self.new_account(before, name, password, true).await?;
        let stored = account.password.clone();
        let hash = hash_of(token).ok_or(Error::SetupLink)?;
        let account = self
            .storage
            .claim_setup(hash, account)
            .await
            .map_err(name_taken)?;
        self.take_names().await;
        let account = account.ok_or(Error::SetupLink)?;
        tracing::info!(account = ?account.name.as_str(), "made the first administrator by the one-time link");
        self.start_session(&account, stored, before, kept).await
    }

    /// A new account for a guest, or for a new person.
    async fn new_account(
        &self,
        visitor: Option<&Visitor>,
        name: &str,
        password: String,
        is_admin: bool,
    ) -> Result<NewAccount, Error> {
        let name = AccountName::parse(name)?;
        let guest = visitor.filter(|visitor| visitor.account().is_none());
        let person = guest.map(Visitor::person);
        Ok(NewAccount {
            name,
            password: self.hash_new(password).await?,
            person: person.unwrap_or_else(|| self.settings.random.person()),
            is_admin,
            at: self.settings.clock.now(),
        })
    }

    /// The hash of a new password.
    pub(crate) async fn hash_new(&self, password: String) -> Result<StoredPassword, Error> {
        check_password(&password)?;
        self.passwords.hash(password).await
    }
}

/// Fails unless a password has an allowed length.
pub fn check_password(password: &str) -> Result<(), Error> {
    if PASSWORD_CHARACTERS.contains(&opaque(password).chars().count()) {
        Ok(())
    } else {
        Err(Error::PasswordLength)
    }
}

fn name_taken(error: StorageError) -> Error {
    match error {
        StorageError::Exists(_) => Error::AccountNameTaken,
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use papo_storage::sqlite::SqliteStorage;
    use tempfile::TempDir;

    use super::*;
    use crate::Settings;

    const PASSWORD: &str = "correct horse battery";

    /// An app with the account `Chefe`.
    async fn start() -> (TempDir, Arc<App>) {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
        let app = App::start(Arc::new(storage), Settings::default(), None).await;
        let app = app.unwrap();
        let administrator = Administrator::local();
        let account = app.create_account(&administrator, "Chefe", PASSWORD.into(), true);
        account.await.unwrap();
        (folder, app)
    }

    async fn sign_in(app: &App, name: &str, password: &str, from: &str) -> Result<(), Error> {
        sign_in_with(app, name, password, from, "").await.map(drop)
    }

    /// Signs in with the mark that the browser keeps. Returns what it keeps then.
    async fn sign_in_with(
        app: &App,
        name: &str,
        password: &str,
        from: &str,
        kept: &str,
    ) -> Result<String, Error> {
        let address = from.parse().unwrap();
        let signed_in = app.sign_in(None, name, password.into(), address, kept);
        signed_in.await.map(|signed_in| signed_in.kept)
    }

    /// Tries wrong passwords until the limit refuses one. Returns how many it could try.
    async fn attack(app: &App, name: &str, from: &str) -> u64 {
        // It counts like any other, and isn't hashed.
        let wrong = "a".repeat(PASSWORD_CHARACTERS.end() + 1);
        for tried in 0..1_000 {
            match sign_in(app, name, &wrong, from).await {
                Err(Error::SignIn) => {}
                refused => {
                    assert!(matches!(refused, Err(Error::RateLimited(_))), "{refused:?}");
                    return tried;
                }
            }
        }
        panic!("there is no limit");
    }

    #[tokio::test]
    async fn who_tries_anothers_passwords_keeps_nobody_else_out() {
        let (_folder, app) = start().await;
        let begun = Instant::now();
        // Another form of the name means the same account.
        let tried = attack(&app, "CHEFE", "2001:db8:0:1::1").await;
        // One more in ten seconds, if the machine stood still.
        assert!((10..=11 + begun.elapsed().as_secs() / 10).contains(&tried));
        assert_eq!(
            sign_in(&app, "Chefe", PASSWORD, "2001:db8:0:2::1").await,
            Ok(())
        );
        assert_eq!(sign_in(&app, "Chefe", PASSWORD, "192.0.2.1").await, Ok(()));
        app.stop().await;
    }

    #[tokio::test]
    async fn a_network_at_its_limit_is_refused_even_with_the_right_password() {
        let (_folder, app) = start().await;
        attack(&app, "Chefe", "2001:db8:0:1::1").await;
        // Another address of the same network.
        let refused = sign_in(&app, "Chefe", PASSWORD, "2001:db8:0:1:ffff::1").await;
        assert!(matches!(refused, Err(Error::RateLimited(_))), "{refused:?}");
        // Another account from the same address: the network's own limit isn't reached.
        let wrong = sign_in(&app, "Outra", PASSWORD, "2001:db8:0:1::1").await;
        assert_eq!(wrong, Err(Error::SignIn));
        app.stop().await;
    }

    #[tokio::test]
    async fn who_has_signed_in_from_a_browser_before_is_not_counted_with_strangers() {
        let (_folder, app) = start().await;
        let kept = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", "").await;
        let kept = kept.unwrap();
        // From the same address, and from so many others that the name's limit is reached.
        for network in 1..=12 {
            attack(&app, "Chefe", &format!("192.0.2.{network}")).await;
        }
        let stranger = sign_in(&app, "Chefe", PASSWORD, "198.51.100.1").await;
        assert!(
            matches!(stranger, Err(Error::RateLimited(_))),
            "{stranger:?}"
        );
        for from in ["192.0.2.1", "198.51.100.1"] {
            let signed_in = sign_in_with(&app, "chefe", PASSWORD, from, &kept).await;
            assert!(signed_in.is_ok(), "{signed_in:?}");
        }
        app.stop().await;
    }

    /// Tries wrong passwords with what a browser keeps until the limit refuses one. Returns how
    /// many it could try.
    async fn attack_with(app: &App, from: &str, kept: &str) -> u64 {
        let wrong = "a".repeat(PASSWORD_CHARACTERS.end() + 1);
        let mut tried = 0;
        while sign_in_with(app, "Chefe", &wrong, from, kept).await == Err(Error::SignIn) {
            tried += 1;
            assert!(tried < 1_000, "there is no limit");
        }
        tried
    }

    /// The allowed number, and what the limit gives back every ten seconds meanwhile.
    fn about(allowed: u64, begun: Instant) -> RangeInclusive<u64> {
        allowed..=allowed + 2 * (1 + begun.elapsed().as_secs() / 10)
    }

    #[tokio::test]
    async fn a_mark_has_a_limit_of_its_own_and_is_of_one_account() {
        let (_folder, app) = start().await;
        let kept = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", "").await;
        let kept = kept.unwrap();
        let begun = Instant::now();
        // Ten for the mark, and then those of a stranger.
        let tried = attack_with(&app, "192.0.2.2", &kept).await;
        assert!(about(20, begun).contains(&tried), "{tried}");
        // An attacker who uses up a mark keeps nobody else out, not even its owner.
        assert_eq!(sign_in(&app, "Chefe", PASSWORD, "192.0.2.1").await, Ok(()));
        let owner = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", &kept).await;
        assert!(owner.is_ok(), "{owner:?}");
        // The mark doesn't hold for another name.
        let wrong = "a".repeat(PASSWORD_CHARACTERS.end() + 1);
        for _ in 0..2 {
            attack(&app, "Outra", "192.0.2.9").await;
            let refused = sign_in_with(&app, "Outra", &wrong, "192.0.2.9", &kept).await;
            assert!(matches!(refused, Err(Error::RateLimited(_))), "{refused:?}");
        }
        app.stop().await;
    }

    #[tokio::test]
    async fn a_mark_ends_with_the_password_that_it_was_made_with() {
        let (_folder, app) = start().await;
        let kept = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", "").await;
        let kept = kept.unwrap();
        let administrator = Administrator::local();
        let account = app.find_account(&administrator, "Chefe").await.unwrap();
        let changed = app.set_password(&administrator, &account, "another password".into());
        changed.await.unwrap();
        let begun = Instant::now();
        let tried = attack_with(&app, "192.0.2.2", &kept).await;
        assert!(about(10, begun).contains(&tried), "{tried}");
        app.stop().await;
    }

    #[tokio::test]
    async fn a_name_that_nobody_can_have_is_counted_by_the_address_alone() {
        let (_folder, app) = start().await;
        // Its skeleton would take long.
        let long = "\u{1d4d0} ".repeat(12_000);
        let begun = Instant::now();
        let tried = attack(&app, &long, "192.0.2.1").await;
        let come_back = begun.elapsed().as_secs() / 3 + 1;
        assert!((20..=20 + come_back).contains(&tried), "{tried}");
        app.stop().await;
    }
}
