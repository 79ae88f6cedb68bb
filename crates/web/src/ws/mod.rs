//! The sockets: `/ws/chat/{id}/`, the seed's, and `/ws/`, for many rooms at once.
//!
//! [`handshake`] decides who may; [`session`] is one open socket; [`plain`] and [`full`] are the
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

pub(crate) use handshake::{chat, rooms, socket_share};
