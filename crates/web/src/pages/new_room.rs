//! `/rooms/new/`: making a room.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use papo_app::{Error, RoomDraft, Visitor};
use papo_domain::RoomKind;
use serde::Deserialize;

use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "new_room.html")]
pub(crate) struct NewRoomPage {
    pub(crate) page: Page,
    pub(crate) form: RoomFields,
    pub(crate) errors: FormErrors,
}

/// A room as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoomFields {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The name of a kind.
    pub(crate) kind: String,
    /// A checkbox: present when only moderators are to post.
    pub(crate) is_announcement: Option<String>,
}

impl RoomFields {
    /// Whether this is the chosen kind; the most open one is, until another is chosen.
    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        self.kind().as_str() == kind
    }

    fn kind(&self) -> RoomKind {
        self.kind.parse().unwrap_or_default()
    }

    pub(crate) fn is_announcement(&self) -> bool {
        self.is_announcement.is_some()
    }

    /// The room as it is to be.
    pub(crate) fn draft(&self, is_active: bool) -> RoomDraft {
        RoomDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.kind(),
            is_announcement: self.is_announcement(),
            is_active,
        }
    }
}

/// The visitor, who may make rooms. Somebody without an account signs in first.
fn maker(site: &Site, page: &Page, visitor: Option<Visitor>) -> Result<Visitor, Failure> {
    match site.app.may_open_rooms(visitor.as_ref()) {
        Err(Error::NeedsAccount) => Err(Failure::SignInFirst(page.path.clone())),
        other => {
            other?;
            visitor.ok_or(Failure::NotFound)
        }
    }
}

/// `GET /rooms/new/`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    maker(&site, &page, visitor)?;
    show(&NewRoomPage {
        page,
        form: RoomFields::default(),
        errors: FormErrors::default(),
    })
}

/// `POST /rooms/new/`
pub(crate) async fn create(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Form(form): Form<RoomFields>,
) -> Result<Response, Failure> {
    let visitor = maker(&site, &page, visitor)?;
    match site.app.open_room(&visitor, &form.draft(true)).await {
        Ok(room) => Ok(Redirect::to(&format!("/room/{}/", room.id)).into_response()),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(&error.into(), &NewRoomPage { page, form, errors })
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let form = |kind: &str, errors| {
            html(&NewRoomPage {
                page: page(language),
                form: RoomFields {
                    name: HOSTILE.into(),
                    description: HOSTILE.into(),
                    kind: kind.into(),
                    is_announcement: Some(String::new()),
                },
                errors,
            })
        };
        let taken = FormErrors::explain(Error::RoomNameTaken, language).unwrap();
        vec![form("", FormErrors::default()), form("private", taken)]
    }
}
