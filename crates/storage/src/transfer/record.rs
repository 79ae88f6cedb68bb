//! The records of an instance: its rows, the same from every database.
//!
//! Each table has its one description here: the columns, the key and the rules for a row.
//! `sqlite/tables.rs` and `postgres/tables.rs` make their statements from it.
//!
//! Records leave out what only serves one database (folded texts, skeletons, the time of a log's
//! end). The intake computes it. Their encoding by `postcard` is canonical: checksums cover it, and
//! archives consist of it. So tables and columns are never reordered, and changing them needs a new
//! version of archives.

use std::fmt;

use papo_domain::{
    AccountName, DEVICE_CHARACTERS, Event, EventKind, Likeness, SETTINGS_BYTES, USERNAME_BYTES,
    skeleton,
};
use serde::{Deserialize, Serialize};

use super::rows::{ChangeRow, EventRow, InstanceRow};
use super::rules::{
    self, LARGEST_ID, Rules, position, room_kind, room_state, same, time, username,
};
use super::table::{Cell, Cells, Column, Description, Origin, Value, tables};
use crate::fold::fold;
use crate::place::{from_stored, to_stored};
use crate::{JOB_PAYLOAD_BYTES, StorageError, StoredPassword, TokenHash};

/// Bytes of a password's hash; that of Argon2id has 97.
const PASSWORD_BYTES: usize = 512;
/// Bytes of the longest code of an act.
const AUDIT_ACT_BYTES: usize = 64;
/// Bytes of the longest act. The settings of the place change in fewer.
const AUDIT_DETAIL_BYTES: usize = 16_384;

/// The key that orders a table's rows. The second number is 0 if the key has one column.
pub type Key = [i64; 2];

tables! {
    /// Somebody who has a session or an account.
    Person(PersonRow) in person by (id) {
        /// Their number, its 64 bits as they are.
        id: i64,
        /// The name last used.
        last_username: Option<String>,
        /// When they came.
        created_at: i64,
        /// What they have set, as JSON.
        settings: String,
    }

    /// An account.
    Account(AccountRow) in account by (id) {
        /// Its number.
        id: i64,
        /// Its person.
        person_id: i64,
        /// The name to sign in with.
        name: String,
        /// The password's hash.
        password: StoredPassword,
        /// May open `/admin/`.
        is_admin: bool,
        /// Can't sign in.
        is_suspended: bool,
        /// Milliseconds since 1970, as all times here.
        created_at: i64,
    }
    made {
        skeleton: String = |row| Value::Text(skeleton(&row.name).into()),
    }
    for postgres {
        name_key: String = |row| Value::Text(fold(&row.name)),
    }

    /// A room.
    Room(RoomRow) in room by (id) {
        /// Its number.
        id: i64,
        /// Its name.
        name: String,
        /// What it is about.
        description: String,
        /// People see and may enter it.
        is_active: bool,
        /// When it was made.
        created_at: i64,
        /// The end of its log.
        last_seq: i64,
        /// When its last message was posted.
        last_activity: Option<i64>,
        /// Who sees it, as [`papo_domain::RoomKind::code`] says.
        kind: i16,
        /// Only moderators post in it.
        is_announcement: bool,
        /// The people of a direct room.
        direct_key: Option<String>,
    }
    made {
        name_key: String = |row| Value::Text(fold(&row.name)),
        // A log's time is that of its last event, which comes later.
        last_at: i64 = |row| Value::Integer(row.created_at),
    }
    for postgres {
        description_folded: String = |row| Value::Text(fold(&row.description)),
    }

    /// A session.
    Session(SessionRow) in session by (id) {
        /// Its number.
        id: i64,
        /// The hash of what the cookie carries.
        token: TokenHash,
        /// Whose.
        person_id: i64,
        /// When it was last used, in the time of service.
        last_used: i64,
        /// When it was made.
        created_at: i64,
        /// What its device is.
        device: String,
    }

    /// That a person is in a room.
    Membership(MembershipRow) in membership by (person_id, room_id) {
        /// Who.
        person_id: i64,
        /// Which room.
        room_id: i64,
        /// Under which name.
        username: String,
        /// Since when.
        joined_at: i64,
        /// 0 a member, 1 a moderator.
        role: i16,
        /// The last event that was read.
        read_seq: i64,
        /// How often messages were marked as unread.
        read_version: i64,
        /// What the person is notified of: 0 everything, 1 mentions, 2 nothing, 3 hidden.
        level: i16,
    }
    made {
        likeness: String = |row| Value::Text(Likeness::of(&row.username).text().into()),
    }

    /// A job. Leases aren't moved: no node of the target has any. A job that runs at this moment
    /// is due there when its lease would end.
    Job(JobRow) in job by (id) {
        /// Its number.
        id: i64,
        /// Its queue.
        queue: String,
        /// What distinguishes it from the other jobs of its queue.
        key: String,
        /// What it works on, as JSON.
        payload: String,
        /// 0 waiting, 1 done, 2 dead.
        state: i16,
        /// When it is due, or is forgotten, in the time of service.
        due_at: i64,
        /// How often it was taken.
        attempts: i64,
        /// Why it failed last.
        last_error: Option<String>,
    }

    /// A one-time link for another password.
    PasswordLink(PasswordLinkRow) in password_link by (account_id) {
        /// Whose password.
        account_id: i64,
        /// The hash of what the link carries.
        token: TokenHash,
        /// Until when it holds, in the time of service.
        until: i64,
    }

    /// The settings of the place, unless they are the default ones.
    Place(PlaceRow) in place by (id) {
        /// 1.
        id: i64,
        /// How often they were changed.
        version: i64,
        /// The JSON of `Place` in the domain.
        settings: String,
    }

    /// What an administrator or a moderator did.
    Audit(AuditRow) in audit by (id) {
        /// Its number.
        id: i64,
        /// When.
        at: i64,
        /// The same in the time of service.
        served: i64,
        /// Who; nobody for a command.
        person_id: Option<i64>,
        /// The name of their account then.
        name: String,
        /// The act's code.
        act: String,
        /// The JSON of `AuditAct` in the domain.
        detail: String,
    }

    /// That a person is kept out of a room.
    Ban(BanRow) in ban by (room_id, person_id) {
        /// Which room.
        room_id: i64,
        /// Who.
        person_id: i64,
        /// The name that they had.
        username: String,
        /// Since when.
        at: i64,
    }

    /// A link by which people join a room.
    Invitation(InvitationRow) in invitation by (id) {
        /// Its number.
        id: i64,
        /// The hash of its secret.
        token: TokenHash,
        /// The room.
        room_id: i64,
        /// When it was made.
        created_at: i64,
        /// When it ends, in the time of service.
        expires_at: i64,
        /// How often it can still be used.
        uses_left: i64,
    }
}

impl fmt::Display for Table {
    /// The name of its rows, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.description().name.replace('_', " "))
    }
}

impl PersonRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        self.last_username.as_deref().map_or(Ok(()), username)?;
        // A damaged byte may show as three.
        if self.settings.len() > 3 * SETTINGS_BYTES {
            return Err("its settings are too long".into());
        }
        time(self.created_at)
    }
}

impl AccountRow {
    fn check(&self, rules: &mut Rules) -> Result<(), String> {
        rules.account_number(self.id)?;
        same(&self.name, AccountName::parse(&self.name))?;
        rules.claim_name(&self.name, self.id)?;
        if self.password.0.len() > PASSWORD_BYTES {
            return Err("the password's hash is too long".into());
        }
        time(self.created_at)
    }
}

impl RoomRow {
    fn check(&self, rules: &mut Rules) -> Result<(), String> {
        rules.room_number(self.id)?;
        room_state(&self.name, &self.description)?;
        room_kind(self.kind, self.direct_key.as_deref())?;
        time(self.created_at)?;
        self.last_activity.map_or(Ok(()), time)
    }
}

impl SessionRow {
    fn check(&self, rules: &mut Rules) -> Result<(), String> {
        rules.session_number(self.id)?;
        if self.device.chars().count() > 3 * DEVICE_CHARACTERS {
            return Err("the text of its device is too long".into());
        }
        time(self.last_used)?;
        time(self.created_at)
    }
}

impl MembershipRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        username(&self.username)?;
        position(self.read_seq, self.read_version)?;
        time(self.joined_at)
    }
}

impl BanRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        username(&self.username)?;
        time(self.at)
    }
}

impl InvitationRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        if !(1..=LARGEST_ID).contains(&self.id) {
            return Err("its number is none".into());
        }
        if !(0..=i64::from(u32::MAX)).contains(&self.uses_left) {
            return Err(format!("no invitation has {} uses", self.uses_left));
        }
        time(self.created_at)?;
        time(self.expires_at)
    }
}

impl JobRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        if !(1..=LARGEST_ID).contains(&self.id) {
            return Err("its number is none".into());
        }
        let texts = [&self.queue, &self.key, &self.payload];
        let mut texts = texts.into_iter().chain(&self.last_error);
        // A damaged byte may show as three.
        if texts.any(|text| text.len() > 3 * JOB_PAYLOAD_BYTES) {
            return Err("a text of it is too long".into());
        }
        if !(0..=2).contains(&self.state) {
            return Err(format!("there is no state {}", self.state));
        }
        if !(0..=i64::from(u32::MAX)).contains(&self.attempts) {
            return Err(format!("no job was taken {} times", self.attempts));
        }
        time(self.due_at)
    }
}

impl PasswordLinkRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        time(self.until)
    }
}

impl PlaceRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        if self.id != 1 || !(1..=LARGEST_ID).contains(&self.version) {
            return Err("its number or version is none".into());
        }
        let place = from_stored(&self.settings).map_err(|error| error.to_string())?;
        if to_stored(&place) == self.settings {
            Ok(())
        } else {
            Err("the settings aren't as Papo stores them".into())
        }
    }
}

impl AuditRow {
    fn check(&self, _: &mut Rules) -> Result<(), String> {
        if !(1..=LARGEST_ID).contains(&self.id) {
            return Err("its number is none".into());
        }
        let texts = [
            (&self.name, USERNAME_BYTES),
            (&self.act, AUDIT_ACT_BYTES),
            (&self.detail, AUDIT_DETAIL_BYTES),
        ];
        // A damaged byte may show as three.
        if texts.iter().any(|(text, most)| text.len() > 3 * most) {
            return Err("a text of it is too long".into());
        }
        time(self.served)?;
        time(self.at)
    }
}

impl Record {
    /// Bytes of the message's text, the only large part of a record.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Event(EventRow {
                change: ChangeRow::Posted(message),
                ..
            }) => message.content.as_deref().map_or(0, str::len),
            _ => 0,
        }
    }

    /// Appends the canonical encoding.
    pub(crate) fn encode(&self, bytes: Vec<u8>) -> Result<Vec<u8>, StorageError> {
        let encoded = postcard::to_extend(self, bytes);
        encoded.map_err(|error| StorageError::Other(format!("a record can't be encoded: {error}")))
    }
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        let change = match event.kind {
            EventKind::Posted(posted) => ChangeRow::Posted(posted.into()),
            other => other.to_stored().into(),
        };
        Self::Event(EventRow {
            room: event.room.0,
            seq: event.seq.0,
            at: event.timestamp.as_millis(),
            change,
        })
    }
}
