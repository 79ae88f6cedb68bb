//! `/room/{id}/join/`: the form for the name in a room. With `?rename` it changes the name.
//!
//! Without it, somebody who is in the room already has come back to this page, and gets the room.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use papo_app::{Error, Visitor};
use papo_domain::{Room, Username};
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::{CookieCheck, set_session};
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::query;
use crate::site::Site;
use crate::visitor::InRoom;

#[derive(Template)]
#[template(path = "join.html")]
pub(crate) struct JoinPage {
    pub(crate) page: Page,
    pub(crate) room: Room,
    /// Whether the reader is already in the room; then the form changes the name.
    pub(crate) is_joined: bool,
    /// Whether only people with an account may join.
    pub(crate) needs_account: bool,
    /// The content of the input.
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

impl JoinPage {
    fn title(&self) -> String {
        let (before, after) = self.heading();
        format!("{before}{}{after}", self.room.name)
    }

    /// The heading before and after the room's name.
    fn heading(&self) -> (String, String) {
        let language = self.page.language;
        if self.is_joined {
            language.text_around("join-change-title", "room")
        } else {
            language.text_around("join-title", "room")
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct JoinForm {
    #[serde(default)]
    username: String,
}

/// Whether the reader wants to change the name.
#[derive(Deserialize)]
pub(crate) struct Wish {
    rename: Option<String>,
}

/// `GET /room/{id}/join/?rename`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Query(wish): Query<Wish>,
    InRoom { room, visitor, .. }: InRoom,
    Query(check): Query<CookieCheck>,
) -> Result<Response, Failure> {
    let room = site.app.room(visitor.as_ref(), room).await?;
    if is_joined(visitor.as_ref()) && wish.rename.is_none() {
        return Ok(Redirect::to(&format!("/room/{}/", room.id)).into_response());
    }
    let may_join = site.app.room_to_join(visitor.as_ref(), room.id).await;
    let needs_account = match may_join {
        Err(Error::NeedsAccount) => true,
        other => {
            other?;
            false
        }
    };
    let errors = if check.is_due() && visitor.is_none() {
        FormErrors::no_cookie(page.language, site.settings.public_url.as_ref())
    } else {
        FormErrors::default()
    };
    let suggested = visitor.as_ref().and_then(Visitor::suggested_username);
    show(&JoinPage {
        page,
        room,
        is_joined: is_joined(visitor.as_ref()),
        needs_account,
        username: suggested.map(Username::to_string).unwrap_or_default(),
        errors,
    })
}

/// `POST /room/{id}/join/`
pub(crate) async fn join(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    InRoom { room, visitor, .. }: InRoom,
    Form(form): Form<JoinForm>,
) -> Result<Response, Failure> {
    let answer = site
        .app
        .join(visitor.as_ref(), room, &form.username, caller.address)
        .await;
    let error = match answer {
        Ok(joined) => {
            let Some(token) = joined.token else {
                return Ok(Redirect::to(&format!("/room/{room}/")).into_response());
            };
            let cookie = [(SET_COOKIE, set_session(&token, &caller))];
            let form = format!("/room/{room}/join/{}", query::string([CookieCheck::QUERY]));
            return Ok((cookie, Redirect::to(&form)).into_response());
        }
        Err(error) => error,
    };
    let needs_account = matches!(error, Error::NeedsAccount | Error::NoGuests);
    let errors = if needs_account {
        FormErrors::default()
    } else {
        FormErrors::explain(error.clone(), page.language)?
    };
    let room = site.app.room(visitor.as_ref(), room).await?;
    let is_joined = is_joined(visitor.as_ref());
    show_refused(
        &error.into(),
        &JoinPage {
            page,
            room,
            is_joined,
            needs_account,
            username: form.username,
            errors,
        },
    )
}

fn is_joined(visitor: Option<&Visitor>) -> bool {
    visitor.and_then(Visitor::username).is_some()
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page, room};
    use papo_domain::UsernameError;
    use std::time::Duration;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let errors = |error| FormErrors::explain(error, language).unwrap();
        let forms = [
            (false, true, FormErrors::default()),
            (false, false, FormErrors::default()),
            (true, true, errors(UsernameError::Blank.into())),
            (
                false,
                true,
                errors(Error::RateLimited(Duration::from_secs(3))),
            ),
            (false, true, FormErrors::no_cookie(language, None)),
        ];
        let form = |(is_joined, is_admitted, errors): (bool, bool, _)| {
            html(&JoinPage {
                page: page(language),
                room: room(1, HOSTILE),
                is_joined,
                needs_account: !is_admitted,
                username: HOSTILE.to_owned(),
                errors,
            })
        };
        forms.map(form).into()
    }
}
