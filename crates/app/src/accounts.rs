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
            .check_name(Action::SignIn, &skeleton(name))?;
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

    /// Makes the secret of a one-time link for the first administrator, unless there is one; an earlier link ends.
    pub async fn new_setup_token(&self) -> Result<Option<String>, Error> {
        if self
            .storage
            .accounts()
            .await?
            .iter()
            .any(|account| account.is_admin)
        {
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
            Some(hash) => Ok(self.storage.is_setup_token(hash).await?),
            None => Ok(false),
        }
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
