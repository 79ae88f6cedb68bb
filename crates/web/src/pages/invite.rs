//! `/invite/{token}/`: joining a room by an invitation.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use papo_app::{Error, InvitedRoom, Visitor};
use papo_domain::{Room, SignUp, Username};
use serde::Deserialize;

use crate::caller::Caller;
use crate::cookies::set_session;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::query;
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "invite.html")]
pub(crate) struct InvitePage {
    pub(crate) page: Page,
    pub(crate) room: Room,
    /// Whether only people with an account may join, and the reader has none.
    pub(crate) needs_account: bool,
    /// Whether the reader has an account, whose name is theirs in the room.
    pub(crate) has_account: bool,
    /// The content of the input.
    pub(crate) username: String,
    pub(crate) errors: FormErrors,
}

impl InvitePage {
    fn title(&self) -> String {
        let (before, after) = self.heading();
        format!("{before}{}{after}", self.room.name)
    }

    /// The heading before and after the room's name.
    fn heading(&self) -> (String, String) {
        self.page.language.text_around("invite-title", "room")
    }

    /// The address of the form for a new account, which the invitation opens.
    fn sign_up_url(&self) -> Option<String> {
        if self.has_account || self.page.place.sign_up == SignUp::Closed {
            return None;
        }
        let token = self.page.path.strip_prefix("/invite/")?;
        let invitation = query::pair("invitation", token.trim_end_matches('/'));
        Some(format!("{}&{invitation}", self.page.sign_up_url()))
    }

    fn new(
        site: &Site,
        page: Page,
        visitor: Option<&Visitor>,
        room: Room,
        (typed, errors): (Option<String>, FormErrors),
    ) -> Self {
        let has_account = visitor.is_some_and(|visitor| visitor.account().is_some());
        let suggested = visitor.and_then(Visitor::suggested_username);
        Self {
            page,
            room,
            needs_account: !has_account && !site.app.place().admits_guests,
            has_account,
            username: typed
                .or_else(|| suggested.map(Username::to_string))
                .unwrap_or_default(),
            errors,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    #[serde(default)]
    username: String,
}

/// `GET /invite/{token}/`. Somebody who is in the room already gets the room.
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    let InvitedRoom { room, .. } = site.app.invited_room(&token).await?;
    if let Some(visitor) = &visitor
        && site.app.joined_room(visitor, room.id).await.is_ok()
    {
        return Ok(Redirect::to(&format!("/room/{}/", room.id)).into_response());
    }
    let untyped = (None, FormErrors::default());
    show(&InvitePage::new(
        &site,
        page,
        visitor.as_ref(),
        room,
        untyped,
    ))
}

/// `POST /invite/{token}/`
pub(crate) async fn accept(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Guest(visitor): Guest,
    Path(token): Path<String>,
    Form(form): Form<NameForm>,
) -> Result<Response, Failure> {
    let visitor = visitor.as_ref();
    let accepted = site
        .app
        .accept_invitation(visitor, &token, &form.username, caller.address)
        .await;
    let error = match accepted {
        Ok((room, admitted)) => {
            let to = Redirect::to(&format!("/room/{room}/"));
            let token = admitted.token;
            let cookie = token.map(|token| [(SET_COOKIE, set_session(&token, &caller))]);
            return Ok((cookie, to).into_response());
        }
        Err(error) => error,
    };
    let errors = match &error {
        // The page says it by itself.
        Error::NeedsAccount => FormErrors::default(),
        other => FormErrors::explain(other.clone(), page.language)?,
    };
    let InvitedRoom { room, .. } = site.app.invited_room(&token).await?;
    let typed = (Some(form.username), errors);
    let shown = InvitePage::new(&site, page, visitor, room, typed);
    show_refused(&error.into(), &shown)
}

#[cfg(test)]
pub(crate) mod samples {
    use papo_domain::UsernameError;

    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page, room};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let blank = FormErrors::explain(UsernameError::Blank.into(), language).unwrap();
        let forms = [
            (false, false, FormErrors::default()),
            (false, true, FormErrors::default()),
            (true, false, blank),
        ];
        let form = |(needs_account, has_account, errors)| {
            html(&InvitePage {
                page: page(language),
                room: room(1, HOSTILE),
                needs_account,
                has_account,
                username: HOSTILE.to_owned(),
                errors,
            })
        };
        forms.map(form).into()
    }
}
