//! `/signup/`: a new account.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use http::HeaderMap;
use papo_app::{Error, PASSWORD_CHARACTERS, Visitor};
use papo_domain::Username;
use serde::Deserialize;

use super::sign_in::{onward, welcome};
use crate::caller::Caller;
use crate::cookies::device_marks;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "sign_up.html")]
pub(crate) struct SignUpPage {
    pub(crate) page: Page,
    pub(crate) way: Way,
    pub(crate) form: SignUpForm,
    pub(crate) errors: FormErrors,
}

/// Whether the reader may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Not without an invitation.
    Invited,
    Closed,
}

impl Way {
    /// The way as the app's answer says.
    fn of(answer: &Result<(), Error>) -> Self {
        match answer {
            Err(Error::SignUpInvited) => Self::Invited,
            Err(Error::SignUpClosed) => Self::Closed,
            _ => Self::Open,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignUpForm {
    username: String,
    password: String,
    /// The page after signing up.
    next: String,
    invitation: String,
}

impl SignUpForm {
    fn invitation(&self) -> Option<&str> {
        Some(self.invitation.as_str()).filter(|invitation| !invitation.is_empty())
    }
}

impl SignUpPage {
    fn is_open(&self) -> bool {
        self.way == Way::Open
    }

    fn password_hint(&self) -> String {
        let least = *PASSWORD_CHARACTERS.start();
        self.page
            .language
            .text_with("password-hint", [("least", least.into())])
    }
}

/// `GET /signup/?next=PATH&invitation=CODE`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Query(mut form): Query<SignUpForm>,
) -> Result<Response, Failure> {
    if let Some(onward) = onward(visitor.as_ref(), &form.next) {
        return Ok(onward);
    }
    let answer = site.app.may_sign_up(form.invitation()).await;
    let way = Way::of(&answer);
    if way == Way::Open {
        answer?;
    }
    let suggested = visitor.as_ref().and_then(Visitor::suggested_username);
    form.username = suggested.map(Username::to_string).unwrap_or_default();
    show(&SignUpPage {
        page,
        way,
        form,
        errors: FormErrors::default(),
    })
}

/// `POST /signup/`
pub(crate) async fn sign_up(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Form(mut form): Form<SignUpForm>,
) -> Result<Response, Failure> {
    let password = std::mem::take(&mut form.password);
    let signed_in = site.app.sign_up(
        visitor.as_ref(),
        form.invitation(),
        (&form.username, password),
        caller.address,
        device_marks(&headers, &caller),
    );
    let error = match signed_in.await {
        Ok(signed_in) => return Ok(welcome(&signed_in, &caller, &form.next)),
        Err(error) => error,
    };
    let way = Way::of(&Err(error.clone()));
    let errors = match way {
        Way::Open => FormErrors::explain(error.clone(), page.language)?,
        Way::Invited | Way::Closed => FormErrors::default(),
    };
    show_refused(
        &error.into(),
        &SignUpPage {
            page,
            way,
            form,
            errors,
        },
    )
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};
    use papo_app::Guess;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let sample = |way, errors| {
            html(&SignUpPage {
                page: page(language),
                way,
                form: SignUpForm {
                    username: HOSTILE.to_owned(),
                    next: HOSTILE.to_owned(),
                    invitation: HOSTILE.to_owned(),
                    ..SignUpForm::default()
                },
                errors,
            })
        };
        let guessed = FormErrors::explain(Error::PasswordGuess(Guess::Name), language);
        vec![
            sample(Way::Open, FormErrors::default()),
            sample(Way::Open, guessed.unwrap()),
            sample(Way::Invited, FormErrors::default()),
            sample(Way::Closed, FormErrors::default()),
        ]
    }
}
