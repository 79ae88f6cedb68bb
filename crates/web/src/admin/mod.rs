//! `/admin/`: looking after rooms and messages. Everything here asks for an
//! [`Admin`](crate::visitor::Admin), but the pages by which one becomes one.

mod listing;
pub(crate) mod messages;
pub(crate) mod room_form;
pub(crate) mod rooms;
pub(crate) mod setup;
pub(crate) mod sign_in;

use axum::response::Redirect;

pub(crate) use listing::{Done, Pager};

use crate::visitor::Admin;

/// `GET /admin/`
pub(crate) async fn front(_: Admin) -> Redirect {
    Redirect::to("/admin/rooms/")
}
