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
use papo_domain::{Hours, PersonSettings, Place, SignUp, Theme, Timestamp, ZoneName};

use crate::failure::Failure;
use crate::language::{Language, negotiate};
use crate::pages::accent;
use crate::query;
use crate::reader::Reader;
use crate::site::Site;
use crate::visitor;

/// The path of the sign-in form.
pub(crate) const SIGN_IN_PATH: &str = "/login/";
/// The path of the form for a new account.
pub(crate) const SIGN_UP_PATH: &str = "/signup/";

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
    /// What the reader has set. Whatever isn't set is as the browser says.
    pub(crate) settings: PersonSettings,
    /// The settings of the place.
    pub(crate) place: Arc<Place>,
}

impl Page {
    /// A text in the reader's language.
    pub(crate) fn text(&self, key: &str) -> Cow<'static, str> {
        self.language.text(key)
    }

    /// How long ago something was.
    pub(crate) fn ago(&self, then: Timestamp) -> String {
        self.language.ago(then, self.now, &self.settings)
    }

    /// Whether [`Self::ago`] gives the date.
    pub(crate) fn is_long_ago(&self, then: Timestamp) -> bool {
        Language::is_long_ago(then, self.now)
    }

    /// A day.
    pub(crate) fn date(&self, at: Timestamp) -> String {
        self.language.date(at, &self.settings)
    }

    /// Date and time.
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        self.language.moment(at, &self.settings)
    }

    /// What the reader has set, as attributes of the page's root. Their values are codes of Papo's.
    pub(crate) fn root_attributes(&self) -> String {
        let settings = &self.settings;
        let pairs = [
            ("data-theme", settings.theme.map(Theme::code)),
            (
                "data-time-zone",
                settings.time_zone.as_ref().map(ZoneName::as_str),
            ),
            ("data-hours", settings.hours.map(Hours::code)),
        ];
        let pairs = pairs.into_iter();
        let set = pairs.filter_map(|(name, value)| Some(format!(" {name}=\"{}\"", value?)));
        set.collect()
    }

    /// The colours that the page may have, for the browser.
    pub(crate) fn color_scheme(&self) -> &'static str {
        self.settings.theme.map_or("light dark", Theme::code)
    }

    /// Whether the system decides about the colours.
    pub(crate) fn is_of_system(&self) -> bool {
        self.settings.theme.is_none()
    }

    /// Whether the page may be light.
    pub(crate) fn may_be_light(&self) -> bool {
        self.settings.theme != Some(Theme::Dark)
    }

    /// Whether the page may be dark.
    pub(crate) fn may_be_dark(&self) -> bool {
        self.settings.theme != Some(Theme::Light)
    }

    /// Whether the page has this path.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }

    /// The page as its reader has set it, if an extractor has found them since it was made.
    pub(crate) fn as_set(self) -> Self {
        match self.reader.settings().cloned() {
            Some(settings) => self.obey(settings),
            None => self,
        }
    }

    fn obey(mut self, settings: PersonSettings) -> Self {
        let language = settings.language.as_deref();
        if let Some(language) = language.and_then(Language::from_code) {
            self.language = language;
        }
        self.settings = settings;
        self
    }

    /// The page of a request, whoever reads it.
    pub(crate) fn of(parts: &mut Parts, site: &Site) -> Self {
        let asked = parts.extensions.get::<OriginalUri>();
        let asked = asked.map_or(&parts.uri, |OriginalUri(asked)| asked);
        let path = asked.path_and_query();
        let path = path.map_or("/", |path| path.as_str()).to_owned();
        let place = site.app.place();
        Self {
            language: negotiate(&parts.headers, place.language),
            path,
            now: site.settings.clock.now(),
            reader: Reader::of(parts),
            settings: PersonSettings::default(),
            place,
        }
    }

    /// The number of a page of a list, as a text.
    pub(crate) fn number(&self, page: usize) -> String {
        self.language
            .text_with("admin-page", [("number", page.into())])
    }

    /// Whether everybody may make an account.
    pub(crate) fn has_sign_up(&self) -> bool {
        self.place.sign_up == SignUp::Open
    }

    /// The address of the stylesheet with the place's accent, if it has one.
    pub(crate) fn accent_url(&self) -> Option<String> {
        self.place.accent.map(accent::url)
    }

    /// Whether the page is in the administration.
    pub(crate) fn is_in_administration(&self) -> bool {
        self.path.starts_with("/admin/")
    }

    /// Whether the page is the sign-in form.
    pub(crate) fn is_sign_in(&self) -> bool {
        self.path.starts_with(SIGN_IN_PATH)
    }

    /// Whether the page is the form for a new account.
    pub(crate) fn is_sign_up(&self) -> bool {
        self.path.starts_with(SIGN_UP_PATH)
    }

    /// The address of the sign-in form, which leads back to this page.
    pub(crate) fn sign_in_url(&self) -> String {
        self.url_to(SIGN_IN_PATH)
    }

    /// The address of the form for a new account, which leads back to this page.
    pub(crate) fn sign_up_url(&self) -> String {
        self.url_to(SIGN_UP_PATH)
    }

    /// The address of one of both forms. From one to the other the page to return to stays.
    fn url_to(&self, form: &str) -> String {
        if self.is_sign_in() || self.is_sign_up() {
            let query = self.path.split_once('?').map(|(_, query)| query);
            query.map_or_else(|| form.to_owned(), |query| format!("{form}?{query}"))
        } else if self.path == "/" {
            form.to_owned()
        } else {
            format!("{form}?{}", query::pair("next", &self.path))
        }
    }
}

impl FromRequestParts<Arc<Site>> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        let page = Self::of(parts, site);
        visitor::find_reader(parts, site).await;
        Ok(page.as_set())
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
