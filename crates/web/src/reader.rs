//! The person who reads a page, for what surrounds all pages: a way to sign in, or the account and
//! a way out of it.

use std::sync::{Arc, OnceLock};

use http::request::Parts;
use papo_domain::Account;

/// The reader of a request's page, once an extractor of [`visitor`](crate::visitor) has found them.
/// Clones share it, so that a page that is made earlier knows too, and that of an error as well.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader(Arc<OnceLock<Option<Account>>>);

impl Reader {
    /// The reader of this request.
    pub(crate) fn of(parts: &mut Parts) -> Self {
        parts.extensions.get_or_insert_with(Self::default).clone()
    }

    /// Takes down the account that they have signed in with, if any.
    pub(crate) fn is(&self, account: Option<&Account>) {
        self.0.get_or_init(|| account.cloned());
    }

    /// Whether they have signed in with no account. Of a reader who isn't known it isn't said.
    pub(crate) fn is_guest(&self) -> bool {
        matches!(self.0.get(), Some(None))
    }

    /// Whether they may open the administration.
    pub(crate) fn may_administer(&self) -> bool {
        self.account().is_some_and(|account| account.is_admin)
    }

    /// The account that they have signed in with.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.0.get().and_then(Option::as_ref)
    }
}
