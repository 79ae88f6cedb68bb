//! `/admin/login/` and `/admin/logout/`.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use papo_app::Visitor;
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::{forget_session, set_session};
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::query::own_path;
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "admin/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) page: Page,
    /// Where to go afterwards.
    pub(crate) next: String,
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct SignInForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /admin/login/?next=PATH`
pub(crate) async fn show_form(
    page: Page,
    Guest(visitor): Guest,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Failure> {
    if visitor.as_ref().and_then(Visitor::administrator).is_some() {
        return Ok(Redirect::to(destination(&next)).into_response());
    }
    show(&SignInPage {
        page,
        next,
        username: String::new(),
        errors: FormErrors::default(),
    })
}

/// `POST /admin/login/`
pub(crate) async fn sign_in(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Guest(visitor): Guest,
    Form(SignInForm {
        username,
        password,
        next,
    }): Form<SignInForm>,
) -> Result<Response, Failure> {
    match site
        .app
        .sign_in(visitor.as_ref(), &username, password, caller.address)
        .await
    {
        Ok(signed_in) => {
            let cookie = [(SET_COOKIE, set_session(&signed_in.token, &caller))];
            Ok((cookie, Redirect::to(destination(&next))).into_response())
        }
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(
                &error.into(),
                &SignInPage {
                    page,
                    next,
                    username,
                    errors,
                },
            )
        }
    }
}

/// `POST /admin/logout/`
pub(crate) async fn sign_out(
    State(site): State<Arc<Site>>,
    caller: Caller,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    if let Some(visitor) = &visitor {
        site.app.sign_out(visitor).await?;
    }
    let cookie = [(SET_COOKIE, forget_session(&caller))];
    Ok((cookie, Redirect::to("/admin/login/")).into_response())
}

fn destination(next: &str) -> &str {
    if next.is_empty() {
        "/admin/"
    } else {
        own_path(next)
    }
}
