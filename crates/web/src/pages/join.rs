//! `/room/{id}/join/`: choosing the name to be known by in a room, or changing it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use papo_app::Visitor;
use papo_domain::{Room, Username};
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::set_session;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::InRoom;

#[derive(Template)]
#[template(path = "join.html")]
pub(crate) struct JoinPage {
    pub(crate) page: Page,
    pub(crate) room: Room,
    /// Already in the room: the form changes the name.
    pub(crate) is_joined: bool,
    /// What is in the input.
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

impl JoinPage {
    fn title(&self) -> String {
        let room = [("room", self.room.name.as_str().into())];
        if self.is_joined {
            self.page.language.text_with("join-change-title", room)
        } else {
            self.page.language.text_with("join-title", room)
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct JoinForm {
    #[serde(default)]
    username: String,
}

/// `GET /room/{id}/join/`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    InRoom { room, visitor }: InRoom,
) -> Result<Response, Failure> {
    let room = site.app.room(room).await?;
    let suggested = visitor.as_ref().and_then(Visitor::suggested_username);
    show(&JoinPage {
        page,
        room,
        is_joined: is_joined(visitor.as_ref()),
        username: suggested.map(Username::to_string).unwrap_or_default(),
        errors: FormErrors::default(),
    })
}

/// `POST /room/{id}/join/`
pub(crate) async fn join(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    InRoom { room, visitor }: InRoom,
    Form(form): Form<JoinForm>,
) -> Result<Response, Failure> {
    let answer = site
        .app
        .join(visitor.as_ref(), room, &form.username, caller.address)
        .await;
    let error = match answer {
        Ok(joined) => {
            let cookie = joined
                .token
                .map(|token| [(SET_COOKIE, set_session(&token, &caller))]);
            return Ok((cookie, Redirect::to(&format!("/room/{room}/"))).into_response());
        }
        Err(error) => error,
    };
    let errors = FormErrors::explain(error.clone(), page.language)?;
    let room = site.app.room(room).await?;
    let is_joined = is_joined(visitor.as_ref());
    show_refused(
        &error.into(),
        &JoinPage {
            page,
            room,
            is_joined,
            username: form.username,
            errors,
        },
    )
}

fn is_joined(visitor: Option<&Visitor>) -> bool {
    visitor.and_then(Visitor::username).is_some()
}
