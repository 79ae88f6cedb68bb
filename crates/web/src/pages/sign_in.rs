//! `/login/` and `/logout/`.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::HeaderMap;
use http::header::SET_COOKIE;
use papo_app::{SignedIn, Visitor};
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::{CookieCheck, device_marks, forget_session, set_device, set_session};
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, SIGN_IN_PATH, show, show_refused};
use crate::query::{self, own_path};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) page: Page,
    /// The page after signing in.
    pub(crate) next: String,
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    pub(super) next: String,
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

/// `GET /login/?next=PATH`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Query(Next { next }): Query<Next>,
    Query(check): Query<CookieCheck>,
) -> Result<Response, Failure> {
    if let Some(onward) = onward(visitor.as_ref(), &next) {
        return Ok(onward);
    }
    let errors = if check.is_due() && visitor.is_none() {
        FormErrors::no_cookie(page.language, site.settings.public_url.as_ref())
    } else {
        FormErrors::default()
    };
    show(&SignInPage {
        page,
        next,
        username: String::new(),
        errors,
    })
}

/// `GET /admin/login/?next=PATH`: where administrators signed in once.
pub(crate) async fn show_elsewhere(Query(Next { next }): Query<Next>) -> Redirect {
    let next = if next.is_empty() { "/admin/" } else { &next };
    let pairs = [("next", own_path(next))];
    Redirect::to(&format!("{SIGN_IN_PATH}{}", query::string(pairs)))
}

/// `POST /login/`
pub(crate) async fn sign_in(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Form(SignInForm {
        username,
        password,
        next,
    }): Form<SignInForm>,
) -> Result<Response, Failure> {
    let signed_in = site.app.sign_in(
        visitor.as_ref(),
        &username,
        password,
        caller.address,
        device_marks(&headers, &caller),
    );
    match signed_in.await {
        Ok(signed_in) => Ok(welcome(&signed_in, &caller, &next)),
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

/// `POST /logout/`: redirects to the front page, which everybody can see.
pub(crate) async fn sign_out(
    State(site): State<Arc<Site>>,
    caller: Caller,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    if let Some(visitor) = &visitor {
        site.app.sign_out(visitor).await?;
    }
    let cookie = [(SET_COOKIE, forget_session(&caller))];
    Ok((cookie, Redirect::to("/")).into_response())
}

/// Gives a browser the cookies of its new session. It goes to the sign-in form with them, which
/// sends it on to `next` if it brings the session's cookie.
pub(crate) fn welcome(signed_in: &SignedIn, caller: &Caller, next: &str) -> Response {
    let cookies = AppendHeaders([
        (SET_COOKIE, set_session(&signed_in.token, caller)),
        (SET_COOKIE, set_device(&signed_in.kept, caller)),
    ]);
    let next = if next.is_empty() { "" } else { own_path(next) };
    let pairs = [("next", next), CookieCheck::QUERY];
    let form = format!("{SIGN_IN_PATH}{}", query::string(pairs));
    (cookies, Redirect::to(&form)).into_response()
}

/// The way on for somebody who has signed in and opens the form.
pub(super) fn onward(visitor: Option<&Visitor>, next: &str) -> Option<Response> {
    let visitor = visitor.filter(|visitor| visitor.account().is_some())?;
    let may_administer = visitor.administrator().is_some();
    Some(Redirect::to(destination(next, may_administer)).into_response())
}

/// Where a signed-in person goes: to the page that they came from, if they may see it.
fn destination(next: &str, may_administer: bool) -> &str {
    match own_path(next) {
        path if path.starts_with("/admin") && !may_administer => "/",
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_go_on_where_they_came_from_if_they_may() {
        for (next, plain, administrator) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("/room/1/join/", "/room/1/join/", "/room/1/join/"),
            ("/admin/", "/", "/admin/"),
            ("/admin/messages/?q=a", "/", "/admin/messages/?q=a"),
            ("//evil.example/", "/", "/"),
            ("https://evil.example/admin/", "/", "/"),
        ] {
            assert_eq!(destination(next, false), plain, "{next}");
            assert_eq!(destination(next, true), administrator, "{next}");
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};
    use papo_app::Error;
    use std::time::Duration;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let origin = "https://papo.example".parse().unwrap();
        let too_often = Error::RateLimited(Duration::from_secs(3));
        vec![
            html(&SignInPage {
                page: page(language),
                next: HOSTILE.to_owned(),
                username: HOSTILE.to_owned(),
                errors: FormErrors::explain(too_often, language).unwrap(),
            }),
            html(&SignInPage {
                page: page(language),
                next: String::new(),
                username: String::new(),
                errors: FormErrors::no_cookie(language, Some(&origin)),
            }),
        ]
    }
}
