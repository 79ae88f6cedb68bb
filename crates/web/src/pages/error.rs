//! The pages of failures.

use askama::Template;
use http::StatusCode;
use papo_app::Error;

use crate::failure::Failure;
use crate::form_errors::rate_limited;
use crate::language::Key;
use crate::page::Page;

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    page: Page,
    title: Key,
    text: String,
}

impl ErrorPage {
    pub(crate) fn new(page: Page, failure: &Failure) -> Self {
        let (title, text) = keys(failure);
        let text = match (failure, failure.retry_seconds()) {
            (Failure::App(Error::RateLimited(_)), Some(seconds)) => {
                rate_limited(seconds, page.language)
            }
            _ => page.text(text.0).into_owned(),
        };
        Self { page, title, text }
    }
}

/// Title and text.
fn keys(failure: &Failure) -> (Key, Key) {
    match failure {
        Failure::App(Error::NoRoom) => (
            Key("error-page-no-room-title"),
            Key("error-page-no-room-text"),
        ),
        Failure::App(Error::NotJoined | Error::NoSession) => (
            Key("error-page-not-joined-title"),
            Key("error-page-not-joined-text"),
        ),
        Failure::App(Error::Banned) => (
            Key("error-page-banned-title"),
            Key("error-page-banned-text"),
        ),
        Failure::App(Error::NeedsAccount) => (
            Key("error-page-needs-account-title"),
            Key("error-page-needs-account-text"),
        ),
        Failure::App(Error::NotModerator) => (
            Key("error-page-not-moderator-title"),
            Key("error-page-not-moderator-text"),
        ),
        Failure::App(Error::ReadOnly) => (
            Key("error-page-read-only-title"),
            Key("error-page-read-only-text"),
        ),
        Failure::App(Error::NoInvitation) => (
            Key("error-page-invitation-title"),
            Key("error-page-invitation-text"),
        ),
        Failure::App(Error::NoMember) => (
            Key("error-page-no-member-title"),
            Key("error-page-no-member-text"),
        ),
        Failure::App(Error::NoMessage) => (
            Key("error-page-no-message-title"),
            Key("error-page-no-message-text"),
        ),
        Failure::App(Error::SetupLink) => {
            (Key("error-page-setup-title"), Key("error-page-setup-text"))
        }
        Failure::App(Error::PasswordLink) => (
            Key("error-page-setup-title"),
            Key("error-page-password-link-text"),
        ),
        Failure::App(Error::Offer) => (Key("error-page-setup-title"), Key("error-page-offer-text")),
        Failure::NotAdministrator => (
            Key("error-page-not-administrator-title"),
            Key("error-page-not-administrator-text"),
        ),
        Failure::CrossSite => (
            Key("error-page-cross-site-title"),
            Key("error-page-cross-site-text"),
        ),
        other => keys_of_status(other.status()),
    }
}

fn keys_of_status(status: StatusCode) -> (Key, Key) {
    match status {
        StatusCode::NOT_FOUND => (
            Key("error-page-not-found-title"),
            Key("error-page-not-found-text"),
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            Key("error-page-method-title"),
            Key("error-page-method-text"),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            (Key("error-page-large-title"), Key("error-page-large-text"))
        }
        // The text says when to try again, and is written elsewhere.
        StatusCode::TOO_MANY_REQUESTS => (
            Key("error-page-rate-limited-title"),
            Key("error-page-request-text"),
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            Key("error-page-unavailable-title"),
            Key("error-page-unavailable-text"),
        ),
        status if status.is_server_error() => (
            Key("error-page-internal-title"),
            Key("error-page-internal-text"),
        ),
        _ => (
            Key("error-page-request-title"),
            Key("error-page-request-text"),
        ),
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{html, page};
    use std::time::Duration;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let page = |failure| html(&ErrorPage::new(page(language), failure));
        failures().iter().map(page).collect()
    }
    fn failures() -> Vec<Failure> {
        let wait = Duration::from_secs(3);
        let statuses = [405, 413, 400, 500].map(|code| StatusCode::from_u16(code).unwrap());
        let errors = [
            Error::NoRoom,
            Error::NoSession,
            Error::NotJoined,
            Error::NoMessage,
            Error::Banned,
            Error::NeedsAccount,
            Error::NotModerator,
            Error::ReadOnly,
            Error::NoInvitation,
            Error::NoMember,
            Error::SetupLink,
            Error::Internal,
        ];
        let errors = errors
            .into_iter()
            .chain([Error::RateLimited(wait), Error::Unavailable(wait)]);
        let others = [
            Failure::NotFound,
            Failure::CrossSite,
            Failure::NotAdministrator,
            Failure::Timeout,
        ];
        errors
            .map(Failure::App)
            .chain(statuses.map(Failure::Other))
            .chain(others)
            .collect()
    }
}
