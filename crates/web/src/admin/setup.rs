//! `/admin/setup/{token}/`: the one-time link for the first administrator.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use papo_app::{Error, PASSWORD_CHARACTERS};
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::device_marks;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::pages::sign_in::welcome;
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "admin/setup.html")]
pub(crate) struct SetupPage {
    pub(crate) page: Page,
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

impl SetupPage {
    fn password_hint(&self) -> String {
        let least = *PASSWORD_CHARACTERS.start();
        self.page
            .language
            .text_with("password-hint", [("least", least.into())])
    }
}

#[derive(Deserialize)]
pub(crate) struct SetupForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

/// `GET /admin/setup/{token}/`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    if !site.app.setup_is_open(&token, caller.address).await? {
        return Err(Error::SetupLink.into());
    }
    show(&SetupPage {
        page,
        username: String::new(),
        errors: FormErrors::default(),
    })
}

/// `POST /admin/setup/{token}/`
pub(crate) async fn claim(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Path(token): Path<String>,
    Form(SetupForm { username, password }): Form<SetupForm>,
) -> Result<Response, Failure> {
    let claimed = site
        .app
        .claim_setup(
            visitor.as_ref(),
            &token,
            &username,
            password,
            caller.address,
            device_marks(&headers, &caller),
        )
        .await;
    match claimed {
        Ok(signed_in) => Ok(welcome(&signed_in, &caller, "/admin/")),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(
                &error.into(),
                &SetupPage {
                    page,
                    username,
                    errors,
                },
            )
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};
    use papo_domain::UsernameError;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        vec![html(&SetupPage {
            page: page(language),
            username: HOSTILE.to_owned(),
            errors: FormErrors::explain(UsernameError::Blank.into(), language).unwrap(),
        })]
    }
}
