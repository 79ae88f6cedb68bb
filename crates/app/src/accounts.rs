//! Accounts: making them, signing in and out, and the one-time link that makes the first
//! administrator.

#[cfg(test)]
mod tests;

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

    /// Checks a password that somebody who has signed in typed again. Returns its hash. The tries
    /// count as those of a sign-in.
    pub(crate) async fn check_own_password(
        &self,
        account: &Account,
        password: String,
        address: IpAddr,
    ) -> Result<StoredPassword, Error> {
        self.may_try_as_stranger(Some(&account.name), address)?;
        if opaque(&password).chars().count() > *PASSWORD_CHARACTERS.end() {
            return Err(Error::WrongPassword);
        }
        let found = self.storage.account_password(account.name.clone()).await?;
        // The name may belong to another account by now.
        let found = found.filter(|(found, _)| found.id == account.id);
        let (_, stored) = found.ok_or(Error::NoSession)?;
        let matches = self.passwords.verify(password, Some(stored.clone()));
        if matches.await? {
            Ok(stored)
        } else {
            tracing::warn!(account = ?account.name.as_str(), "typed a wrong password again");
            Err(Error::WrongPassword)
        }
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
        by: &Administrator,
        name: &str,
        password: String,
        is_admin: bool,
    ) -> Result<Account, Error> {
        let account = self.new_account(None, name, password).await?;
        self.store_account(NewAccount {
            is_admin,
            made_by: Some(by.by()),
            ..account
        })
        .await
    }

    /// Stores a new account. Guests who had its name lose their rights under it.
    pub(crate) async fn store_account(&self, account: NewAccount) -> Result<Account, Error> {
        let account = self.storage.create_account(account).await;
        let account = account.map_err(name_taken)?;
        self.tell_of_account();
        Ok(account)
    }

    /// Makes all nodes read the revocations and the inboxes that a new account has added.
    fn tell_of_account(&self) {
        self.tell_of_revocations();
        self.tell_inbox();
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
        let account = NewAccount {
            is_admin: true,
            ..self.new_account(before, name, password).await?
        };
        let stored = account.password.clone();
        let hash = hash_of(token).ok_or(Error::SetupLink)?;
        let account = self
            .storage
            .claim_setup(hash, account)
            .await
            .map_err(name_taken)?;
        self.tell_of_account();
        let account = account.ok_or(Error::SetupLink)?;
        tracing::info!(account = ?account.name.as_str(), "made the first administrator by the one-time link");
        self.start_session(&account, stored, before, kept).await
    }

    /// A new account for a guest, or for a new person. It has no rights of an administrator.
    pub(crate) async fn new_account(
        &self,
        visitor: Option<&Visitor>,
        name: &str,
        password: String,
    ) -> Result<NewAccount, Error> {
        let name = AccountName::parse(name)?;
        let guest = visitor.filter(|visitor| visitor.account().is_none());
        let person = guest.map(Visitor::person);
        Ok(NewAccount {
            password: self.hash_new(password, &name).await?,
            name,
            person: person.unwrap_or_else(|| self.settings.random.person()),
            is_admin: false,
            is_signed_up: false,
            made_by: None,
            rooms: self.place().first_rooms.as_slice().to_vec(),
            at: self.settings.clock.now(),
        })
    }

    /// The hash of a new password for the account with this name.
    pub(crate) async fn hash_new(
        &self,
        password: String,
        name: &AccountName,
    ) -> Result<StoredPassword, Error> {
        check_password(&password)?;
        let known = [name.as_str().to_owned(), self.place().name.to_string()];
        self.passwords.hash_unguessed(password, known).await
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
