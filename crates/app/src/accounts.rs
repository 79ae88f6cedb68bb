//! Accounts: making them, signing in and out, and the one-time link that makes the first administrator.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use papo_domain::{Account, AccountName, skeleton};
use papo_storage::{NewAccount, StorageError};

use crate::visits::hash_of;
use crate::{Action, Administrator, App, Error, SignedIn, Visitor};

/// How many characters a password has.
pub const PASSWORD_CHARACTERS: RangeInclusive<usize> = 10..=200;

impl App {
    /// Signs in with a name and a password: a new session, in place of the visitor's.
    pub async fn sign_in(
        &self,
        before: Option<&Visitor>,
        name: &str,
        password: String,
        address: IpAddr,
    ) -> Result<SignedIn, Error> {
        self.rate_limits
            .check(Action::SignIn, None, Some(address), None)?;
        self.rate_limits
            .check_name(Action::SignIn, &skeleton(name), address)?;
        if password.chars().count() > *PASSWORD_CHARACTERS.end() {
            return Err(Error::SignIn);
        }
        let found = match AccountName::parse(name) {
            Ok(name) => self.storage.account_password(name).await?,
            Err(_) => None,
        };
        let (account, stored) = found.unzip();
        let matches = self.passwords.verify(password, stored).await?;
        let account = account.filter(|_| matches).ok_or(Error::SignIn)?;
        self.start_session(&account, before).await
    }

    /// Signs out: ends the session, on its open connections too.
    pub async fn sign_out(&self, visitor: &Visitor) -> Result<(), Error> {
        self.end_session(visitor).await
    }

    /// Makes an account.
    pub async fn create_account(
        &self,
        _by: &Administrator,
        name: &str,
        password: String,
        is_admin: bool,
    ) -> Result<Account, Error> {
        let account = self.new_account(name, password, is_admin).await?;
        let account = self.storage.create_account(account).await;
        let account = account.map_err(name_taken)?;
        self.take_names().await;
        Ok(account)
    }

    /// Guests who had the name of a new account have lost it.
    async fn take_names(&self) {
        if let Err(error) = self.end_lost_rights().await {
            tracing::warn!(%error, "ending rights that a new account took");
        }
        self.tell_changed();
    }

    /// All accounts by name.
    pub async fn accounts(&self, _by: &Administrator) -> Result<Vec<Account>, Error> {
        Ok(self.storage.accounts().await?)
    }

    /// Makes the secret of a one-time link for the first administrator, unless there is one; an earlier link ends. Who runs Papo asks
    /// for it, and is told why it can't be had.
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
        let accounts = self.storage.accounts().await?;
        Ok(accounts.iter().any(|account| account.is_admin))
    }

    /// Uses a one-time link up: makes the first administrator, and signs them in.
    pub async fn claim_setup(
        &self,
        before: Option<&Visitor>,
        token: &str,
        name: &str,
        password: String,
        address: IpAddr,
    ) -> Result<SignedIn, Error> {
        if !self.setup_is_open(token, address).await? {
            return Err(Error::SetupLink);
        }
        let account = self.new_account(name, password, true).await?;
        let hash = hash_of(token).ok_or(Error::SetupLink)?;
        let account = self
            .storage
            .claim_setup(hash, account)
            .await
            .map_err(name_taken)?;
        self.take_names().await;
        self.start_session(&account.ok_or(Error::SetupLink)?, before)
            .await
    }

    async fn new_account(
        &self,
        name: &str,
        password: String,
        is_admin: bool,
    ) -> Result<NewAccount, Error> {
        let name = AccountName::parse(name)?;
        if !PASSWORD_CHARACTERS.contains(&password.chars().count()) {
            return Err(Error::PasswordLength);
        }
        Ok(NewAccount {
            name,
            password: self.passwords.hash(password).await?,
            sender: self.settings.random.sender(),
            is_admin,
            at: self.settings.clock.now(),
        })
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
        let signed_in = app.sign_in(None, name, password.into(), from.parse().unwrap());
        signed_in.await.map(drop)
    }

    /// Tries wrong passwords until it may not go on, and says how many it could try.
    async fn attack(app: &App, name: &str, from: &str) -> u64 {
        // Counted as all are, and not worth hashing.
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
        // The name in a form of its own is the same account's.
        let tried = attack(&app, "CHEFE", "2001:db8:0:1::1").await;
        // One more in ten seconds, on a machine that stood still meanwhile.
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
        // Another account, from there: the network itself may still.
        let wrong = sign_in(&app, "Outra", PASSWORD, "2001:db8:0:1::1").await;
        assert_eq!(wrong, Err(Error::SignIn));
        app.stop().await;
    }
}
