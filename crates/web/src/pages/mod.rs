//! The pages that everybody can see.

pub(crate) mod about;
pub(crate) mod accent;
pub(crate) mod account;
pub(crate) mod chat;
pub(crate) mod direct;
pub(crate) mod error;
pub(crate) mod invite;
pub(crate) mod join;
pub(crate) mod language;
pub(crate) mod leave;
pub(crate) mod messages;
pub(crate) mod new_room;
pub(crate) mod rooms;
pub(crate) mod service;
pub(crate) mod sign_in;
pub(crate) mod sign_up;

pub(crate) use error::ErrorPage;
