//! What every page shows around its content, and how a page becomes an answer.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use http::request::Parts;
use papo_domain::Timestamp;

use crate::failure::Failure;
use crate::language::{Language, negotiate};
use crate::query;
use crate::reader::Reader;
use crate::site::Site;

/// The path of the sign-in form.
pub(crate) const SIGN_IN_PATH: &str = "/admin/login/";

/// What every page shows around its content.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The reader's language.
    pub(crate) language: Language,
    /// Its own path and query, to return to after a change of language.
    pub(crate) path: String,
    /// The time, for "5 minutes ago".
    pub(crate) now: Timestamp,
    /// The reader.
    pub(crate) reader: Reader,
}

impl Page {
    /// A text in the reader's language.
    pub(crate) fn text(&self, key: &str) -> Cow<'static, str> {
        self.language.text(key)
    }

    /// How long ago something was.
    pub(crate) fn ago(&self, then: Timestamp) -> String {
        self.language.ago(then, self.now)
    }

    /// Whether [`Self::ago`] gives the date.
    pub(crate) fn is_long_ago(&self, then: Timestamp) -> bool {
        Language::is_long_ago(then, self.now)
    }

    /// A day.
    pub(crate) fn date(&self, at: Timestamp) -> String {
        self.language.date(at)
    }

    /// The number of a page of a list, as a text.
    pub(crate) fn number(&self, page: usize) -> String {
        self.language
            .text_with("admin-page", [("number", page.into())])
    }

    /// Whether the page is in the administration.
    pub(crate) fn is_in_administration(&self) -> bool {
        self.path.starts_with("/admin/")
    }

    /// Whether the page is the sign-in form.
    pub(crate) fn is_sign_in(&self) -> bool {
        self.path.starts_with(SIGN_IN_PATH)
    }

    /// The address of the sign-in form, which leads back to this page.
    pub(crate) fn sign_in_url(&self) -> String {
        if self.is_sign_in() {
            self.path.clone()
        } else {
            format!("{SIGN_IN_PATH}?{}", query::pair("next", &self.path))
        }
    }
}

impl FromRequestParts<Arc<Site>> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        let OriginalUri(asked) = OriginalUri::from_request_parts(parts, site).await?;
        let path = asked.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            language: negotiate(&parts.headers),
            path: path.to_owned(),
            now: site.settings.clock.now(),
            reader: Reader::of(parts),
        })
    }
}

/// A page as an answer.
pub(crate) fn show<T: Template>(template: &T) -> Result<Response, Failure> {
    show_with(StatusCode::OK, template)
}

/// A refused form again: with its error, its status, and when to try again.
pub(crate) fn show_refused<T: Template>(
    failure: &Failure,
    template: &T,
) -> Result<Response, Failure> {
    let mut response = show_with(failure.status(), template)?;
    if let Some(seconds) = failure.retry_seconds() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// A page as an answer with this status, such as that of a refused form.
pub(crate) fn show_with<T: Template>(
    status: StatusCode,
    template: &T,
) -> Result<Response, Failure> {
    match template.render() {
        Ok(html) => Ok((status, Html(html)).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page can't be rendered");
            Err(papo_app::Error::Internal.into())
        }
    }
}
