//! `/account/name/`: another name for the account.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Done, DoneQuery};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Owner;

#[derive(Template)]
#[template(path = "account/name.html")]
pub(crate) struct NamePage {
    pub(crate) page: Page,
    pub(crate) done: Option<Done>,
    pub(crate) has_account: bool,
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    #[serde(default)]
    username: String,
}

/// `GET /account/name/`
pub(crate) async fn show_form(
    page: Page,
    Owner(_, account): Owner,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Failure> {
    show(&NamePage {
        page,
        done,
        has_account: true,
        username: account.name.to_string(),
        errors: FormErrors::default(),
    })
}

/// `POST /account/name/`
pub(crate) async fn save(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Owner(visitor, _): Owner,
    Form(NameForm { username }): Form<NameForm>,
) -> Result<Response, Failure> {
    let app = &site.app;
    match app
        .rename_account(&visitor, &username, caller.address)
        .await
    {
        Ok(()) => Ok(Redirect::to("/account/name/?done=renamed").into_response()),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(
                &error.into(),
                &NamePage {
                    page,
                    done: None,
                    has_account: true,
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
    use papo_app::Error;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let sample = |done, errors| {
            html(&NamePage {
                page: page(language),
                done,
                has_account: true,
                username: HOSTILE.to_owned(),
                errors,
            })
        };
        let taken = FormErrors::explain(Error::AccountNameTaken, language).unwrap();
        vec![
            sample(Some(Done::Renamed), FormErrors::default()),
            sample(None, taken),
        ]
    }
}
