//! `/account/password/` and `/password/{link}/`: another password, with the present one or by a
//! one-time link.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use papo_app::PASSWORD_CHARACTERS;
use serde::Deserialize;

use super::{Done, DoneQuery};
use crate::caller::Caller;
use crate::cookies::device_marks;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::pages::sign_in::welcome;
use crate::site::Site;
use crate::visitor::{Guest, Owner};

#[derive(Template)]
#[template(path = "account/password.html")]
pub(crate) struct PasswordPage {
    pub(crate) page: Page,
    pub(crate) done: Option<Done>,
    pub(crate) has_account: bool,
    /// The account's name, for programs that keep passwords.
    pub(crate) name: String,
    pub(crate) errors: FormErrors,
}

#[derive(Template)]
#[template(path = "account/password_link.html")]
pub(crate) struct PasswordLinkPage {
    pub(crate) page: Page,
    pub(crate) name: String,
    pub(crate) errors: FormErrors,
}

impl PasswordPage {
    fn password_hint(&self) -> String {
        hint(&self.page)
    }
}

impl PasswordLinkPage {
    fn password_hint(&self) -> String {
        hint(&self.page)
    }

    /// The heading before and after the account's name.
    fn heading(&self) -> (String, String) {
        let language = self.page.language;
        language.text_around("password-link-title", "name")
    }
}

fn hint(page: &Page) -> String {
    let least = *PASSWORD_CHARACTERS.start();
    page.language
        .text_with("password-hint", [("least", least.into())])
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PasswordForm {
    current: String,
    password: String,
}

/// `GET /account/password/`
pub(crate) async fn show_form(
    page: Page,
    Owner(_, account): Owner,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Failure> {
    show(&PasswordPage {
        page,
        done,
        has_account: true,
        name: account.name.to_string(),
        errors: FormErrors::default(),
    })
}

/// `POST /account/password/`
pub(crate) async fn save(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Owner(visitor, account): Owner,
    Form(PasswordForm { current, password }): Form<PasswordForm>,
) -> Result<Response, Failure> {
    let changed = site
        .app
        .change_password(&visitor, current, password, caller.address);
    match changed.await {
        Ok(_) => Ok(Redirect::to("/account/password/?done=password").into_response()),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(
                &error.into(),
                &PasswordPage {
                    page,
                    done: None,
                    has_account: true,
                    name: account.name.to_string(),
                    errors,
                },
            )
        }
    }
}

/// `GET /password/{link}/`
pub(crate) async fn show_link(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Path(link): Path<String>,
) -> Result<Response, Failure> {
    let account = site.app.password_link(&link, caller.address).await?;
    show(&PasswordLinkPage {
        page,
        name: account.name.to_string(),
        errors: FormErrors::default(),
    })
}

/// `POST /password/{link}/`
pub(crate) async fn claim_link(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Path(link): Path<String>,
    Form(PasswordForm { password, .. }): Form<PasswordForm>,
) -> Result<Response, Failure> {
    let marks = device_marks(&headers, &caller);
    let claimed =
        site.app
            .claim_password_link(visitor.as_ref(), &link, password, caller.address, marks);
    match claimed.await {
        Ok(signed_in) => Ok(welcome(&signed_in, &caller, "/")),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            // A link that has ended meanwhile has no form any more.
            let account = site.app.password_link(&link, caller.address).await;
            let name = match account {
                Ok(account) => account.name.to_string(),
                Err(_) => String::new(),
            };
            show_refused(&error.into(), &PasswordLinkPage { page, name, errors })
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};
    use papo_app::Error;

    /// Renders the pages in each of their forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let errors = |error| FormErrors::explain(error, language).unwrap();
        let own = |done, errors| {
            html(&PasswordPage {
                page: page(language),
                done,
                has_account: true,
                name: HOSTILE.to_owned(),
                errors,
            })
        };
        let by_link = |errors| {
            html(&PasswordLinkPage {
                page: page(language),
                name: HOSTILE.to_owned(),
                errors,
            })
        };
        vec![
            own(Some(Done::Password), FormErrors::default()),
            own(None, errors(Error::WrongPassword)),
            own(None, errors(Error::PasswordLength)),
            by_link(FormErrors::default()),
            by_link(errors(Error::PasswordLength)),
        ]
    }
}
