//! Papo's types and rules: rooms, messages, names and events of the log.
//!
//! This crate is pure: nothing here does I/O, waits, or reads a clock or a random source. Every
//! other crate uses this one; it uses none of them. Strings from outside become these types once,
//! at the edge. A value of such a type is always valid.

mod accent;
mod account;
mod audit;
mod device;
mod emoji;
mod event;
mod ids;
mod level;
mod likeness;
mod message;
mod person_settings;
mod place;
mod relay_key;
mod rights;
mod room;
mod session;
mod text;
mod timestamp;
mod unseen;
mod username;

pub use accent::{Accent, Colour, Palette, Tones};
pub use account::{Account, AccountId, AccountName, AccountNameError, Mark};
pub use audit::{
    AuditAccount, AuditAct, AuditEntry, AuditId, AuditPerson, AuditRoom, PlaceSetting,
    SettingChange,
};
pub use device::{DEVICE_CHARACTERS, DeviceText};
pub use emoji::{Emoji, EmojiError};
pub use event::{
    Event, EventClass, EventKind, Posted, Reacted, RoomState, StoredEvent, StoredEventError,
};
pub use ids::{ClientId, Epoch, IdError, PersonId, RoomId, Seq, SessionId};
pub use level::Level;
pub use likeness::{Likeness, skeleton};
pub use message::{Message, UNREAD_MESSAGES};
pub use person_settings::{Hours, PersonSettings, SETTINGS_BYTES, Theme, ZoneName, ZoneNameError};
pub use place::{
    FirstRooms, Place, PlaceError, PlaceLanguage, PlaceName, RoomMakers, SignUp, WelcomeText,
};
pub use relay_key::RelayKey;
pub use rights::{Denial, Right, Role, RoomTerms};
pub use room::{
    MemberRole, Room, RoomDescription, RoomDescriptionError, RoomKind, RoomName, RoomNameError,
    RoomOverview, direct_name,
};
pub use session::SESSION_LIFETIME;
pub use text::{MESSAGE_CHARACTERS, MessageText, MessageTextError};
pub use timestamp::Timestamp;
pub use username::{USERNAME_BYTES, USERNAME_GRAPHEMES, Username, UsernameError};
