//! `/account/delete/`: the end of an account.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use papo_app::Remains;
use serde::Deserialize;

use super::Done;
use crate::caller::Caller;
use crate::cookies::forget_session;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Owner;

#[derive(Template)]
#[template(path = "account/delete.html")]
pub(crate) struct DeletePage {
    pub(crate) page: Page,
    pub(crate) done: Option<Done>,
    pub(crate) has_account: bool,
    /// The account's name, for programs that keep passwords.
    pub(crate) name: String,
    pub(crate) form: DeleteForm,
    pub(crate) errors: FormErrors,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeleteForm {
    current: String,
    /// `keep` or `delete`.
    messages: String,
}

/// `GET /account/delete/`
pub(crate) async fn show_form(page: Page, Owner(_, account): Owner) -> Result<Response, Failure> {
    show(&DeletePage {
        page,
        done: None,
        has_account: true,
        name: account.name.to_string(),
        form: DeleteForm::default(),
        errors: FormErrors::default(),
    })
}

/// `POST /account/delete/`
pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Owner(visitor, account): Owner,
    Form(mut form): Form<DeleteForm>,
) -> Result<Response, Failure> {
    let remains = match form.messages.as_str() {
        "keep" => Remains::Renamed(page.text("deleted-account").into_owned()),
        "delete" => Remains::Nothing,
        _ => return Err(Failure::Other(StatusCode::BAD_REQUEST)),
    };
    let password = std::mem::take(&mut form.current);
    let app = &site.app;
    let deleted = app.delete_account(&visitor, password, remains, caller.address);
    match deleted.await {
        Ok(()) => {
            let cookie = [(SET_COOKIE, forget_session(&caller))];
            Ok((cookie, Redirect::to("/")).into_response())
        }
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(
                &error.into(),
                &DeletePage {
                    page,
                    done: None,
                    has_account: true,
                    name: account.name.to_string(),
                    form,
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
        let sample = |errors| {
            html(&DeletePage {
                page: page(language),
                done: None,
                has_account: true,
                name: HOSTILE.to_owned(),
                form: DeleteForm::default(),
                errors,
            })
        };
        let last = FormErrors::explain(Error::LastAdministrator, language).unwrap();
        vec![sample(FormErrors::default()), sample(last)]
    }
}
