//! The place: what its administrators decide for everybody who talks in it.

use crate::RoomId;

/// The settings of the whole place. Administrators change them while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name, as in titles and on the first page. Empty until somebody gives it one.
    pub name: String,
    /// What newcomers read on the first page; may be empty.
    pub welcome: String,
    /// The accent colour, as 0xRRGGBB. `None` is Papo's own.
    pub accent: Option<u32>,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether people without an account may join public rooms.
    pub admits_guests: bool,
    /// Who may make rooms.
    pub room_makers: RoomMakers,
    /// The rooms that each new account joins.
    pub first_rooms: Vec<RoomId>,
    /// The language of readers whose browser asks for none of ours, as a BCP 47 tag.
    pub language: Option<String>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SignUp {
    /// Everybody.
    #[default]
    Open,
    /// Those who follow an invitation.
    Invited,
    /// Nobody; administrators make accounts.
    Closed,
}

/// Who may make rooms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RoomMakers {
    /// Everybody with an account.
    #[default]
    Accounts,
    /// Administrators.
    Administrators,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            name: String::new(),
            welcome: String::new(),
            accent: None,
            sign_up: SignUp::default(),
            admits_guests: true,
            room_makers: RoomMakers::default(),
            first_rooms: Vec::new(),
            language: None,
        }
    }
}
