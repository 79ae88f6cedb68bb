//! `/language/`: changes the language, and remembers it.
//!
//! A browser without cookies passes through here once more before it goes back. If it kept none,
//! the page says that the language needs a cookie.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use papo_domain::PersonSettings;
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::set_language;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::language::Language;
use crate::page::{Page, show};
use crate::query::{self, own_path};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "language.html")]
pub(crate) struct LanguagePage {
    /// The page in the chosen language. Its path is the page to return to.
    pub(crate) page: Page,
    pub(crate) errors: FormErrors,
}

#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    language: String,
    /// The page to return to.
    #[serde(default)]
    next: String,
}

impl LanguageForm {
    fn language(&self) -> Result<Language, Failure> {
        Language::from_code(&self.language).ok_or(Failure::Other(StatusCode::BAD_REQUEST))
    }
}

/// `POST /language/`
pub(crate) async fn choose(
    State(site): State<Arc<Site>>,
    caller: Caller,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Form(form): Form<LanguageForm>,
) -> Result<Response, Failure> {
    let language = form.language()?;
    // The cookie doesn't count for somebody who has set a language for all their devices.
    if let Some(visitor) = visitor.filter(|visitor| visitor.settings().language.is_some()) {
        let settings = PersonSettings {
            language: Some(language.code().to_owned()),
            ..visitor.settings().clone()
        };
        let address = caller.address;
        site.app.set_settings(&visitor, settings, address).await?;
    }
    let next = own_path(&form.next);
    let cookie = [(SET_COOKIE, set_language(language, &caller))];
    let to = if headers.contains_key(COOKIE) {
        next.to_owned()
    } else {
        let pairs = [("language", language.code()), ("next", next)];
        format!("/language/{}", query::string(pairs))
    };
    Ok((cookie, Redirect::to(&to)).into_response())
}

/// `GET /language/?language=CODE&next=PATH`: whether the browser kept the cookie.
pub(crate) async fn check(
    mut page: Page,
    headers: HeaderMap,
    Query(form): Query<LanguageForm>,
) -> Result<Response, Failure> {
    page.language = form.language()?;
    own_path(&form.next).clone_into(&mut page.path);
    if headers.contains_key(COOKIE) {
        return Ok(Redirect::to(&page.path).into_response());
    }
    let errors = FormErrors::no_language_cookie(page.language);
    show(&LanguagePage { page, errors })
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::sample_data::{html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        vec![html(&LanguagePage {
            page: page(language),
            errors: FormErrors::no_language_cookie(language),
        })]
    }
}
