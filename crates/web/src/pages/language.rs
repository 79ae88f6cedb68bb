//! `POST /language/`: switches the language, and remembers it.

use axum::Form;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::set_language;
use crate::failure::Failure;
use crate::language::Language;
use crate::query::own_path;

#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    language: String,
    /// The page to come back to.
    #[serde(default)]
    next: String,
}

/// `POST /language/`
pub(crate) async fn choose(
    caller: Caller,
    Form(form): Form<LanguageForm>,
) -> Result<Response, Failure> {
    let language =
        Language::from_code(&form.language).ok_or(Failure::Other(StatusCode::BAD_REQUEST))?;
    let cookie = [(SET_COOKIE, set_language(language, &caller))];
    Ok((cookie, Redirect::to(own_path(&form.next))).into_response())
}
