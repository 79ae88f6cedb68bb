//! `/admin/`: the administration of rooms, messages, people and settings, and the audit. Every page
//! needs an [`Admin`](crate::visitor::Admin), except the one for the first administrator.

pub(crate) mod audit;
pub(crate) mod audit_export;
mod listing;
pub(crate) mod messages;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod room_form;
pub(crate) mod rooms;
pub(crate) mod settings;
pub(crate) mod setup;

use axum::response::Redirect;

pub(crate) use listing::{Done, Pager};

use crate::visitor::Admin;

/// `GET /admin/`
pub(crate) async fn front(_: Admin) -> Redirect {
    Redirect::to("/admin/rooms/")
}
