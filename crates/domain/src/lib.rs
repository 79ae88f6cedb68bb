//! Papo's vocabulary and rules: what a room, a message, a name and an event of the log are.
//!
//! Pure: nothing here does I/O, waits, or reads a clock or a random source. Every other crate
//! builds on this one, and this one on none of them. Strings that come from outside become
//! these types once, at the edge; past it a value of the type is a valid one.

mod account;
mod event;
mod ids;
mod likeness;
mod message;
mod relay_key;
mod room;
mod text;
mod timestamp;
mod unseen;
mod username;

pub use account::{Account, AccountId, AccountName, AccountNameError, Mark};
pub use event::{Event, EventClass, EventKind, Posted, RoomState, StoredEvent, StoredEventError};
pub use ids::{ClientId, Epoch, IdError, PersonId, RoomId, Seq, SessionId};
pub use likeness::{Likeness, skeleton};
pub use message::Message;
pub use relay_key::RelayKey;
pub use room::{
    Room, RoomDescription, RoomDescriptionError, RoomName, RoomNameError, RoomOverview,
};
pub use text::{MESSAGE_CHARACTERS, MessageText, MessageTextError};
pub use timestamp::Timestamp;
pub use username::{USERNAME_BYTES, USERNAME_GRAPHEMES, Username, UsernameError};
