//! The reader of a page, for the parts around its content: a link to sign in, or the account and a
//! button to sign out.

use std::sync::{Arc, OnceLock};

use http::request::Parts;
use papo_domain::Account;

/// The reader of a request's page, once an extractor of [`visitor`](crate::visitor) has found them.
/// Clones share it, so that earlier pages and error pages know the reader too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader(Arc<OnceLock<Option<Account>>>);

impl Reader {
    /// The reader of this request.
    pub(crate) fn of(parts: &mut Parts) -> Self {
        parts.extensions.get_or_insert_with(Self::default).clone()
    }

    /// Notes the account with which they signed in, if any.
    pub(crate) fn is(&self, account: Option<&Account>) {
        self.0.get_or_init(|| account.cloned());
    }

    /// Whether they are known and haven't signed in.
    pub(crate) fn is_guest(&self) -> bool {
        matches!(self.0.get(), Some(None))
    }

    /// Whether they may open the administration.
    pub(crate) fn may_administer(&self) -> bool {
        self.account().is_some_and(|account| account.is_admin)
    }

    /// The account with which they signed in.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.0.get().and_then(Option::as_ref)
    }
}
