//! The sockets: `/ws/chat/{id}/` for one room, as in the Django chat, and `/ws/` for many.
//!
//! [`handshake`] accepts or refuses; [`session`] is one open socket; [`plain`] and [`full`] are the
//! two protocols that it can speak.

mod answers;
mod ending;
mod followed;
mod full;
mod gathering;
mod handshake;
mod hearing;
mod outgoing;
mod patience;
mod pauses;
mod plain;
mod session;
mod told;
mod watching;

pub(crate) use handshake::{chat, rooms, socket_share};
