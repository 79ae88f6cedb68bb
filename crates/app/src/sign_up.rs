//! Signing up: an account that people make by themselves.

use std::net::IpAddr;

use papo_domain::{AccountName, Likeness, SignUp};
use papo_storage::NewAccount;

use crate::{Action, App, Error, SignedIn, Visitor};

impl App {
    /// Whether somebody with this invitation, or without any, may make an account. Nothing else
    /// decides that.
    pub async fn may_sign_up(&self, invitation: Option<&str>) -> Result<(), Error> {
        match self.place().sign_up {
            SignUp::Open => Ok(()),
            SignUp::Invited => {
                let Some(invitation) = invitation else {
                    return Err(Error::SignUpInvited);
                };
                match self.invited_room(invitation).await {
                    Ok(_) => Ok(()),
                    Err(Error::NoInvitation) => Err(Error::SignUpInvited),
                    Err(error) => Err(error),
                }
            }
            SignUp::Closed => Err(Error::SignUpClosed),
        }
    }

    /// Makes an account and signs in. A guest stays the same person, with their rooms and messages.
    /// The new account is in the first rooms of the place.
    pub async fn sign_up(
        &self,
        before: Option<&Visitor>,
        invitation: Option<&str>,
        (name, password): (&str, String),
        address: IpAddr,
        kept: &str,
    ) -> Result<SignedIn, Error> {
        self.may_sign_up(invitation).await?;
        // A text that can't be a name is looked at no further.
        let parsed = AccountName::parse(name)?;
        let person = before.map(Visitor::person);
        self.rate_limits
            .check(Action::SignUp, person, Some(address), None)?;
        if Likeness::of(parsed.as_str()).is_role() {
            return Err(Error::NameReserved);
        }
        let account = NewAccount {
            is_signed_up: true,
            ..self.new_account(before, name, password).await?
        };
        let stored = account.password.clone();
        let account = self.store_account(account).await?;
        tracing::info!(account = ?account.name.as_str(), "signed up");
        self.start_session(&account, stored, before, kept).await
    }
}
