//! The audit: what administrators and moderators did.

use serde::{Deserialize, Serialize};

use crate::{Accent, AccountId, PersonId, Place, PlaceLanguage, RoomId, Seq, Timestamp};

/// How many characters of a setting an entry keeps.
const SETTING_CHARACTERS: usize = 80;

/// The number of an entry, in the order of the commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(pub i64);

/// An entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it; `None` for a command, and for the program itself.
    pub by: Option<AuditPerson>,
    /// What was done; `None` when the disk has damaged it.
    pub act: Option<AuditAct>,
}

/// A person in the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPerson {
    /// The person, who may be gone.
    pub person: PersonId,
    /// The name of their account then.
    pub name: String,
}

/// What was done, and to whom or what. The names are those of then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum AuditAct {
    /// Settings of the place were changed.
    PlaceSet {
        /// Which, from what and to what.
        changes: Vec<SettingChange>,
    },
    /// A room was made.
    RoomMade(AuditRoom),
    /// A room's name or description was changed.
    RoomSet(AuditRoom),
    /// A room was opened.
    RoomOpened(AuditRoom),
    /// A room was closed.
    RoomClosed(AuditRoom),
    /// Somebody else's message was deleted.
    MessageDeleted {
        /// The room.
        room: i64,
        /// The event that posted it.
        seq: i64,
        /// The name under which it was posted.
        username: String,
    },
    /// An account was made.
    AccountMade(AuditAccount),
    /// An account got another password.
    PasswordSet(AuditAccount),
    /// All sessions of an account were ended.
    SessionsEnded(AuditAccount),
    /// An account was suspended.
    AccountSuspended(AuditAccount),
    /// A suspended account was restored.
    AccountRestored(AuditAccount),
    /// An account was removed.
    AccountRemoved(AuditAccount),
    /// An account got the right to administer.
    AdministratorMade(AuditAccount),
    /// An account lost the right to administer.
    AdministratorUnmade(AuditAccount),
}

/// A room in the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRoom {
    /// Its number.
    pub room: i64,
    /// Its name, after the act.
    pub name: String,
}

/// An account in the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditAccount {
    /// Its number.
    pub account: i64,
    /// Its name.
    pub name: String,
}

/// A setting of the place that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// Which.
    pub setting: PlaceSetting,
    /// Its value before, shortened.
    pub from: String,
    /// Its value since, shortened.
    pub to: String,
}

/// A setting of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceSetting {
    /// Its name.
    Name,
    /// The welcome.
    Welcome,
    /// The accent colour.
    Accent,
    /// Who may make an account.
    SignUp,
    /// Whether guests may join.
    Guests,
    /// Who may make rooms.
    RoomMakers,
    /// The rooms that a new account joins.
    FirstRooms,
    /// The language.
    Language,
}

impl AuditAct {
    /// The codes of all acts, in the order of their names here.
    pub const CODES: [&'static str; 14] = [
        "place-set",
        "room-made",
        "room-set",
        "room-opened",
        "room-closed",
        "message-deleted",
        "account-made",
        "password-set",
        "sessions-ended",
        "account-suspended",
        "account-restored",
        "account-removed",
        "administrator-made",
        "administrator-unmade",
    ];

    /// The act's code, in the database and in queries.
    pub const fn code(&self) -> &'static str {
        Self::CODES[match self {
            Self::PlaceSet { .. } => 0,
            Self::RoomMade(_) => 1,
            Self::RoomSet(_) => 2,
            Self::RoomOpened(_) => 3,
            Self::RoomClosed(_) => 4,
            Self::MessageDeleted { .. } => 5,
            Self::AccountMade(_) => 6,
            Self::PasswordSet(_) => 7,
            Self::SessionsEnded(_) => 8,
            Self::AccountSuspended(_) => 9,
            Self::AccountRestored(_) => 10,
            Self::AccountRemoved(_) => 11,
            Self::AdministratorMade(_) => 12,
            Self::AdministratorUnmade(_) => 13,
        }]
    }

    /// The act as a database stores it, beside its code.
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).expect("an act has string keys and no fallible parts")
    }

    /// The act that a database stores.
    pub fn from_stored(detail: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(detail)
    }

    /// That a message was deleted.
    pub fn message_deleted(room: RoomId, seq: Seq, username: &str) -> Self {
        Self::MessageDeleted {
            room: room.0,
            seq: seq.0,
            username: username.to_owned(),
        }
    }

    /// To whom or what it was done, for people: a name, or a number.
    pub fn target(&self) -> &str {
        match self {
            Self::PlaceSet { .. } => "",
            Self::RoomMade(room)
            | Self::RoomSet(room)
            | Self::RoomOpened(room)
            | Self::RoomClosed(room) => &room.name,
            Self::MessageDeleted { username, .. } => username,
            Self::AccountMade(account)
            | Self::PasswordSet(account)
            | Self::SessionsEnded(account)
            | Self::AccountSuspended(account)
            | Self::AccountRestored(account)
            | Self::AccountRemoved(account)
            | Self::AdministratorMade(account)
            | Self::AdministratorUnmade(account) => &account.name,
        }
    }
}

impl AuditRoom {
    /// A room and its name.
    pub fn new(room: RoomId, name: &str) -> Self {
        Self {
            room: room.0,
            name: name.to_owned(),
        }
    }
}

impl AuditAccount {
    /// An account and its name.
    pub fn new(account: AccountId, name: &str) -> Self {
        Self {
            account: account.0,
            name: name.to_owned(),
        }
    }
}

impl PlaceSetting {
    /// Its name, as on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Welcome => "welcome",
            Self::Accent => "accent",
            Self::SignUp => "sign-up",
            Self::Guests => "guests",
            Self::RoomMakers => "room-makers",
            Self::FirstRooms => "first-rooms",
            Self::Language => "language",
        }
    }
}

impl SettingChange {
    /// What differs between two settings of the place.
    pub fn between(before: &Place, after: &Place) -> Vec<Self> {
        let values = |place: &Place| {
            let accent = place.accent.as_ref().map(Accent::to_string);
            let rooms = place.first_rooms.as_slice().iter();
            let rooms: Vec<_> = rooms.map(RoomId::to_string).collect();
            [
                (PlaceSetting::Name, place.name.to_string()),
                (PlaceSetting::Welcome, place.welcome.to_string()),
                (PlaceSetting::Accent, accent.unwrap_or_default()),
                (PlaceSetting::SignUp, place.sign_up.as_str().to_owned()),
                (
                    PlaceSetting::Guests,
                    if place.admits_guests { "on" } else { "off" }.to_owned(),
                ),
                (
                    PlaceSetting::RoomMakers,
                    place.room_makers.as_str().to_owned(),
                ),
                (PlaceSetting::FirstRooms, rooms.join(", ")),
                (
                    PlaceSetting::Language,
                    place.language.map_or("", PlaceLanguage::code).to_owned(),
                ),
            ]
        };
        let pairs = values(before).into_iter().zip(values(after));
        let changes = pairs.filter(|(before, after)| before != after);
        let changes = changes.map(|((setting, from), (_, to))| Self {
            setting,
            from: shortened(&from),
            to: shortened(&to),
        });
        changes.collect()
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SETTING_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlaceName;

    #[test]
    fn each_act_is_stored_under_its_code() {
        let room = AuditRoom::new(RoomId(4), "Quintal");
        let account = AuditAccount::new(AccountId(7), "Ana");
        let changes = vec![];
        let acts = [
            AuditAct::PlaceSet { changes },
            AuditAct::RoomMade(room.clone()),
            AuditAct::RoomSet(room.clone()),
            AuditAct::RoomOpened(room.clone()),
            AuditAct::RoomClosed(room),
            AuditAct::message_deleted(RoomId(1), Seq(9), "Bia"),
            AuditAct::AccountMade(account.clone()),
            AuditAct::PasswordSet(account.clone()),
            AuditAct::SessionsEnded(account.clone()),
            AuditAct::AccountSuspended(account.clone()),
            AuditAct::AccountRestored(account.clone()),
            AuditAct::AccountRemoved(account.clone()),
            AuditAct::AdministratorMade(account.clone()),
            AuditAct::AdministratorUnmade(account),
        ];
        for (act, code) in acts.iter().zip(AuditAct::CODES) {
            assert_eq!(act.code(), code);
            let stored = act.to_stored();
            assert!(
                stored.starts_with(&format!(r#"{{"act":"{code}""#)),
                "{stored}"
            );
            assert_eq!(&AuditAct::from_stored(&stored).unwrap(), act);
        }
        assert!(AuditAct::from_stored(r#"{"act":"other"}"#).is_err());
    }

    #[test]
    fn only_what_differs_is_a_change_and_long_texts_are_shortened() {
        let before = Place::default();
        assert_eq!(SettingChange::between(&before, &before), []);
        let after = Place {
            name: PlaceName::parse("Escola Sol").unwrap(),
            welcome: crate::WelcomeText::parse(&"ç".repeat(81)).unwrap(),
            admits_guests: false,
            ..before.clone()
        };
        let changes = SettingChange::between(&before, &after);
        let found: Vec<_> = changes
            .iter()
            .map(|change| (change.setting, change.from.as_str(), change.to.as_str()))
            .collect();
        let welcome = format!("{}…", "ç".repeat(80));
        let expected = [
            (PlaceSetting::Name, "", "Escola Sol"),
            (PlaceSetting::Welcome, "", welcome.as_str()),
            (PlaceSetting::Guests, "on", "off"),
        ];
        assert_eq!(found, expected);
    }
}
