//! Papo as a black box: the binary, over real sockets.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod access;
mod accounts;
mod catching_up;
mod compression;
mod damage;
mod durability;
mod frames;
mod full;
mod full_house;
mod handshake;
mod limits;
mod log;
mod matrix;
mod metrics;
mod names;
mod nodes;
mod own_account;
mod own_rooms;
mod people;
mod persons;
mod place;
mod plain;
mod requests;
mod rights;
mod room_list;
mod settings;
mod sign_up;
mod stopping;
mod unfinished;
mod untaken;

use papo_testing::{Server, ServerBuilder};

/// The binary under test, not yet started.
fn papo() -> ServerBuilder {
    ServerBuilder::new(env!("CARGO_BIN_EXE_papo"))
}

/// A server in a new folder, with the rooms 1, 2 and 3.
fn start() -> Server {
    papo().start().unwrap()
}
