//! The reader of a page, for the parts around its content: a link to sign in, or the account and a
//! button to sign out. What the reader has set goes along for error pages.

use std::sync::{Arc, OnceLock};

use http::request::Parts;
use papo_domain::{Account, PersonSettings};

/// The reader of a request's page, once an extractor of [`visitor`](crate::visitor) has found them.
/// Clones share it, so that earlier pages and error pages know the reader too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader(Arc<OnceLock<Found>>);

#[derive(Debug)]
struct Found {
    account: Option<Account>,
    /// `None` without a session.
    settings: Option<PersonSettings>,
}

impl Reader {
    /// The reader of this request.
    pub(crate) fn of(parts: &mut Parts) -> Self {
        parts.extensions.get_or_insert_with(Self::default).clone()
    }

    /// Notes the account with which they signed in, if any, and what they have set. Nobody without
    /// a session has set anything.
    pub(crate) fn is(&self, account: Option<&Account>, settings: Option<PersonSettings>) {
        self.0.get_or_init(|| Found {
            account: account.cloned(),
            settings,
        });
    }

    /// Whether they are known and haven't signed in.
    pub(crate) fn is_guest(&self) -> bool {
        self.0.get().is_some_and(|found| found.account.is_none())
    }

    /// Whether they have a session without an account.
    pub(crate) fn is_guest_with_session(&self) -> bool {
        self.is_guest() && self.settings().is_some()
    }

    /// Whether they may open the administration.
    pub(crate) fn may_administer(&self) -> bool {
        self.account().is_some_and(|account| account.is_admin)
    }

    /// The account with which they signed in.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.0.get()?.account.as_ref()
    }

    /// What they have set, if they have a session.
    pub(crate) fn settings(&self) -> Option<&PersonSettings> {
        self.0.get()?.settings.as_ref()
    }
}
