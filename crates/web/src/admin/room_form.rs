//! `/admin/rooms/new/` and `/admin/rooms/{id}/`: the form for making and changing a room.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use papo_app::{Error, RoomDraft};
use papo_domain::{Room, RoomId, RoomKind};
use serde::Deserialize;

use super::Done;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused, show_with};
use crate::site::Site;
use crate::visitor::{Admin, RoomPath};

#[derive(Template)]
#[template(path = "admin/room.html")]
pub(crate) struct RoomFormPage {
    pub(crate) page: Page,
    /// The room to change; `None` for a new one.
    pub(crate) room: Option<RoomId>,
    pub(crate) form: RoomForm,
    pub(crate) errors: FormErrors,
    /// Whether the form asks for a confirmation, since saving would close the room.
    pub(crate) asks: bool,
}

impl RoomFormPage {
    fn title(&self) -> Cow<'static, str> {
        let key = if self.room.is_some() {
            "admin-room-edit-title"
        } else {
            "admin-room-new"
        };
        self.page.text(key)
    }
}

/// A room as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoomForm {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The name of a kind.
    pub(crate) kind: String,
    /// A checkbox: present when only moderators are to post.
    pub(crate) is_announcement: Option<String>,
    /// A checkbox: present when it is checked.
    pub(crate) is_active: Option<String>,
    /// Present when the administrator has confirmed that everybody is removed from the room.
    pub(crate) confirmed: Option<String>,
}

impl RoomForm {
    fn new(room: &Room) -> Self {
        Self {
            name: room.name.to_string(),
            description: room.description.to_string(),
            kind: room.kind.as_str().to_owned(),
            is_announcement: room.is_announcement.then(String::new),
            is_active: room.is_active.then(String::new),
            confirmed: None,
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.is_active.is_some()
    }

    pub(crate) fn is_announcement(&self) -> bool {
        self.is_announcement.is_some()
    }

    /// Whether this is the chosen kind.
    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        self.kind().as_str() == kind
    }

    /// The chosen kind; the most open one if none was.
    fn kind(&self) -> RoomKind {
        self.kind.parse().unwrap_or_default()
    }

    fn draft(&self) -> RoomDraft {
        RoomDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.kind(),
            is_announcement: self.is_announcement(),
            is_active: self.is_active(),
        }
    }
}

/// `GET /admin/rooms/new/`
pub(crate) async fn new(page: Page, _: Admin) -> Result<Response, Failure> {
    let form = RoomForm {
        is_active: Some(String::new()),
        ..RoomForm::default()
    };
    show(&RoomFormPage {
        page,
        room: None,
        form,
        errors: FormErrors::default(),
        asks: false,
    })
}

/// `POST /admin/rooms/new/`
pub(crate) async fn create(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Form(form): Form<RoomForm>,
) -> Result<Response, Failure> {
    let created = site.app.create_room(&administrator, form.draft()).await;
    match created {
        Ok(room) => {
            let list = if room.is_active {
                format!("/admin/rooms/?made={}", room.id)
            } else {
                "/admin/rooms/".to_owned()
            };
            Ok(Redirect::to(&Done::Created.at(&list)).into_response())
        }
        Err(error) => refuse(page, None, form, error),
    }
}

/// `GET /admin/rooms/{id}/`
pub(crate) async fn edit(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    RoomPath(room): RoomPath,
) -> Result<Response, Failure> {
    let known = site.app.any_room(&administrator, room).await?;
    let form = RoomForm::new(&known);
    show(&RoomFormPage {
        page,
        room: Some(room),
        form,
        errors: FormErrors::default(),
        asks: false,
    })
}

/// `POST /admin/rooms/{id}/`: saves the room. It asks first when that would remove everybody from
/// it.
pub(crate) async fn save(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    RoomPath(room): RoomPath,
    Form(form): Form<RoomForm>,
) -> Result<Response, Failure> {
    if !form.is_active() && form.confirmed.is_none() {
        let before = site.app.any_room(&administrator, room).await?;
        if before.is_active {
            let asking = RoomFormPage {
                page,
                room: Some(room),
                form,
                errors: FormErrors::default(),
                asks: true,
            };
            return show_with(StatusCode::UNPROCESSABLE_ENTITY, &asking);
        }
    }
    let saved = site.app.set_room(&administrator, room, form.draft()).await;
    match saved {
        Ok(()) => Ok(Redirect::to(&Done::Saved.at("/admin/rooms/")).into_response()),
        Err(error) => refuse(page, Some(room), form, error),
    }
}

fn refuse(
    page: Page,
    room: Option<RoomId>,
    form: RoomForm,
    error: Error,
) -> Result<Response, Failure> {
    let errors = FormErrors::explain(error.clone(), page.language)?;
    show_refused(
        &error.into(),
        &RoomFormPage {
            page,
            room,
            form,
            errors,
            asks: false,
        },
    )
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let form = |(room, asks)| {
            html(&RoomFormPage {
                page: page(language),
                room,
                form: RoomForm {
                    name: HOSTILE.into(),
                    description: HOSTILE.into(),
                    ..RoomForm::default()
                },
                errors: FormErrors::default(),
                asks,
            })
        };
        [(None, false), (Some(RoomId(1)), true)].map(form).into()
    }
}
